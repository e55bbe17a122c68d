/** Keeps a copy of the page, so that it opens without a network; answers always come from the service. */

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
/** Ends the names of what this page keeps: other pages of the same origin keep things too. */
const OURS = ` of ${worker.registration.scope}`;
/** The service makes the first word one that changes with any file. */
const CACHE = `web-files${OURS}`;
/** Nobody waits longer for a page, where the network says nothing. */
const PATIENCE_MS = 3_000;
const FILES = [
  "./",
  "web/about.js",
  "web/api.js",
  "web/app.js",
  "web/camera.js",
  "web/card.js",
  "web/csv.js",
  "web/dom.js",
  "web/failure.js",
  "web/frames.js",
  "web/gallery.js",
  "web/icon-192.png",
  "web/icon-512.png",
  "web/icon.svg",
  "web/key.js",
  "web/manifest.webmanifest",
  "web/models.js",
  "web/photo.js",
  "web/regions.js",
  "web/results.js",
  "web/style.css",
  "web/vendor/pico.css",
  "web/webp.js",
];
/**
 * Whether a page was shown from what is kept, by its id: its files then are too, as those of two versions do not fit.
 * @type {Map<string, boolean>}
 */
const isOld = new Map();
const kept = new Set(FILES.map((file) => new URL(file, worker.registration.scope).href));

worker.addEventListener("install", (event) => {
  // An older worker shows the newest page too, but its list lacks what the page has come to need.
  worker.skipWaiting();
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)));
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(Promise.all([worker.clients.claim(), forgetOthers()]));
});

worker.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || !kept.has(event.request.url)) return;
  event.respondWith(event.request.mode === "navigate" ? page(event) : file(event));
});

async function forgetOthers() {
  const names = (await caches.keys()).filter((name) => name.endsWith(OURS) && name !== CACHE);
  await Promise.all(names.map((name) => caches.delete(name)));
}

/** @param {FetchEvent} event */
async function page(event) {
  const copy = await ours(event.request);
  const response = await newest(event, copy);
  isOld.set(event.resultingClientId, response === copy);
  return response;
}

/** @param {FetchEvent} event */
async function file(event) {
  const copy = await ours(event.request);
  const old = isOld.get(event.clientId);
  if (copy && old) return copy;
  // What belongs to a page that has just come is worth waiting for.
  return newest(event, copy, old === undefined ? PATIENCE_MS : Infinity);
}

/** @param {Request} request */
async function ours(request) {
  return (await caches.open(CACHE)).match(request);
}

/**
 * The network's copy, which replaces ours; ours where there is no network, or no service that answers.
 * @param {FetchEvent} event
 * @param {Response | undefined} copy
 * @param {number} [patience] milliseconds
 * @returns {Promise<Response>}
 */
async function newest(event, copy, patience = PATIENCE_MS) {
  const limit = new AbortController();
  const timer = copy && patience < Infinity ? setTimeout(() => limit.abort(), patience) : undefined;
  try {
    const response = await fetch(event.request, { signal: limit.signal });
    // A proxy answers in place of a service that is away.
    if (copy && response.status >= 502) return copy;
    // A full disk is no reason to keep the page from anybody.
    if (response.ok) event.waitUntil(keep(event.request, response.clone()).catch(() => {}));
    return response;
  } catch (error) {
    if (copy) return copy;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {Request} request
 * @param {Response} response
 */
async function keep(request, response) {
  await (await caches.open(CACHE)).put(request, response);
}
