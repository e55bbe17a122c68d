/**
 * The calls of the service that the page makes. Addresses are relative, so that it also works under a prefix.
 *
 * @typedef {import("../../clients/typescript/index.js").Answer} Answer
 * @typedef {import("../../clients/typescript/index.js").ModelInfo} ModelInfo
 * @typedef {import("../../clients/typescript/index.js").ModelList} ModelList
 * @typedef {import("../../clients/typescript/index.js").Problem} Problem
 */

import { Failure, UNREACHED } from "./failure.js";
import { dropKey, storedKey } from "./key.js";

/** A phone on a slow network may need this long to send a photo. */
const TIMEOUT_MS = 60_000;
/** A busy service says when to come again; whether to go on after that is for the user. */
const RETRIES = 2;
/** Nobody looks at a page that waits for longer than this. */
const MAX_WAIT_SECONDS = 30;
/** What a proxy, or whatever else is on the way, means by a status. @type {Record<number, string>} */
const FOREIGN = { 413: "The photo is too large for a server on the way." };
/** From here on, a status without a code of the service is a proxy's, behind which the service is away. */
const AWAY = 502;

/** @returns {Promise<ModelInfo[]>} the default model first */
export async function loadModels() {
  /** @type {ModelList} */
  const list = await call("v1/models");
  return list.models;
}

/**
 * @param {Blob} photo
 * @param {string} name of the file
 * @param {{model: string, everybody: boolean}} question the model is empty for the default
 * @param {AbortSignal} signal ends the call, the upload included
 * @returns {Promise<Answer>}
 */
export async function classify(photo, name, { model, everybody }, signal) {
  const form = new FormData();
  form.append("image", photo, name);
  const query = new URLSearchParams({ ...(model && { model }), ...(everybody && { faces: "all" }), evidence: "true" });
  return call(`v1/classify?${query}`, { method: "POST", body: form, signal });
}

/**
 * @param {string} address
 * @param {RequestInit} [options]
 * @param {number} [retries]
 * @returns {Promise<any>}
 */
async function call(address, options = {}, retries = RETRIES) {
  const key = storedKey();
  const { response, body } = await reach(address, key, options);
  if (response.ok && body !== null) return body;
  const failure = refused(response.status, body, key !== null);
  if (failure.wantsKey && dropKey(key)) return call(address, options, retries);
  const seconds = secondsToWait(response);
  if (seconds === null || retries === 0) throw failure;
  await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  options.signal?.throwIfAborted();
  return call(address, options, retries - 1);
}

/**
 * @param {string} address
 * @param {string | null} key
 * @param {RequestInit} options
 * @returns {Promise<{response: Response, body: any}>} body null where it is no JSON
 */
async function reach(address, key, options) {
  /** @type {Record<string, string>} */
  const headers = key ? { "X-API-Key": key } : {};
  // AbortSignal.any() would join the two, but is younger than the browsers of many phones.
  const limit = new AbortController();
  const stop = () => limit.abort();
  const timer = setTimeout(stop, TIMEOUT_MS);
  options.signal?.addEventListener("abort", stop);
  let begun = false;
  try {
    const response = await fetch(address, { ...options, headers, signal: limit.signal });
    begun = true;
    return { response, body: parsed(await response.text()) };
  } catch {
    options.signal?.throwIfAborted();
    throw unreached(limit.signal.aborted, begun);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", stop);
  }
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * @param {boolean} late
 * @param {boolean} begun whether an answer had begun to arrive
 */
function unreached(late, begun) {
  if (late) return new Failure("No answer came", "The network or the service is too slow.", { retryable: true });
  if (begun) return lost("The answer was cut off", "The connection was lost on the way.");
  const reason = navigator.onLine ? "It may be starting, or the network is down." : "This device is offline.";
  return lost("The service cannot be reached", reason);
}

/**
 * What may go by itself.
 * @param {string} title
 * @param {string} message
 */
function lost(title, message) {
  return new Failure(title, message, { retryable: true, code: UNREACHED });
}

/**
 * What a busy service asks for.
 * @param {Response} response
 * @returns {number | null} null where waiting is not asked for, or for too long
 */
function secondsToWait({ status, headers }) {
  const seconds = Number.parseInt(headers.get("Retry-After") ?? "", 10);
  return status === 503 && seconds >= 0 && seconds <= MAX_WAIT_SECONDS ? seconds : null;
}

/**
 * @param {number} status
 * @param {Partial<Problem> | null} problem null where something else answered, for instance a proxy
 * @param {boolean} keySent
 * @returns {Failure}
 */
function refused(status, problem, keySent) {
  if (status >= AWAY && !problem?.code) {
    return lost("The service cannot be reached", `It may be starting: a server on the way answered with status ${status}.`);
  }
  const isForeign = status < 400;
  const reason = isForeign ? "Something else answered in its place." : FOREIGN[status] ?? `It answered with status ${status}.`;
  return new Failure(problem?.title ?? "The service could not answer", problem?.detail ?? reason, {
    retryable: isForeign || status >= 500 || [401, 408, 429].includes(status),
    requestId: problem?.request_id,
    code: problem?.code,
    status,
    keySent,
  });
}
