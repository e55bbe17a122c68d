/**
 * The calls of the service that the page makes. Addresses are relative, so that it also works under a prefix.
 *
 * @typedef {import("../../clients/typescript/index.js").Answer} Answer
 * @typedef {import("../../clients/typescript/index.js").ModelInfo} ModelInfo
 * @typedef {import("../../clients/typescript/index.js").ModelList} ModelList
 * @typedef {import("../../clients/typescript/index.js").Problem} Problem
 */

import { Failure } from "./failure.js";

/** A phone on a slow network may need this long to send a photo. */
const TIMEOUT_MS = 60_000;
/** Kept for this tab only: a key on a shared computer must not outlive the visit. */
const KEY = "api-key";

/**
 * The key to send from now on, where the operator wants one.
 * @param {string} key
 */
export function useKey(key) {
  sessionStorage.setItem(KEY, key);
}

/** @returns {Promise<ModelInfo[]>} the default model first */
export async function loadModels() {
  /** @type {ModelList} */
  const list = await call("v1/models");
  return list.models;
}

/**
 * @param {Blob} photo
 * @param {string} name of the file
 * @param {string} model empty for the default
 * @returns {Promise<Answer>}
 */
export async function classify(photo, name, model) {
  const form = new FormData();
  form.append("image", photo, name);
  const query = new URLSearchParams({ ...(model && { model }), evidence: "true" });
  return call(`v1/classify?${query}`, { method: "POST", body: form });
}

/**
 * @param {string} address
 * @param {RequestInit} [options]
 * @returns {Promise<any>}
 */
async function call(address, options) {
  const response = await reach(address, options);
  const body = await response.json().catch(() => null);
  if (response.ok && body !== null) return body;
  throw refused(response.status, body);
}

/**
 * @param {string} address
 * @param {RequestInit} [options]
 */
async function reach(address, options) {
  const key = sessionStorage.getItem(KEY);
  /** @type {Record<string, string>} */
  const headers = key ? { "X-API-Key": key } : {};
  try {
    return await fetch(address, { ...options, headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError") {
      throw new Failure("No answer came", "The network or the service is too slow.", { retryable: true });
    }
    const reason = navigator.onLine ? "It may be starting, or the network is down." : "This device is offline.";
    throw new Failure("The service cannot be reached", reason, { retryable: true });
  }
}

/**
 * @param {number} status
 * @param {Partial<Problem> | null} problem null where something else answered, for instance a proxy
 * @returns {Failure}
 */
function refused(status, problem) {
  const title = problem?.title ?? "The service could not answer";
  const detail = problem?.detail ?? `It answered with status ${status}.`;
  return new Failure(title, detail, {
    retryable: status >= 500 || status === 429 || status === 408,
    requestId: problem?.request_id,
    code: problem?.code,
  });
}
