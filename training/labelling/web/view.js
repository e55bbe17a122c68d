// From the server's state to the page.
const $ = (selector) => document.querySelector(selector);
const percent = (share) => `${Math.round(100 * share)} %`;

const TASKS = {
  first: "",
  second: ": a second opinion, without seeing the first",
  disputed: ": settling what others disagree about",
};
const NOTHING = {
  first: "",
  second: "Nobody else has labelled a photo here yet.",
  disputed: "There is no photo that others disagree about.",
};

function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function duration(seconds) {
  const minutes = Math.round(seconds / 60);
  if (minutes < 1) return "less than a minute";
  if (minutes < 90) return minutes === 1 ? "about a minute" : `about ${minutes} minutes`;
  return `about ${Math.round(minutes / 60)} hours`;
}

export function say(text) {
  $("#said").textContent = text;
}

export function showTrouble(visible) {
  $("#trouble").hidden = !visible;
  $("#work").inert = visible;
  if (visible) $("#retry").focus();
}

export function show(state, choose) {
  $("#who").textContent = state.rater + TASKS[state.task];
  $("#bar").max = Math.max(1, state.total);
  $("#bar").value = state.done;
  $("#count").textContent = `${state.done} of ${state.total}` + (state.skipped ? `, ${state.skipped} skipped` : "");
  const left = state.total - state.done;
  $("#left").textContent = state.pace && left ? `${duration(state.pace * left)} left` : "";
  $("#work").hidden = !state.photo;
  $("#finished").hidden = Boolean(state.photo);
  for (const button of document.querySelectorAll(".undo")) button.disabled = state.undo === null;
  if (state.photo) showPhoto(state);
  else showEnd(state);
  showLabels(state, choose);
  showFacts(state);
}

function showEnd({ total, task, folder }) {
  $("#finished h2").textContent = total ? "All done" : "Nothing to do";
  $("#finished p").textContent = total
    ? "Every photo has an answer. This copies them into a folder per class:" : NOTHING[task];
  $("#sort").hidden = !total;
  $("#sort code").textContent = `python -m training sort "${folder}" sorted`;
}

function showPhoto({ photo, labels }) {
  const image = $("#photo");
  image.onload = () => { image.hidden = false; $("#unreadable").hidden = true; };
  image.onerror = () => { image.hidden = true; $("#unreadable").hidden = false; };
  const source = `photos/${photo.index}`;
  if (image.getAttribute("src") !== source) image.src = source;
  $("#file").textContent = photo.file;
  const suggested = labels.find((label) => label.id === photo.suggestion);
  $("#suggestion").hidden = !suggested;
  if (suggested) {
    $("#suggestion").replaceChildren(
      "The model says ", element("b", { textContent: suggested.title }), ` (${percent(photo.confidence)}). `,
      element("kbd", { textContent: "Enter" }), " to agree.",
    );
  }
}

function showLabels({ labels, photo }, choose) {
  const focused = document.activeElement?.dataset?.label;
  $("#labels").replaceChildren(...labels.map((label, number) => {
    const examples = element("span", { className: "examples", ariaHidden: "true" });
    examples.append(...label.examples.map((index) => element("img", { src: `photos/${index}`, alt: "" })));
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
  }));
  if (focused) document.querySelector(`[data-label="${CSS.escape(focused)}"]`)?.focus();
}

function showFacts({ agreements, saving, pace, task }) {
  const lines = agreements.map(({ other, photos, share, kappa }) =>
    `You and ${other} agree on ${percent(share)} of ${photos} photos` +
    (kappa === null ? "." : ` (Cohen's kappa ${kappa.toFixed(2)}).`));
  if (saving && task === "first") lines.push(...saved(saving, pace));
  for (const facts of document.querySelectorAll(".facts")) {
    facts.hidden = !lines.length;
    facts.replaceChildren(...lines.map((line) => element("p", { textContent: line })));
  }
}

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
