/** What the page says about the model that is chosen. */

import { byId, element, percent } from "./dom.js";

/** @typedef {import("./api.js").ModelInfo} ModelInfo */

const description = byId("description", HTMLParagraphElement);
/** For a model that does not say what it is for. */
const GREETING = description.textContent ?? "";
/** Up to a full stop behind a word: "e.g." ends no sentence, and neither does what goes on in lower case. */
const FIRST_SENTENCE = /^.*?[^\s.]{3,}[.!?](?=\s+[\p{Lu}\p{Lo}])/su;

/** @param {ModelInfo} model */
export function describe(model) {
  const title = titleOf(model.name);
  document.title = title;
  byId("title", HTMLHeadingElement).textContent = title;
  // The first sentence says what it is for; how it was made is for the model card.
  const [purpose] = FIRST_SENTENCE.exec(model.description) ?? [model.description];
  description.textContent = purpose.trim() || GREETING;
  byId("version", HTMLSpanElement).textContent = `Model ${model.name}, version ${model.version}.`;
  const items = model.labels.map((label) =>
    element("div", { dir: "auto" }, element("dt", {}, label.title), element("dd", {}, label.description)),
  );
  byId("labels", HTMLDListElement).replaceChildren(...items);
  byId("quality", HTMLParagraphElement).textContent = model.quality ? trackRecord(model.quality) : "";
  byId("about", HTMLElement).hidden = false;
}

// These photos have chosen the threshold, and more.
const LESS = "expect a little less of new ones";

/** @param {NonNullable<ModelInfo["quality"]>} quality */
function trackRecord({ photos, people, coverage, accuracy, accuracy_when_certain: right }) {
  // Where nobody said who is in which photo, each photo counts as a person.
  const seen = people === photos ? `${photos} photos` : `${people} people`;
  if (coverage !== null && right !== null) {
    return `Tried on ${seen} it had not seen, it was sure of ${percent(coverage)} of the photos, and right about ${percent(right)} of those; ${LESS}.`;
  }
  return accuracy.value === null ? "" : `Tried on ${seen} it had not seen, it was right about ${percent(accuracy.value)}; ${LESS}.`;
}

/** @param {string} name for instance `eye-shape` */
export function titleOf(name) {
  const words = name.replaceAll(/[-_]+/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
