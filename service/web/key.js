/** The operator's API key: where it is kept, and the form that asks for it. */

import { element } from "./dom.js";

/** Kept for this tab only: a key on a shared computer must not outlive the visit. */
const KEY = "api-key";
/** What can be sent in a header as it is typed: printable ASCII without spaces. */
const SENDABLE = /^[!-~]+$/;

/** @returns {string | null} the key to send */
export function storedKey() {
  return sessionStorage.getItem(KEY);
}

/**
 * Forget a key that was not accepted.
 * @param {string | null} key as it was sent
 * @returns {boolean} whether another one was entered while this one was on its way
 */
export function dropKey(key) {
  if (storedKey() === key) sessionStorage.removeItem(KEY);
  return storedKey() !== null;
}

export class KeyForm {
  #key = element("input", { type: "password", name: "key", required: true, autocomplete: "off" });
  #said = element("p", { hidden: true });
  node = element(
    "form",
    {},
    this.#said,
    element("label", {}, "This service wants an API key", this.#key),
    element("button", { type: "submit", className: "small" }, "Continue"),
  );

  /** @param {() => void} onKey a key is there to be tried */
  constructor(onKey) {
    this.node.addEventListener("submit", (event) => {
      event.preventDefault();
      const key = this.#key.value.trim();
      this.node.reset();
      if (!SENDABLE.test(key)) return this.say("A key has only plain letters, digits and signs, and no spaces.");
      sessionStorage.setItem(KEY, key);
      onKey();
    });
  }

  /** @param {string} text why a key is asked for again */
  say(text) {
    this.#said.textContent = text;
    this.#said.hidden = text === "";
    this.#key.focus();
  }
}
