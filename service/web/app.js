/** Puts the page together: what is loaded, and every way a photo can come in. */

import { Camera } from "./camera.js";
import { byId, element, explain } from "./dom.js";
import { asFailure } from "./failure.js";
import { Gallery } from "./gallery.js";
import { KeyForm } from "./key.js";
import { Models } from "./models.js";

/** @typedef {import("./failure.js").Failure} Failure */

/** Whoever opens the page is told what it waits for, where the service takes longer than this. */
const PATIENCE_MS = 5_000;

const outage = byId("outage", HTMLDivElement);
const keyForm = new KeyForm(() => startAgain());
const models = new Models(settle);
const gallery = new Gallery(models, askForKey);
const camera = new Camera((photo) => gallery.add([photo]), choosePhotos);
let waiting = 0;

/** @param {boolean} [again] whether to ask even if the answer is known: with a new key, or after an outage */
async function start(again = false) {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    if (outage.hidden) say("Waiting for the service…");
  }, PATIENCE_MS);
  try {
    await (again ? models.reload() : models.load());
  } catch (error) {
    const failure = asFailure(error);
    if (failure.wantsKey) askForKey(failure);
    else report(failure);
  }
}

/** Whoever asked for it sees and hears that it is tried: a network that says nothing may keep it waiting. */
function startAgain() {
  const isFocused = outage.contains(document.activeElement);
  say("Asking the service again…");
  if (isFocused) outage.focus();
  start(true);
}

/** @param {string} text */
function say(text) {
  outage.replaceChildren(element("p", {}, text));
  outage.hidden = false;
}

/** @param {Failure} failure */
function report(failure) {
  const isFocused = outage.contains(document.activeElement);
  outage.replaceChildren(explain(failure, startAgain));
  outage.hidden = false;
  if (isFocused) outage.querySelector("button")?.focus();
}

/** @param {Failure} failure */
function askForKey({ keySent }) {
  const isAsking = !outage.hidden && outage.contains(keyForm.node);
  if (!isAsking) outage.replaceChildren(keyForm.node);
  outage.hidden = false;
  // Whoever is typing already must not be disturbed by one more photo that was refused.
  if (keySent || !isAsking) keyForm.say(keySent ? "That key was not accepted." : "");
}

/** The service answers, and the key is the right one where it wants one. */
function settle() {
  clearTimeout(waiting);
  const isFocused = outage.contains(document.activeElement);
  outage.hidden = true;
  if (isFocused) byId("take", HTMLButtonElement).focus();
  gallery.askAgain(({ wantsKey, isOutage }) => wantsKey || isOutage);
}

function choosePhotos() {
  byId("files", HTMLInputElement).click();
}

function takePicture() {
  if (Camera.available) camera.open(models.ofFaces);
  else {
    const capture = byId("capture", HTMLInputElement);
    capture.setAttribute("capture", models.ofFaces ? "user" : "environment");
    capture.click();
  }
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
    if (isForField(event)) return;
    event.preventDefault();
    const { dataTransfer } = event;
    const hasFiles = bringsFiles(dataTransfer);
    if (dataTransfer && !hasFiles) dataTransfer.dropEffect = "none";
    zone.classList.toggle("over", hasFiles);
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) zone.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    if (isForField(event)) return;
    event.preventDefault();
    zone.classList.remove("over");
    gallery.add(event.dataTransfer?.files ?? []);
  });
}

/** @param {DataTransfer | null} data */
function bringsFiles(data) {
  return data?.types.includes("Files") ?? false;
}

/**
 * Text may be dropped where a key is to be entered.
 * @param {DragEvent} event
 */
function isForField({ target, dataTransfer }) {
  return target instanceof HTMLInputElement && target.type === "password" && !bringsFiles(dataTransfer);
}

byId("take", HTMLButtonElement).addEventListener("click", takePicture);
byId("choose", HTMLButtonElement).addEventListener("click", choosePhotos);
window.addEventListener("online", () => start(true));
acceptFiles();
acceptDrops();
document.getElementById("loading")?.remove();
start();
// Without https there is no worker; the page is complete without it.
navigator.serviceWorker?.register("sw.js").catch(console.warn);
