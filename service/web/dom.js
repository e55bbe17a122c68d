/** Small helpers to build the page; text only ever enters it as text. */

/**
 * Create an element; a property that the element does not have becomes an attribute.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) Object.assign(node, { [name]: value });
    else node.setAttribute(name, String(value));
  }
  node.append(...children);
  return node;
}

/**
 * The element of that id and type; throws where the page has none.
 * @template {HTMLElement} Type
 * @param {string} id
 * @param {new () => Type} type
 * @returns {Type}
 */
export function byId(id, type) {
  const node = document.getElementById(id);
  if (!(node instanceof type)) throw new TypeError(`Expected ${type.name} #${id}.`);
  return node;
}

/**
 * A probability as people read it; certainty is never claimed by rounding.
 * @param {number} value 0 to 1
 * @returns {string}
 */
export function percent(value) {
  const rounded = Math.round(value * 100);
  if (rounded === 100 && value < 1) return "> 99 %";
  if (rounded === 0 && value > 0) return "< 1 %";
  return `${rounded} %`;
}

/**
 * What went wrong, with a button to try again where that can help.
 * @param {import("./failure.js").Failure} failure
 * @param {() => void} retry
 * @returns {DocumentFragment}
 */
export function explain(failure, retry) {
  const fragment = document.createDocumentFragment();
  fragment.append(element("p", {}, element("strong", {}, failure.title)));
  fragment.append(element("p", {}, failure.message));
  if (failure.requestId) fragment.append(element("p", { className: "hint" }, `Request ${failure.requestId}`));
  if (failure.retryable) {
    fragment.append(element("button", { type: "button", className: "quiet small", onclick: retry }, "Try again"));
  }
  return fragment;
}
