// One photo at a time: keys and buttons become answers, and an answer counts once the server has written it.
import { byId } from "./dom.js";
import { isSeen, say, show, showRefusal, showTrouble } from "./view.js";

/** @typedef {import("./view.js").State} State */
/** @typedef {import("./view.js").Label} Label */
/** @typedef {{ path: string, body: Record<string, unknown> | null, spoken: string }} Call */

let tab = "";
/** @type {State | null} */
let state = null;
let busy = false;
/** What the server has not confirmed yet; everything later waits for it. @type {Call | null} */
let unsent = null;
/** How often that was sent. */
let tries = 0;

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

/** The server has understood and says no: to ask again would not help. */
class Refused extends Error {}

/** The server has understood, and cannot write: where the disk is full, above all. */
class Unwritten extends Error {}

/**
 * Ask the server; throws Refused, Unwritten, or whatever else where it does not answer.
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
  if (body && response.status === 422) throw new Refused((await response.json()).detail);
  if (response.status === 507) throw new Unwritten((await response.json()).detail);
  if (!response.ok) throw new Error(`It answered with status ${response.status}.`);
  return response.json();
}

/** @param {Call} next */
async function send(next) {
  if (busy) return;
  busy = true;
  tries = unsent === next ? tries + 1 : 1;
  unsent = next;
  let refused = "";
  try {
    take(await call(next.path, next.body), next.spoken);
    if (next.body) showRefusal("");
  } catch (error) {
    if (error instanceof Refused) refused = error.message;
    else showTrouble(trouble(error));
  } finally {
    busy = false;
  }
  if (!refused) return;
  showTrouble(""); // it does answer
  await load();
  showRefusal(refused); // only now does the page take the next answer
}

/**
 * What to tell where the server has not confirmed a call; each time that somebody tries again it is another text.
 * @param {unknown} error
 */
function trouble(error) {
  const unsaved = unsent?.body ? "The last answer is not saved yet. " : "";
  const reason = error instanceof Unwritten
    ? `It cannot be written: ${error.message}.`
    : "The labelling program does not answer. Start it again.";
  const again = tries > 1 ? ` Tried ${tries} times.` : "";
  return `${unsaved}${reason} Nothing that was saved is lost.${again}`;
}

/**
 * @param {State} answered
 * @param {string} spoken
 */
function take(answered, spoken) {
  // Another folder's photos may have the names of those that this page has loaded.
  if (state && state.folder !== answered.folder) return location.reload();
  unsent = null;
  state = answered;
  showTrouble("");
  show(state, answer);
  say(state.photo ? spoken : "All done");
}

function load() {
  return send({ path: `api/state?tab=${encodeURIComponent(tab)}`, body: null, spoken: "" });
}

function retry() {
  if (unsent) send(unsent);
}

/**
 * What a call is about. The program may have been started again since, on more photos or on others.
 * @param {string} file
 * @returns {Record<string, unknown>}
 */
function about(file) {
  return { folder: state?.folder, file };
}

function undo() {
  if (!state || state.undo === null || unsent) return;
  send({ path: "api/undo", body: about(state.undo), spoken: "Taken back" });
}

function skip() {
  if (!state?.photo || unsent) return;
  send({ path: "api/answer", body: { ...about(state.photo.file), action: "skip" }, spoken: "Skipped" });
}

/** @param {Label} label */
function answer(label) {
  if (!state?.photo || unsent || !isSeen()) return;
  const body = { ...about(state.photo.file), action: "label", label: label.id };
  send({ path: "api/answer", body, spoken: label.title });
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const command = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (event.repeat || event.altKey || (command && key !== "z")) return;
  const numbered = state?.labels[Number.parseInt(event.key, 10) - 1];
  const suggested = state?.labels.find((label) => label.id === state?.photo?.suggestion);
  const onButton = event.target instanceof HTMLButtonElement;
  if (key === "u" || key === "backspace" || (key === "z" && command)) undo();
  else if (key === "s") skip();
  else if (numbered) answer(numbered);
  else if (key === "enter" && !onButton && suggested) answer(suggested);
  else return;
  event.preventDefault();
}

document.addEventListener("keydown", onKey);
for (const button of document.querySelectorAll(".undo")) button.addEventListener("click", undo);
byId("skip", HTMLButtonElement).addEventListener("click", skip);
byId("retry", HTMLButtonElement).addEventListener("click", retry);
tab = await nameTab();
load();
