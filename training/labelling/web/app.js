// One photo at a time: keys and buttons become answers, and an answer counts once the server has written it.
import { say, show, showTrouble } from "./view.js";

let tab = "";
let state = null;
let busy = false;
let unsent = null;

// A tab keeps its id over a reload. A duplicated tab is given a copy of the id and takes a new one.
async function nameTab() {
  const known = sessionStorage.tab;
  const free = known && await new Promise((resolve) => {
    const held = () => { resolve(true); return new Promise(() => {}); };
    navigator.locks.request(known, { signal: AbortSignal.timeout(500) }, held).catch(() => resolve(false));
  });
  if (free) return known;
  const fresh = crypto.randomUUID();
  navigator.locks.request(fresh, () => new Promise(() => {}));
  sessionStorage.tab = fresh;
  return fresh;
}

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
const retry = () => unsent && send(unsent.path, unsent.body, unsent.spoken);

function undo() {
  if (state && state.undo !== null && !unsent) send("api/undo", { index: state.undo }, "Taken back");
}

function skip() {
  if (state?.photo && !unsent) send("api/answer", { index: state.photo.index, action: "skip" }, "Skipped");
}

function answer(label) {
  if (state?.photo && !unsent) {
    send("api/answer", { index: state.photo.index, action: "label", label: label.id }, label.title);
  }
}

function onKey(event) {
  const command = event.ctrlKey || event.metaKey;
  if (event.repeat || event.altKey || (command && event.key !== "z")) return;
  const number = Number.parseInt(event.key, 10);
  const onButton = event.target instanceof HTMLButtonElement;
  if (event.key === "u" || event.key === "Backspace" || (event.key === "z" && command)) undo();
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
for (const button of document.querySelectorAll(".undo")) button.addEventListener("click", undo);
document.querySelector("#skip").addEventListener("click", skip);
document.querySelector("#retry").addEventListener("click", retry);
tab = await nameTab();
load();
