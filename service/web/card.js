/** One photo on the page: waiting, answered or refused. */

import { titleOf } from "./about.js";
import { classify } from "./api.js";
import { element, explain } from "./dom.js";
import { asFailure } from "./failure.js";
import { frames } from "./frames.js";
import { prepare } from "./photo.js";
import { inWords } from "./regions.js";
import { answerNode } from "./results.js";

/**
 * @typedef {import("./api.js").Answer} Answer
 * @typedef {import("./api.js").ModelInfo} ModelInfo
 * @typedef {import("./failure.js").Failure} Failure
 * @typedef {import("./models.js").Models} Models
 */

export class Card {
  /** @type {Answer | null} */
  answer = null;
  /** @type {Failure | null} */
  failure = null;
  /** What a screen reader says when the card is done. */
  summary = "";
  #photo = element("img", { alt: "" });
  #figure = element("figure", { className: "photo", hidden: true }, this.#photo);
  #said = element("div");
  // What takes the focus where a button goes that had it; -1 keeps it out of the way of Tab.
  #article = element("article", { className: "card", tabIndex: -1 });
  #removal = new AbortController();
  node = element("li", {}, this.#article);

  /**
   * @param {File} file
   * @param {Models} models what is chosen now is asked, whenever the photo's turn comes
   * @param {(card: Card) => void} onRetry
   */
  constructor(file, models, onRetry) {
    this.file = file;
    this.models = models;
    this.model = models.chosen;
    this.everybody = models.everybody;
    this.onRetry = onRetry;
    this.#photo.alt = file.name;
    this.#article.append(element("h3", {}, file.name), this.#figure, this.#said);
    this.wait();
  }

  /** Ask the service and show what it says, unless the card is removed before; never throws. */
  async ask() {
    const { signal } = this.#removal;
    try {
      const photo = await prepare(this.file);
      signal.throwIfAborted();
      await this.#show(photo);
      signal.throwIfAborted();
      const answer = await classify(photo, this.file.name, this, signal);
      const model = await this.models.of(answer.model);
      signal.throwIfAborted();
      this.answer = answer;
      this.#answered(answer, model);
    } catch (error) {
      if (signal.aborted) return;
      this.failure = asFailure(error);
      this.#refused(this.failure);
    }
  }

  /** Let go of the photo, wherever it is on its way. */
  remove() {
    this.#removal.abort();
    URL.revokeObjectURL(this.#photo.src);
    this.node.remove();
  }

  /** Show that the photo has yet to be looked at. */
  wait() {
    this.answer = null;
    this.failure = null;
    if (this.#said.contains(document.activeElement)) this.#article.focus();
    this.#said.replaceChildren(element("p", { "aria-busy": "true" }, "Looking…"));
  }

  /** @param {Blob} photo */
  async #show(photo) {
    URL.revokeObjectURL(this.#photo.src);
    this.#photo.src = URL.createObjectURL(photo);
    const shown = await this.#photo.decode().then(() => true, () => false);
    this.#figure.hidden = !shown;
  }

  /**
   * @param {Answer} answer
   * @param {ModelInfo} model
   */
  #answered(answer, model) {
    this.#figure.replaceChildren(this.#photo, ...frames(answer));
    const alone = this.node.parentElement?.childElementCount === 1;
    this.#said.replaceChildren(answerNode(answer, model, this.#photo, alone));
    if (this.#figure.hidden) this.#said.prepend(element("p", { className: "hint" }, "This browser cannot show the picture."));
    if (this.models.several) this.#said.append(element("p", { className: "hint" }, `Asked: ${titleOf(model.name)}`));
    this.summary = `${this.file.name}: ${inWords(answer, model)}`;
  }

  /** @param {Failure} failure */
  #refused(failure) {
    const notice = element("div", { className: "notice" }, explain(failure, () => this.onRetry(this)));
    this.#said.replaceChildren(notice);
    this.summary = `${this.file.name}: ${failure.title}. ${failure.message}`;
  }
}
