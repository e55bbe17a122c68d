/** Puts the page together: what is loaded, and every way a photo can come in. */

import { asFailure, loadModels, useKey } from "./api.js";
import { Camera } from "./camera.js";
import { byId, element, explain, percent } from "./dom.js";
import { Gallery } from "./gallery.js";

/** @typedef {import("./api.js").ModelInfo} ModelInfo */

/** @type {Promise<ModelInfo[]> | null} */
let loading = null;
/** Whether photos of faces are wanted; only a model of eyes has a crop. */
let ofFaces = true;
const select = byId("model", HTMLSelectElement);
const outage = byId("outage", HTMLDivElement);
const gallery = new Gallery(chosenModel);
const camera = new Camera((photo) => gallery.add([photo]));

/** What the service has loaded; asked again only after a failure. */
function models() {
  loading ??= loadModels().then(introduce).catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

async function chosenModel() {
  const list = await models();
  const model = list.find((candidate) => candidate.name === select.value) ?? list[0];
  if (!model) throw new Error("The service has no model.");
  return model;
}

/** @param {ModelInfo[]} list */
function introduce(list) {
  outage.hidden = true;
  select.replaceChildren(...list.map(({ name }) => element("option", { value: name }, titleOf(name))));
  byId("model-choice", HTMLLabelElement).hidden = list.length < 2;
  const [first] = list;
  if (first) describe(first);
  return list;
}

/** @param {ModelInfo} model */
function describe(model) {
  ofFaces = model.crop !== null;
  const title = titleOf(model.name);
  document.title = title;
  byId("title", HTMLHeadingElement).textContent = title;
  // The first sentence says what it is for; how it was made is for the model card.
  const [purpose] = model.description.split(/(?<=\.)\s/);
  if (purpose) byId("description", HTMLParagraphElement).textContent = purpose;
  byId("version", HTMLSpanElement).textContent = `Model ${model.name}, version ${model.version}.`;
  const items = model.labels.map((label) =>
    element("div", {}, element("dt", {}, label.title), element("dd", {}, label.description)),
  );
  byId("labels", HTMLDListElement).replaceChildren(...items);
  byId("quality", HTMLParagraphElement).textContent = model.quality ? trackRecord(model.quality) : "";
  byId("about", HTMLElement).hidden = false;
}

/** @param {NonNullable<ModelInfo["quality"]>} quality */
function trackRecord({ people, coverage, accuracy, accuracy_when_certain: right }) {
  if (coverage !== null && right !== null) {
    return `Tried on ${people} people it had not seen, it was sure of ${percent(coverage)} of the photos, and right about ${percent(right)} of those.`;
  }
  return accuracy.value === null ? "" : `Tried on ${people} people it had not seen, it was right about ${percent(accuracy.value)}.`;
}

/** @param {string} name for instance `eye-shape` */
function titleOf(name) {
  const words = name.replaceAll(/[-_]+/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

async function start() {
  try {
    await models();
  } catch (error) {
    const failure = asFailure(error);
    outage.replaceChildren(failure.code === "unauthorized" ? keyForm() : explain(failure, start));
    outage.hidden = false;
  }
}

function keyForm() {
  const key = element("input", { type: "password", name: "key", required: true, autocomplete: "off" });
  const button = element("button", { type: "submit", className: "small" }, "Continue");
  const form = element("form", {}, element("label", {}, "This service wants an API key", key), button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    useKey(key.value);
    start();
  });
  return form;
}

function takePicture() {
  if (Camera.available) camera.open(ofFaces);
  else byId("capture", HTMLInputElement).click();
}

function acceptFiles() {
  for (const id of ["files", "capture"]) {
    const input = byId(id, HTMLInputElement);
    input.addEventListener("change", () => {
      gallery.add(input.files ?? []);
      input.value = "";
    });
  }
  document.addEventListener("paste", (event) => gallery.add(event.clipboardData?.files ?? []));
}

/** Photos may be dropped anywhere on the page; a miss must not make the browser leave it. */
function acceptDrops() {
  const zone = byId("drop", HTMLElement);
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) zone.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    gallery.add(event.dataTransfer?.files ?? []);
  });
}

byId("take", HTMLButtonElement).addEventListener("click", takePicture);
byId("choose", HTMLButtonElement).addEventListener("click", () => byId("files", HTMLInputElement).click());
select.addEventListener("change", async () => describe(await chosenModel()));
window.addEventListener("online", start);
acceptFiles();
acceptDrops();
start();
// Without https there is no worker; the page is complete without it.
navigator.serviceWorker?.register("sw.js").catch(console.warn);
