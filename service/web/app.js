/** Puts the page together: what is loaded, and every way a photo can come in. */

import { useKey } from "./api.js";
import { Camera } from "./camera.js";
import { byId, element, explain } from "./dom.js";
import { asFailure } from "./failure.js";
import { Gallery } from "./gallery.js";
import { Models } from "./models.js";

const outage = byId("outage", HTMLDivElement);
const models = new Models(() => {
  outage.hidden = true;
});
const gallery = new Gallery(models);
const camera = new Camera((photo) => gallery.add([photo]));

async function start() {
  try {
    await models.load();
  } catch (error) {
    const failure = asFailure(error);
    outage.replaceChildren(failure.wantsKey ? keyForm() : explain(failure, start));
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
  if (Camera.available) camera.open(models.ofFaces);
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
window.addEventListener("online", start);
acceptFiles();
acceptDrops();
start();
// Without https there is no worker; the page is complete without it.
navigator.serviceWorker?.register("sw.js").catch(console.warn);
