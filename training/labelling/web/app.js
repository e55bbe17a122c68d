// One photo at a time: keys and buttons become answers, and an answer counts once the server has written it.
import { byId } from "./dom.js";
import { say, show, showTrouble } from "./view.js";

/** @typedef {import("./view.js").State} State */
/** @typedef {import("./view.js").Label} Label */
/** @typedef {{ path: string, body: Record<string, unknown> | null, spoken: string }} Call */

let tab = "";
/** @type {State | null} */
let state = null;
let busy = false;
/** What the server has not confirmed yet; everything later waits for it. @type {Call | null} */
let unsent = null;

/**
 * A tab keeps its id over a reload. A duplicated tab is given a copy of the id and takes a new one.
 * @returns {Promise<string>}
 */
async function nameTab() {
  const known = sessionStorage.getItem("tab");
  if (known && await hold(known)) return known;
  const fresh = crypto.randomUUID();
  hold(fresh);
  sessionStorage.setItem("tab", fresh);
  return fresh;
}

/**
 * Hold a lock for as long as this page lives; false where another page has it.
 * @param {string} name
 * @returns {Promise<boolean>}
 */
function hold(name) {
  return new Promise((resolve) => {
    const held = () => { resolve(true); return new Promise(() => {}); };
    navigator.locks.request(name, { signal: AbortSignal.timeout(500) }, held).catch(() => resolve(false));
  });
}

/**
 * Ask the server; throws where it does not answer, or refuses.
 * @param {string} path
 * @param {Record<string, unknown> | null} body
 * @returns {Promise<State>}
 */
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

/** @param {Call} next */
async function send(next) {
  if (busy) return;
  busy = true;
  unsent = next;
  try {
    state = await call(next.path, next.body);
    unsent = null;
    showTrouble(false);
    show(state, answer);
    say(next.spoken);
  } catch {
    showTrouble(true);
  } finally {
    busy = false;
  }
}

function load() {
  send({ path: `api/state?tab=${encodeURIComponent(tab)}`, body: null, spoken: "" });
}

function retry() {
  if (unsent) send(unsent);
}

function undo() {
  if (!state || state.undo === null || unsent) return;
  send({ path: "api/undo", body: { index: state.undo }, spoken: "Taken back" });
}

function skip() {
  if (!state?.photo || unsent) return;
  send({ path: "api/answer", body: { index: state.photo.index, action: "skip" }, spoken: "Skipped" });
}

/** @param {Label} label */
function answer(label) {
  if (!state?.photo || unsent) return;
  const body = { index: state.photo.index, action: "label", label: label.id };
  send({ path: "api/answer", body, spoken: label.title });
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const command = event.ctrlKey || event.metaKey;
  if (event.repeat || event.altKey || (command && event.key !== "z")) return;
  const numbered = state?.labels[Number.parseInt(event.key, 10) - 1];
  const suggested = state?.labels.find((label) => label.id === state?.photo?.suggestion);
  const onButton = event.target instanceof HTMLButtonElement;
  if (event.key === "u" || event.key === "Backspace" || (event.key === "z" && command)) undo();
  else if (event.key === "s") skip();
  else if (numbered) answer(numbered);
  else if (event.key === "Enter" && !onButton && suggested) answer(suggested);
  else return;
  event.preventDefault();
}

document.addEventListener("keydown", onKey);
for (const button of document.querySelectorAll(".undo")) button.addEventListener("click", undo);
byId("skip", HTMLButtonElement).addEventListener("click", skip);
byId("retry", HTMLButtonElement).addEventListener("click", retry);
tab = await nameTab();
load();
