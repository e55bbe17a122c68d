/** The answers as a table: one line per person and per region, one column per class. */

import { BOTH_EYES, numberOf, pairs } from "./regions.js";

/**
 * @typedef {{
 *   file: {name: string},
 *   answer: import("./api.js").Answer | null,
 *   failure: {title: string, message: string} | null,
 * }} Entry
 */

const COLUMNS = ["file", "region", "face", "label", "confidence", "certain", "model", "advice", "problem"];

/**
 * RFC 4180, UTF-8 with a byte order mark, which spreadsheets need to read names that are not ASCII.
 * @param {Entry[]} entries
 * @returns {string}
 */
export function toCsv(entries) {
  const classes = [...new Set(entries.flatMap(({ answer }) => (answer?.results ?? []).flatMap(labelsOf)))].sort();
  const header = [...COLUMNS, ...classes.map((id) => `p(${id})`)];
  const lines = entries.flatMap((entry) => rows(entry, classes));
  return "\ufeff" + [header, ...lines].map((line) => line.map(quoted).join(",") + "\r\n").join("");
}

/** @param {{probabilities: Record<string, number>}} result */
function labelsOf(result) {
  return Object.keys(result.probabilities);
}

/**
 * @param {Entry} entry
 * @param {string[]} classes
 * @returns {unknown[][]}
 */
function rows({ file, answer, failure }, classes) {
  if (answer === null) {
    const problem = failure ? `${failure.title}: ${failure.message}` : "no answer yet";
    return [[file.name, "", "", "", "", "", "", "", problem, ...classes.map(() => "")]];
  }
  const model = `${answer.model.name}/${answer.model.version}`;
  const together = pairs(answer).map((person) => ({ ...person, region: BOTH_EYES }));
  const answered = [...together, ...answer.results].map((result) => [
    file.name, result.region, numberOf(result.face), result.label, result.confidence, result.certain, model,
    ("advice" in result ? result.advice ?? [] : []).map((advice) => advice.message).join(" "), "",
    ...classes.map((id) => result.probabilities[id] ?? ""),
  ]);
  const unusable = (answer.unusable ?? []).map((eye) => [
    file.name, eye.region, numberOf(eye.face), "", "", "", model, "", eye.detail, ...classes.map(() => ""),
  ]);
  return [...answered, ...unusable];
}

/**
 * A cell; text that a spreadsheet would run as a formula is made plain with an apostrophe.
 * @param {unknown} value
 */
function quoted(value) {
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
