/** One photo on the page: waiting, answered or refused. */

import { titleOf } from "./about.js";
import { classify } from "./api.js";
import { element, explain } from "./dom.js";
import { asFailure } from "./failure.js";
import { prepare } from "./photo.js";
import { answerNode, frames, inWords } from "./results.js";

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
  #photo = element("img", { alt: "" });
  #figure = element("figure", { className: "photo", hidden: true }, this.#photo);
  #said = element("div");
  #article = element("article", { className: "card" });
  node = element("li", {}, this.#article);

  /**
   * @param {File} file
   * @param {Models} models the one that is chosen now is asked, whenever the photo's turn comes
   * @param {(card: Card) => void} onRetry
   */
  constructor(file, models, onRetry) {
    this.file = file;
    this.models = models;
    this.model = models.chosen;
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
      const answer = await classify(photo, this.file.name, this.model);
      const model = await this.models.of(answer.model);
      this.answer = answer;
      this.#answered(answer, model);
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
    if (this.models.several) this.#said.append(element("p", { className: "hint" }, `Asked: ${titleOf(model.name)}`));
  }

  /** @param {Failure} failure */
  #refused(failure) {
    const notice = element("div", { className: "notice" }, explain(failure, () => this.onRetry(this)));
    this.#said.replaceChildren(notice);
  }
}
