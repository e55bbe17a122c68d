/** What went wrong, as something to show. */

/** Code of a failure to get any answer, which may go by itself. */
export const UNREACHED = "unreached";

/** Something the user has to know; `message` says what, in a sentence. */
export class Failure extends Error {
  /**
   * @param {string} title
   * @param {string} message
   * @param {{retryable?: boolean, requestId?: string, code?: string, status?: number, keySent?: boolean}} [more]
   */
  constructor(title, message, { retryable = false, requestId = "", code = "", status = 0, keySent = false } = {}) {
    super(message);
    this.title = title;
    this.retryable = retryable;
    this.requestId = requestId;
    this.code = code;
    this.status = status;
    this.keySent = keySent;
  }

  /** Whether the operator's key is missing, or is another by now. */
  get wantsKey() {
    return this.code === "unauthorized";
  }

  /** Whether the service or the network was away. */
  get isOutage() {
    return this.code === UNREACHED;
  }

  /** Whether the photo came in too slowly. */
  get isSlowLine() {
    return this.status === 408;
  }
}

/**
 * Any error as something to show; a fault of the page itself goes to the console too.
 * @param {unknown} error
 * @returns {Failure}
 */
export function asFailure(error) {
  if (error instanceof Failure) return error;
  console.error(error);
  return new Failure("Something went wrong on this page", String(error), { retryable: true });
}
