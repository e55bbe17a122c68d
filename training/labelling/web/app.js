// One photo at a time: keys and buttons become answers, and an answer counts once the server has written it.
import { say, show, showTrouble } from "./view.js";

const tab = sessionStorage.tab ?? crypto.randomUUID();
sessionStorage.tab = tab;

let state = null;
let busy = false;
let unsent = null;

async function call(path, body) {
  const options = body && {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ tab, ...body }),
  };
  const response = await fetch(path, options ?? {});
  if (!response.ok) throw new Error((await response.json()).detail);
  return response.json();
}

async function send(path, body, spoken) {
  if (busy) return;
  busy = true;
  unsent = { path, body, spoken };
  try {
    state = await call(path, body);
    unsent = null;
    showTrouble(false);
    show(state, answer);
    say(spoken);
  } catch {
    showTrouble(true);
  } finally {
    busy = false;
  }
}

const load = () => send(`api/state?tab=${encodeURIComponent(tab)}`, null, "");
const undo = () => state?.can_undo && send("api/undo", {}, "Taken back");
const retry = () => unsent && send(unsent.path, unsent.body, unsent.spoken);

function skip() {
  if (state?.photo && !unsent) send("api/answer", { index: state.photo.index, action: "skip" }, "Skipped");
}

function answer(label) {
  if (state?.photo && !unsent) {
    send("api/answer", { index: state.photo.index, action: "label", label: label.id }, label.title);
  }
}

function onKey(event) {
  const undoKeys = event.key === "u" || event.key === "Backspace" || (event.key === "z" && (event.ctrlKey || event.metaKey));
  if (event.repeat || event.altKey || ((event.ctrlKey || event.metaKey) && event.key !== "z")) return;
  const number = Number.parseInt(event.key, 10);
  const onButton = event.target instanceof HTMLButtonElement;
  if (undoKeys) undo();
  else if (event.key === "s") skip();
  else if (number >= 1 && number <= (state?.labels.length ?? 0)) answer(state.labels[number - 1]);
  else if (event.key === "Enter" && !onButton && state?.photo?.suggestion) {
    const suggested = state.labels.find((label) => label.id === state.photo.suggestion);
    if (!suggested) return;
    answer(suggested);
  } else return;
  event.preventDefault();
}

document.addEventListener("keydown", onKey);
document.querySelector("#undo").addEventListener("click", undo);
document.querySelector("#undo-last").addEventListener("click", undo);
document.querySelector("#skip").addEventListener("click", skip);
document.querySelector("#retry").addEventListener("click", retry);
load();
