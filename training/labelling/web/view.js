// From the server's state to the page.
import { byId, element, percent } from "./dom.js";

/** @typedef {"first" | "second" | "disputed"} Task */
/** @typedef {{ id: string, title: string, description: string, count: number, examples: string[] }} Label */
/** @typedef {{ file: string, suggestion: string | null, confidence: number | null }} Photo */
/** @typedef {{ other: string, photos: number, share: number, kappa: number | null }} Agreement */
/**
 * What a model's suggestions are worth so far; counts of photos.
 * @typedef {{ left: number, sure: number, suggested: number, right: number, sure_labelled: number,
 *   sure_right: number }} Saving
 */
/**
 * Everything the page shows; `undo` is the photo whose answer can be taken back, `pace` seconds per answer.
 * @typedef {{ folder: string, rater: string, task: Task, total: number, done: number, skipped: number,
 *   labels: Label[], photo: Photo | null, undo: string | null, pace: number | null, agreements: Agreement[],
 *   saving: Saving | null }} State
 */

/** @type {Record<Task, string>} */
const TASKS = {
  first: "",
  second: ": a second opinion, without seeing the first",
  disputed: ": settling what others disagree about",
};
/** @type {Record<Task, string>} */
const NOTHING = {
  first: "",
  second: "Nobody else has labelled a photo here yet.",
  disputed: "There is no photo that others disagree about.",
};

/**
 * @param {string} file
 * @returns {string} Where its picture is served.
 */
function address(file) {
  return `photos/${file.split("/").map(encodeURIComponent).join("/")}`;
}

/**
 * Say that a file shows nothing, and then why, unless another is shown by then.
 * @param {string} source
 */
async function explain(source) {
  const unreadable = byId("unreadable", HTMLParagraphElement);
  unreadable.textContent = "This file cannot be shown, so it gets no class. Skip it.";
  showSight(false);
  const response = await fetch(source).catch(() => null);
  if (response?.status !== 422) return;
  const { detail } = await response.json();
  if (byId("photo", HTMLImageElement).getAttribute("src") !== source) return;
  unreadable.textContent = `${detail} Skip it.`;
  say(unreadable.textContent);
}

/**
 * @param {number} seconds
 * @returns {string}
 */
function duration(seconds) {
  const minutes = Math.round(seconds / 60);
  if (minutes < 1) return "less than a minute";
  if (minutes < 90) return minutes === 1 ? "about a minute" : `about ${minutes} minutes`;
  return `about ${Math.round(minutes / 60)} hours`;
}

/** @param {string} text What a screen reader says. */
export function say(text) {
  byId("said", HTMLParagraphElement).textContent = text;
}

/** @param {string} text Why an answer was refused; empty where none was. */
export function showRefusal(text) {
  byId("refused", HTMLParagraphElement).hidden = !text;
  byId("refused", HTMLParagraphElement).textContent = text && `The last answer was not taken. ${text}`;
}

/** Whether the photo is to be seen: before that, and where it cannot be, nobody can know its class. */
export function isSeen() {
  return !byId("photo", HTMLImageElement).hidden;
}

/** @param {boolean} readable Whether the photo has come, or turned out to be none. */
function showSight(readable) {
  byId("photo", HTMLImageElement).hidden = !readable;
  byId("unreadable", HTMLParagraphElement).hidden = readable;
  offerLabels();
  if (!readable) say(byId("unreadable", HTMLParagraphElement).textContent ?? "");
}

/** Classes and the model's suggestion look as if they cannot be chosen where they cannot. */
function offerLabels() {
  const broken = !byId("unreadable", HTMLParagraphElement).hidden;
  if (broken) byId("suggestion", HTMLParagraphElement).hidden = true;
  /** @type {NodeListOf<HTMLButtonElement>} */
  const buttons = document.querySelectorAll("button.label");
  // Not `disabled`, which would take the focus from whoever goes on with the keyboard.
  for (const button of buttons) button.ariaDisabled = String(broken);
}

/** @param {string} text Why the page cannot go on; empty where it can. */
export function showTrouble(text) {
  byId("trouble", HTMLDivElement).hidden = !text;
  byId("why", HTMLParagraphElement).textContent = text;
  byId("work", HTMLElement).inert = Boolean(text);
  if (text) byId("retry", HTMLButtonElement).focus();
}

/**
 * @param {State} state
 * @param {(label: Label) => void} choose
 */
export function show(state, choose) {
  byId("who", HTMLParagraphElement).textContent = state.rater + TASKS[state.task];
  const { total, done, skipped, pace } = state;
  const left = total - done;
  Object.assign(byId("bar", HTMLProgressElement), { max: Math.max(1, total), value: done });
  byId("count", HTMLSpanElement).textContent = `${done} of ${total}` + (skipped ? `, ${skipped} skipped` : "");
  byId("left", HTMLSpanElement).textContent = pace && left ? `${duration(pace * left)} left` : "";
  byId("work", HTMLElement).hidden = !state.photo;
  byId("finished", HTMLElement).hidden = Boolean(state.photo);
  /** @type {NodeListOf<HTMLButtonElement>} */
  const undoing = document.querySelectorAll("button.undo");
  for (const button of undoing) button.disabled = state.undo === null;
  if (state.photo) showPhoto(state.photo, state.labels);
  else showEnd(state);
  showLabels(state, choose);
  showFacts(state);
}

/** @param {State} state */
function showEnd({ total, task, folder }) {
  byId("end", HTMLHeadingElement).textContent = total ? "All done" : "Nothing to do";
  byId("next", HTMLParagraphElement).textContent = total
    ? "Every photo has an answer. This copies them into a folder per class:" : NOTHING[task];
  byId("sort", HTMLPreElement).hidden = !total;
  byId("command", HTMLElement).textContent = `python -m training sort "${folder}" sorted`;
  byId("end", HTMLHeadingElement).focus();
}

/**
 * @param {Photo} photo
 * @param {Label[]} labels
 */
function showPhoto(photo, labels) {
  const image = byId("photo", HTMLImageElement);
  image.onload = () => showSight(true);
  const source = address(photo.file);
  image.onerror = () => explain(source);
  if (image.getAttribute("src") !== source) {
    image.hidden = byId("unreadable", HTMLParagraphElement).hidden = true;
    image.src = source;
  }
  byId("file", HTMLElement).textContent = photo.file;
  const suggested = labels.find((label) => label.id === photo.suggestion);
  const suggestion = byId("suggestion", HTMLParagraphElement);
  suggestion.hidden = !suggested;
  if (suggested && photo.confidence !== null) {
    suggestion.replaceChildren(
      "The model says ", element("b", { textContent: suggested.title }), ` (${percent(photo.confidence)}). `,
      element("kbd", { textContent: "Enter" }), " to agree.",
    );
  }
}

/**
 * @param {State} state
 * @param {(label: Label) => void} choose
 */
function showLabels({ labels, photo }, choose) {
  const active = document.activeElement;
  const focused = active instanceof HTMLElement ? active.dataset.label : undefined;
  const buttons = labels.map((label, number) => {
    const examples = element("span", { className: "examples", ariaHidden: "true" });
    examples.append(...label.examples.map((file) => element("img", { src: address(file), alt: "" })));
    const button = element("button", { type: "button", className: "label quiet" },
      element("kbd", { textContent: String(number + 1), hidden: number > 8 }),
      element("span", { className: "words" },
        element("b", { textContent: label.title }),
        element("small", { textContent: label.description })),
      examples,
      element("span", { className: "number", textContent: String(label.count), title: "photos so far" }));
    button.dataset.label = label.id;
    button.classList.toggle("suggested", photo?.suggestion === label.id);
    button.addEventListener("click", () => choose(label));
    return button;
  });
  byId("labels", HTMLElement).replaceChildren(...buttons);
  offerLabels();
  buttons.find((button) => focused && button.dataset.label === focused)?.focus();
}

/** @param {State} state */
function showFacts({ agreements, saving, pace, task }) {
  const lines = agreements.map(({ other, photos, share, kappa }) =>
    `You and ${other} agree on ${percent(share)} of ${photos} photos` +
    (kappa === null ? "." : ` (Cohen's kappa ${kappa.toFixed(2)}).`));
  if (saving && task === "first") lines.push(...saved(saving, pace));
  /** @type {NodeListOf<HTMLElement>} */
  const places = document.querySelectorAll(".facts");
  for (const facts of places) {
    facts.hidden = !lines.length;
    facts.replaceChildren(...lines.map((line) => element("p", { textContent: line })));
  }
}

/**
 * @param {Saving} saving
 * @param {number | null} pace
 * @returns {string[]}
 */
function saved({ left, sure, suggested, right, sure_labelled, sure_right }, pace) {
  const lines = [];
  if (left && sure) {
    lines.push(`The model is sure about ${sure} of the ${left} photos left, which come last. ` +
      `Without them, ${percent(sure / left)} of the work is saved` +
      (pace ? `: ${duration(pace * sure)} at your pace.` : "."));
  }
  if (suggested) lines.push(`It was right on ${right} of the ${suggested} photos you answered, the hardest first` +
    (sure_labelled ? `, and on ${sure_right} of ${sure_labelled} where it was sure.` : "."));
  return lines;
}
