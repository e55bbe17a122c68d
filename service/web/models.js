/** What the service has loaded, and which of it is chosen. */

import { describe, titleOf } from "./about.js";
import { loadModels } from "./api.js";
import { byId, element } from "./dom.js";
import { Failure } from "./failure.js";

/** @typedef {import("./api.js").ModelInfo} ModelInfo */

export class Models {
  #select = byId("model", HTMLSelectElement);
  #everybody = byId("everybody", HTMLInputElement);
  /** @type {Promise<ModelInfo[]> | null} */
  #loading = null;
  /** @type {ModelInfo[]} */
  #known = [];

  /** @param {() => void} onLoaded */
  constructor(onLoaded) {
    this.onLoaded = onLoaded;
    this.#select.addEventListener("change", () => this.#describe());
  }

  /** The name of the model to ask; empty, which means the default, where there is nothing to choose. */
  get chosen() {
    return this.several ? this.#select.value : "";
  }

  get several() {
    return this.#known.length > 1;
  }

  /** Whether photos of faces are wanted; only a model of eyes has a crop. */
  get ofFaces() {
    return this.#current?.crop !== null;
  }

  /** What the service has loaded; asked again only after a failure. */
  load() {
    this.#loading ??= this.#ask();
    return this.#loading;
  }

  #ask() {
    /** @type {Promise<ModelInfo[]>} */
    const asking = loadModels().then((list) => this.#introduce(list)).catch((error) => {
      // What was asked later knows better.
      if (this.#loading && this.#loading !== asking) return this.#loading;
      this.#loading = null;
      throw error;
    });
    return asking;
  }

  /** What the service has loaded by now. */
  reload() {
    this.#loading = null;
    return this.load();
  }

  /**
   * The model that gave an answer. The service may have loaded another version while the page was open.
   * @param {{name: string, version: number}} answered
   * @returns {Promise<ModelInfo>}
   */
  async of({ name, version }) {
    const isIt = (/** @type {ModelInfo} */ model) => model.name === name && model.version === version;
    const known = (await this.load()).find(isIt);
    if (known) return known;
    const list = await this.reload();
    // During an upgrade, one of several instances may answer and another one say what is loaded.
    const model = list.find(isIt) ?? list.find((candidate) => candidate.name === name);
    if (model) return model;
    throw new Failure("The service has changed", `It no longer has the model ${name}.`, { retryable: true });
  }

  /** Whether to look at every face of a photo, not at the largest alone. */
  get everybody() {
    return this.#everybody.checked && this.ofFaces;
  }

  get #current() {
    return this.#known.find(({ name }) => name === this.#select.value);
  }

  /** @param {ModelInfo[]} list */
  #introduce(list) {
    const before = this.#select.value;
    this.#known = list;
    this.#select.replaceChildren(...list.map(({ name }) => element("option", { value: name }, titleOf(name))));
    if (list.some(({ name }) => name === before)) this.#select.value = before;
    byId("model-choice", HTMLLabelElement).hidden = !this.several;
    this.#describe();
    this.onLoaded();
    return list;
  }

  #describe() {
    const model = this.#current;
    byId("faces-choice", HTMLLabelElement).hidden = model === undefined || model.crop === null;
    if (model) describe(model);
  }
}
