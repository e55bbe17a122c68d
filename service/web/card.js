/** One photo on the page: waiting, answered or refused. */

import { asFailure, classify } from "./api.js";
import { element, explain } from "./dom.js";
import { prepare } from "./photo.js";
import { answerNode, frames, inWords } from "./results.js";

/**
 * @typedef {import("./api.js").Answer} Answer
 * @typedef {import("./api.js").Failure} Failure
 * @typedef {import("./api.js").ModelInfo} ModelInfo
 */

export class Card {
  /** @type {Answer | null} */
  answer = null;
  /** @type {Failure | null} */
  failure = null;
  #photo = element("img", { alt: "" });
  #figure = element("figure", { className: "photo", hidden: true }, this.#photo);
  #said = element("div");
  #article = element("article", { className: "card" });
  node = element("li", {}, this.#article);

  /**
   * @param {File} file
   * @param {() => Promise<ModelInfo>} model the model to ask
   * @param {(card: Card) => void} onRetry
   */
  constructor(file, model, onRetry) {
    this.file = file;
    this.model = model;
    this.onRetry = onRetry;
    this.#photo.alt = file.name;
    this.#article.append(element("h3", {}, file.name), this.#figure, this.#said);
    this.#wait();
  }

  /** Ask the service and show what it says; never throws. */
  async ask() {
    this.#wait();
    try {
      const photo = await prepare(this.file);
      await this.#show(photo);
      const model = await this.model();
      this.answer = await classify(photo, this.file.name, model.name);
      this.#answered(this.answer, model);
    } catch (error) {
      this.failure = asFailure(error);
      this.#refused(this.failure);
    }
  }

  /** What a screen reader says when the card is done. */
  get summary() {
    const said = this.answer ? inWords(this.answer) : `${this.failure?.title}. ${this.failure?.message}`;
    return `${this.file.name}: ${said}`;
  }

  /** Let go of the photo. */
  remove() {
    URL.revokeObjectURL(this.#photo.src);
    this.node.remove();
  }

  #wait() {
    this.answer = null;
    this.failure = null;
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
  }

  /** @param {Failure} failure */
  #refused(failure) {
    const notice = element("div", { className: "notice" }, explain(failure, () => this.onRetry(this)));
    this.#said.replaceChildren(notice);
  }
}
