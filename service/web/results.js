/**
 * The answer about one photo as part of the page.
 *
 * @typedef {import("./api.js").Answer} Answer
 * @typedef {import("./api.js").ModelInfo} ModelInfo
 * @typedef {import("../../clients/typescript/index.js").Box} Box
 * @typedef {import("../../clients/typescript/index.js").Classification} Result
 * @typedef {import("../../clients/typescript/index.js").Person} Person
 * @typedef {import("../../clients/typescript/index.js").UnusableEye} UnusableEye
 * @typedef {{person: Person, advice: string[]}} Pair both eyes of a face, and what both are told
 */

import { element, percent } from "./dom.js";
import { BOTH_EYES, inOrder, naming, pairs } from "./regions.js";

/** An evidence map. */
const EVIDENCE = "img";
const LOOK_PIXELS = 224;

/**
 * Everything that was said about one photo.
 * @param {Answer} answer
 * @param {ModelInfo} model that answered
 * @param {HTMLImageElement} photo decoded, or without pixels where the browser cannot show it
 * @param {boolean} open whether the bars of all classes show at once
 * @returns {HTMLElement}
 */
export function answerNode(answer, model, photo, open) {
  const nameOf = naming(answer, model);
  const node = element("div", { className: "answers" });
  const waiting = pairs(answer);
  /** @type {Pair | undefined} */
  let pair;
  for (const looked of inOrder(answer)) {
    const [person] = waiting;
    if (person && person.face === looked.face) {
      waiting.shift();
      pair = { person, advice: sharedAdvice(answer, person) };
      node.append(pairNode(pair, nameOf({ ...person, region: BOTH_EYES }), model, open));
    }
    const looks = lookNodes(photo, answer, looked);
    const name = nameOf(looked);
    if (!("label" in looked)) node.append(unusableNode(looked, name, looks));
    else node.append(resultNode(looked, headerNode(name, verdict(looked), looks), model, { open, pair }));
  }
  return node.querySelector(EVIDENCE) ? withEvidenceSwitch(node) : node;
}

/**
 * What every eye of the person is told, which then needs to be told only once.
 * @param {Answer} answer
 * @param {Person} person
 */
function sharedAdvice({ results }, { face, regions }) {
  const told = results
    .filter((result) => result.face === face && regions.includes(result.region))
    .map((result) => (result.advice ?? []).map(({ message }) => message));
  return (told[0] ?? []).filter((message) => told.every((messages) => messages.includes(message)));
}

/**
 * @param {Pair} pair
 * @param {string} name
 * @param {ModelInfo} model
 * @param {boolean} open
 */
function pairNode({ person, advice }, name, model, open) {
  const header = element("header", {}, element("div", {}, element("h4", {}, name), verdict(person)));
  const section = element("section", { className: "answer pair" }, header, meaning(person, model));
  section.append(...adviceNodes(advice), allClasses(person, model, open));
  if (person.certain && person.tutorial_url) section.append(tutorialLink(person.title, person.tutorial_url));
  return section;
}

/**
 * @param {Result} result
 * @param {HTMLElement} header
 * @param {ModelInfo} model
 * @param {{open: boolean, pair?: Pair}} context what both eyes of a face say is not said again
 */
function resultNode(result, header, model, { open, pair }) {
  const section = element("section", { className: "answer" }, header);
  const both = pair?.person.face === result.face ? pair : undefined;
  const isRepeated = both !== undefined && both.person.certain === result.certain && both.person.label === result.label;
  if (!isRepeated) section.append(meaning(result, model));
  const messages = (result.advice ?? []).map(({ message }) => message);
  section.append(...adviceNodes(messages.filter((message) => !both?.advice.includes(message))));
  section.append(allClasses(result, model, open && !both));
  if (result.certain && result.tutorial_url && !isRepeated) {
    section.append(tutorialLink(result.title, result.tutorial_url));
  }
  return section;
}

/**
 * What the class is or, where the model is not sure, what comes closest.
 * @param {Result | Person} result
 * @param {ModelInfo} model
 */
function meaning({ certain, confidence, description, title }, { threshold }) {
  if (certain) return element("p", { dir: "auto" }, description);
  // A confident answer can be unsure for another reason, which the advice gives.
  const why = confidence < threshold ? ", but too close to call" : "";
  return element("p", {}, "Closest is ", named(title), `${why}.`);
}

/**
 * @param {string[]} messages
 * @returns {HTMLElement[]} a list, or nothing where there is nothing to advise
 */
function adviceNodes(messages) {
  const items = messages.map((message) => element("li", {}, message));
  return items.length > 0 ? [element("ul", { className: "advice" }, ...items)] : [];
}

/**
 * @param {Result | Person} result
 * @param {ModelInfo} model
 * @param {boolean} open
 */
function allClasses(result, model, open) {
  return element("details", { open }, element("summary", {}, "All classes"), bars(result, model));
}

/**
 * The name of a class within a line: in a script that runs from right to left it takes no number along.
 * @param {string} title
 */
function named(title) {
  return element("bdi", {}, title);
}

/** @param {Result | Person} result */
function verdict(result) {
  if (!result.certain) return element("p", { className: "verdict" }, "Not sure");
  const sure = element("small", {}, percent(result.confidence));
  return element("p", { className: "verdict" }, named(result.title), " ", sure);
}

/**
 * @param {UnusableEye} eye
 * @param {string} name
 * @param {HTMLElement[]} looks
 */
function unusableNode(eye, name, looks) {
  const said = element("p", { className: "verdict" }, "No answer");
  return element("section", { className: "answer" }, headerNode(name, said, looks), element("p", {}, eye.detail));
}

/**
 * @param {string} name
 * @param {HTMLElement} said
 * @param {HTMLElement[]} looks the region enlarged
 */
function headerNode(name, said, looks) {
  return element("header", {}, ...looks, element("div", {}, element("h4", {}, name), said));
}

/**
 * @param {Result | Person} result
 * @param {ModelInfo} model
 */
function bars(result, { labels }) {
  const titles = new Map(labels.map(({ id, title }) => [id, title]));
  const ranked = Object.entries(result.probabilities).sort(([, a], [, b]) => b - a);
  const cells = ranked.flatMap(([id, value]) => {
    const title = titles.get(id) ?? id;
    const bar = element("progress", { value, max: 1, "aria-label": title });
    return [element("span", {}, named(title)), bar, element("span", {}, percent(value))];
  });
  return element("div", { className: "bars" }, ...cells);
}

/**
 * @param {string} title
 * @param {string} href
 */
function tutorialLink(title, href) {
  const link = element("a", { href, target: "_blank", rel: "noopener noreferrer" }, "Tutorials for ", named(title));
  link.append(element("span", { className: "hidden-text" }, " (opens in a new tab)"));
  return link;
}

/**
 * The region enlarged, with the evidence map over it where there is one; nothing of a photo that is not shown.
 * @param {HTMLImageElement} photo
 * @param {Answer} answer
 * @param {{box: Box, evidence?: string | null}} looked a result may carry evidence
 * @returns {HTMLElement[]}
 */
function lookNodes(photo, answer, { box, evidence }) {
  if (photo.naturalWidth === 0) return [];
  const canvas = element("canvas", { width: LOOK_PIXELS, height: LOOK_PIXELS, "aria-hidden": "true" });
  const across = photo.naturalWidth / answer.image.width;
  const down = photo.naturalHeight / answer.image.height;
  const source = [box.left * across, box.top * down, box.width * across, box.height * down];
  const [left = 0, top = 0, width = 0, height = 0] = source;
  canvas.getContext("2d")?.drawImage(photo, left, top, width, height, 0, 0, LOOK_PIXELS, LOOK_PIXELS);
  const node = element("div", { className: "look" }, canvas);
  if (evidence) node.append(element("img", { src: evidence, alt: "What spoke for the answer", hidden: true }));
  return [node];
}

/** @param {HTMLElement} node */
function withEvidenceSwitch(node) {
  const box = element("input", { type: "checkbox", role: "switch" });
  box.addEventListener("change", () => {
    for (const map of node.querySelectorAll(EVIDENCE)) map.hidden = !box.checked;
  });
  node.prepend(element("label", { className: "switch" }, box, "Show what spoke for it"));
  return node;
}
