/** All photos of this visit: a queue of questions, the cards, and their table as CSV. */

import { Card } from "./card.js";
import { toCsv } from "./csv.js";
import { byId, element } from "./dom.js";

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
  #busy = 0;

  /** @param {import("./models.js").Models} models */
  constructor(models) {
    this.models = models;
    byId("clear", HTMLButtonElement).addEventListener("click", () => this.clear());
    byId("download", HTMLButtonElement).addEventListener("click", () => this.#download());
  }

  /**
   * Ask about some photos; the newest are shown first.
   * @param {Iterable<File>} files
   */
  add(files) {
    const added = [...files].map((file) => new Card(file, this.models, (card) => this.#ask([card])));
    if (added.length === 0) return;
    this.#cards.unshift(...added);
    this.#list.prepend(...added.map((card) => card.node));
    this.#list.classList.toggle("single", this.#cards.length === 1);
    this.#section.hidden = false;
    this.#section.scrollIntoView({ block: "nearest" });
    this.#ask(added);
  }

  /** Forget every photo. */
  clear() {
    for (const card of this.#cards) card.remove();
    this.#cards = [];
    this.#queue = [];
    this.#section.hidden = true;
    this.#status.textContent = "All photos are removed.";
    byId("choose", HTMLButtonElement).focus();
  }

  /** @param {Card[]} cards */
  #ask(cards) {
    this.#queue.push(...cards);
    this.#status.textContent = cards.length === 1 ? "Looking at 1 photo." : `Looking at ${cards.length} photos.`;
    while (this.#busy < AT_ONCE && this.#queue.length > 0) this.#work();
  }

  async #work() {
    this.#busy += 1;
    for (let card = this.#queue.shift(); card; card = this.#queue.shift()) {
      await card.ask();
      if (this.#cards.includes(card)) this.#status.textContent = card.summary;
    }
    this.#busy -= 1;
  }

  #download() {
    const href = URL.createObjectURL(new Blob([toCsv(this.#cards)], { type: "text/csv" }));
    element("a", { href, download: "answers.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
  }
}
