/**
 * What an answer is about: which regions of the photo, in which order, and what they are called.
 *
 * @typedef {import("./api.js").Answer} Answer
 * @typedef {import("./api.js").ModelInfo} ModelInfo
 * @typedef {import("../../clients/typescript/index.js").Classification} Result
 * @typedef {import("../../clients/typescript/index.js").Person} Person
 * @typedef {import("../../clients/typescript/index.js").UnusableEye} UnusableEye
 * @typedef {{region: string, face?: number | null}} Looked
 */

import { percent } from "./dom.js";

/** Both eyes of a face, beside the regions that the service names. */
export const BOTH_EYES = "both_eyes";
/** @type {Record<string, string>} */
const NAMES = { [BOTH_EYES]: "Both eyes together", left_eye: "Left eye", right_eye: "Right eye" };

/**
 * What both eyes of a face say together; one eye alone needs no summary.
 * @param {Answer} answer
 * @returns {Person[]}
 */
export function pairs(answer) {
  return (answer.people ?? []).filter(({ regions }) => regions.length > 1);
}

/**
 * Face by face, from left to right as the photo shows them.
 * @param {Answer} answer
 * @returns {(Result | UnusableEye)[]}
 */
export function inOrder(answer) {
  const all = [...answer.results, ...(answer.unusable ?? [])];
  return all.sort((a, b) => (a.face ?? 0) - (b.face ?? 0) || a.box.left - b.box.left);
}

/**
 * Whether faces have to be told apart.
 * @param {Answer} answer
 */
export function isGroup(answer) {
  return new Set(inOrder(answer).map(({ face }) => face)).size > 1;
}

/**
 * People count faces from 1.
 * @param {number | null} [face] its index, from 0
 */
export function numberOf(face) {
  return face == null ? "" : face + 1;
}

/**
 * How the regions of an answer are called.
 * @param {Answer} answer
 * @param {ModelInfo} model that answered
 * @returns {(looked: Looked) => string}
 */
export function naming(answer, { crop }) {
  const several = isGroup(answer);
  // In a picture without a face a model of eyes has looked at the one eye that it shows.
  const whole = crop === null ? "Whole picture" : "One eye";
  return ({ region, face }) => {
    const name = NAMES[region] ?? whole;
    return several && face != null ? `Face ${numberOf(face)}, ${name.toLowerCase()}` : name;
  };
}

/**
 * The answer in words, for screen readers.
 * @param {Answer} answer
 * @param {ModelInfo} model
 * @returns {string}
 */
export function inWords(answer, model) {
  const nameOf = naming(answer, model);
  const people = pairs(answer).map((person) => `${nameOf({ ...person, region: BOTH_EYES })}: ${said(person)}.`);
  const regions = inOrder(answer).map((looked) =>
    "label" in looked ? `${nameOf(looked)}: ${said(looked)}.` : `${nameOf(looked)}: ${looked.detail}`,
  );
  return [...people, ...regions].join(" ");
}

/** @param {Result | Person} result */
function said({ certain, title, confidence }) {
  return certain ? `${title}, ${percent(confidence)}` : "not sure";
}
