/**
 * The answer about one photo as part of the page.
 *
 * @typedef {import("./api.js").Answer} Answer
 * @typedef {import("./api.js").ModelInfo} ModelInfo
 * @typedef {import("../../clients/typescript/index.js").Box} Box
 * @typedef {import("../../clients/typescript/index.js").UnusableEye} UnusableEye
 * @typedef {import("../../clients/typescript/index.js").Classification & {evidence?: string | null}} Result
 *   `evidence` is a PNG as data URL over the result's box; services may leave it out
 */

import { element, percent } from "./dom.js";

/** @type {Record<string, string>} */
const REGIONS = { left_eye: "Left eye", right_eye: "Right eye", whole: "Whole picture" };
/** @type {Record<string, string>} */
const SIDES = { left_eye: "Left", right_eye: "Right" };
const LOOK_PIXELS = 224;

/**
 * The answer in words, for screen readers.
 * @param {Answer} answer
 * @returns {string}
 */
export function inWords(answer) {
  const several = facesOf(answer) > 1;
  const sentences = inOrder(answer).map((looked) => {
    const name = nameOf(looked, several);
    if (!("label" in looked)) return `${name}: ${looked.detail}`;
    return `${name}: ${looked.certain ? `${looked.title}, ${percent(looked.confidence)}` : "not sure"}.`;
  });
  return sentences.join(" ");
}

/**
 * Face by face, from left to right as the photo shows them.
 * @param {Answer} answer
 * @returns {(Result | UnusableEye)[]}
 */
function inOrder(answer) {
  const all = [...answer.results, ...(answer.unusable ?? [])];
  return all.sort((a, b) => (a.face ?? 0) - (b.face ?? 0) || a.box.left - b.box.left);
}

/**
 * Frames on the photo, around what was looked at.
 * @param {Answer} answer
 * @returns {HTMLElement[]}
 */
export function frames(answer) {
  const { width, height } = answer.image;
  return inOrder(answer).map(({ region, box }) => {
    const side = SIDES[region];
    const frame = element("div", { className: `box ${side?.toLowerCase() ?? "faint"}`, "aria-hidden": "true" });
    if (side) frame.append(element("span", {}, side));
    frame.style.left = `${(100 * box.left) / width}%`;
    frame.style.top = `${(100 * box.top) / height}%`;
    frame.style.width = `${(100 * box.width) / width}%`;
    frame.style.height = `${(100 * box.height) / height}%`;
    return frame;
  });
}

/**
 * Everything that was said about one photo.
 * @param {Answer} answer
 * @param {ModelInfo | undefined} model
 * @param {HTMLImageElement} photo decoded
 * @param {boolean} open whether the bars of all classes show at once
 * @returns {HTMLElement}
 */
export function answerNode(answer, model, photo, open) {
  const several = facesOf(answer) > 1;
  const titles = new Map(model?.labels.map((label) => [label.id, label.title]));
  const node = element("div", { className: "answers" });
  for (const looked of inOrder(answer)) {
    const look = lookNode(photo, answer, looked);
    const name = nameOf(looked, several);
    node.append("label" in looked ? resultNode(looked, name, titles, look, open) : unusableNode(looked, name, look));
  }
  return hasEvidence(answer) ? withEvidenceSwitch(node) : node;
}

/**
 * @param {Result} result
 * @param {string} name
 * @param {Map<string, string>} titles
 * @param {HTMLElement} look
 * @param {boolean} open
 */
function resultNode(result, name, titles, look, open) {
  const section = element("section", { className: "answer" }, headerNode(name, verdict(result), look));
  if (result.certain) section.append(element("p", {}, result.description));
  else section.append(element("p", {}, `Closest is ${result.title}, but too close to call.`));
  if (result.advice?.length) {
    const items = result.advice.map((advice) => element("li", {}, advice.message));
    section.append(element("ul", { className: "advice" }, ...items));
  }
  const summary = element("summary", {}, "All classes");
  section.append(element("details", { open }, summary, bars(result, titles)));
  if (result.certain && result.tutorial_url) section.append(tutorialLink(result.title, result.tutorial_url));
  return section;
}

/** @param {Result} result */
function verdict(result) {
  if (!result.certain) return element("p", { className: "verdict" }, "Not sure");
  const sure = element("small", {}, percent(result.confidence));
  return element("p", { className: "verdict" }, `${result.title} `, sure);
}

/**
 * @param {UnusableEye} eye
 * @param {string} name
 * @param {HTMLElement} look
 */
function unusableNode(eye, name, look) {
  const said = element("p", { className: "verdict" }, "No answer");
  return element("section", { className: "answer" }, headerNode(name, said, look), element("p", {}, eye.detail));
}

/**
 * @param {string} name
 * @param {HTMLElement} said
 * @param {HTMLElement} look
 */
function headerNode(name, said, look) {
  return element("header", {}, look, element("div", {}, element("h4", {}, name), said));
}

/**
 * @param {Result} result
 * @param {Map<string, string>} titles
 */
function bars(result, titles) {
  const ranked = Object.entries(result.probabilities).sort(([, a], [, b]) => b - a);
  const cells = ranked.flatMap(([id, value]) => {
    const title = titles.get(id) ?? id;
    const bar = element("progress", { value, max: 1, "aria-label": title });
    return [element("span", {}, title), bar, element("span", {}, percent(value))];
  });
  return element("div", { className: "bars" }, ...cells);
}

/**
 * @param {string} title
 * @param {string} href
 */
function tutorialLink(title, href) {
  const link = element("a", { href, target: "_blank", rel: "noopener noreferrer" }, `Tutorials for ${title}`);
  link.append(element("span", { className: "hidden-text" }, " (opens in a new tab)"));
  return link;
}

/**
 * The region enlarged, with the evidence map over it where there is one.
 * @param {HTMLImageElement} photo
 * @param {Answer} answer
 * @param {{box: Box, evidence?: string | null}} looked a result may carry evidence
 */
function lookNode(photo, answer, { box, evidence }) {
  const canvas = element("canvas", { width: LOOK_PIXELS, height: LOOK_PIXELS, "aria-hidden": "true" });
  const across = photo.naturalWidth / answer.image.width;
  const down = photo.naturalHeight / answer.image.height;
  const source = [box.left * across, box.top * down, box.width * across, box.height * down];
  if (photo.naturalWidth > 0) {
    const [left = 0, top = 0, width = 0, height = 0] = source;
    canvas.getContext("2d")?.drawImage(photo, left, top, width, height, 0, 0, LOOK_PIXELS, LOOK_PIXELS);
  }
  const node = element("div", { className: "look" }, canvas);
  if (evidence) node.append(element("img", { src: evidence, alt: "What spoke for the answer", hidden: true }));
  return node;
}

/** @param {Answer} answer */
function hasEvidence(answer) {
  return answer.results.some((/** @type {Result} */ result) => result.evidence);
}

/** @param {HTMLElement} node */
function withEvidenceSwitch(node) {
  const box = element("input", { type: "checkbox", role: "switch" });
  box.addEventListener("change", () => {
    for (const map of node.querySelectorAll("img")) map.hidden = !box.checked;
  });
  node.prepend(element("label", { className: "switch" }, box, "Show what spoke for it"));
  return node;
}

/**
 * @param {{region: string, face?: number | null}} looked
 * @param {boolean} several
 */
function nameOf({ region, face }, several) {
  const name = REGIONS[region] ?? region;
  return several && face != null ? `Face ${face + 1}, ${name.toLowerCase()}` : name;
}

/** @param {Answer} answer */
function facesOf(answer) {
  return new Set(inOrder(answer).map(({ face }) => face)).size;
}
