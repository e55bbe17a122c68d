/** All photos of this visit: a queue of questions, the cards, and their table as CSV. */

import { Card } from "./card.js";
import { toCsv } from "./csv.js";
import { byId, element } from "./dom.js";

/** @typedef {import("./failure.js").Failure} Failure */

/** Photos on their way at once: enough to keep the line busy, few enough to leave room for others. */
const AT_ONCE = 2;

export class Gallery {
  #list = byId("cards", HTMLUListElement);
  #section = byId("answers", HTMLElement);
  #status = byId("status", HTMLParagraphElement);
  /** @type {Card[]} */
  #cards = [];
  /** @type {Card[]} */
  #queue = [];
  /** @type {Set<Card>} */
  #asked = new Set();
  #atOnce = AT_ONCE;

  /**
   * @param {import("./models.js").Models} models
   * @param {(failure: Failure) => void} onKeyWanted
   */
  constructor(models, onKeyWanted) {
    this.models = models;
    this.onKeyWanted = onKeyWanted;
    byId("clear", HTMLButtonElement).addEventListener("click", () => this.clear());
    byId("download", HTMLButtonElement).addEventListener("click", () => this.#download());
  }

  /**
   * Ask about some photos; the newest are shown first.
   * @param {Iterable<File>} files
   */
  add(files) {
    const added = [...files].map((file) => new Card(file, this.models, (card) => this.#ask([card])));
    const [newest] = added;
    if (!newest) return;
    this.#cards.unshift(...added);
    this.#list.prepend(...added.map((card) => card.node));
    this.#list.classList.toggle("single", this.#cards.length === 1);
    this.#section.hidden = false;
    newest.node.scrollIntoView({ block: "nearest" });
    this.#ask(added);
  }

  /**
   * Ask about photos that were refused.
   * @param {(failure: Failure) => boolean} isMeant
   */
  askAgain(isMeant) {
    const meant = this.#cards.filter(({ failure }) => failure && isMeant(failure));
    if (meant.length > 0) this.#ask(meant);
  }

  /** Forget every photo; those on their way are called back. */
  clear() {
    for (const card of this.#cards) card.remove();
    this.#cards = [];
    this.#queue = [];
    this.#asked.clear();
    this.#section.hidden = true;
    this.#status.textContent = "All photos are removed.";
    byId("choose", HTMLButtonElement).focus();
  }

  /** @param {Card[]} cards */
  #ask(cards) {
    for (const card of cards) card.wait();
    this.#queue.push(...cards);
    this.#status.textContent = cards.length === 1 ? "Looking at 1 photo." : `Looking at ${cards.length} photos.`;
    this.#goOn();
  }

  #goOn() {
    while (this.#asked.size < this.#atOnce) {
      const card = this.#queue.shift();
      if (!card) return;
      this.#work(card);
    }
  }

  /** @param {Card} card */
  async #work(card) {
    const isAlone = this.#atOnce === 1;
    this.#asked.add(card);
    await card.ask();
    // A photo that was removed has given its place to another already.
    if (!this.#asked.delete(card)) return;
    if (card.failure?.isSlowLine && !isAlone) this.#takeTurns(card);
    else this.#done(card);
    this.#goOn();
  }

  /**
   * The line is too slow for two photos: from now on each has it for itself.
   * @param {Card} card
   */
  #takeTurns(card) {
    this.#atOnce = 1;
    card.wait();
    this.#queue.unshift(card);
  }

  /** @param {Card} card */
  #done(card) {
    // The service is back: what it could not be asked meanwhile is asked now.
    if (card.answer) this.askAgain(({ isOutage }) => isOutage);
    // Last, or nobody would hear the answer.
    this.#status.textContent = card.summary;
    if (card.failure?.wantsKey) this.onKeyWanted(card.failure);
  }

  #download() {
    const href = URL.createObjectURL(new Blob([toCsv(this.#cards)], { type: "text/csv" }));
    element("a", { href, download: "answers.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
  }
}
