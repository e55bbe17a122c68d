// From the server's state to the page.
const $ = (selector) => document.querySelector(selector);
const percent = (share) => `${Math.round(100 * share)} %`;

function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
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
  $("#who").textContent = state.rater + (state.second_opinion ? ": a second opinion" : "");
  $("#bar").max = Math.max(1, state.total);
  $("#bar").value = state.done;
  $("#count").textContent = `${state.done} of ${state.total}` + (state.skipped ? `, ${state.skipped} skipped` : "");
  $("#work").hidden = !state.photo;
  $("#finished").hidden = Boolean(state.photo);
  $("#undo").disabled = $("#undo-last").disabled = !state.can_undo;
  if (state.photo) showPhoto(state);
  showLabels(state, choose);
  showFacts(state);
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

function showFacts({ agreements, saving }) {
  const lines = agreements.map(({ other, photos, share, kappa }) =>
    `You and ${other} agree on ${percent(share)} of ${photos} photos` +
    (kappa === null ? "." : ` (Cohen's kappa ${kappa.toFixed(2)}).`));
  if (saving?.suggested) {
    lines.push(`The model was right on ${saving.right} of ${saving.suggested} photos it found hardest; ` +
      `it is sure about ${saving.sure} of those left, which you may not need to label.`);
  }
  $("#facts").replaceChildren(...lines.map((line) => element("p", { className: "hint", textContent: line })));
}
