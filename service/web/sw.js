/** Keeps a copy of the page, so that it opens without a network; answers always come from the service. */

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
/** Ends the names of what this page keeps: other pages of the same origin keep things too. */
const OURS = ` of ${worker.registration.scope}`;
/** The service makes the first word one that changes with any file. */
const CACHE = `web-files${OURS}`;
/** Nobody waits longer for a network that says nothing. */
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
  event.respondWith(newest(event));
});

async function forgetOthers() {
  const names = (await caches.keys()).filter((name) => name.endsWith(OURS) && name !== CACHE);
  await Promise.all(names.map((name) => caches.delete(name)));
}

/**
 * The network's copy, which replaces ours; ours where there is no network, or no service that answers.
 * @param {FetchEvent} event
 * @returns {Promise<Response>}
 */
async function newest(event) {
  const cache = await caches.open(CACHE);
  const copy = await cache.match(event.request);
  const limit = new AbortController();
  const timer = copy && setTimeout(() => limit.abort(), PATIENCE_MS);
  try {
    const response = await fetch(event.request, { signal: limit.signal });
    // A proxy answers in place of a service that is away.
    if (copy && response.status >= 502) return copy;
    // A full disk is no reason to keep the page from anybody.
    if (response.ok) event.waitUntil(cache.put(event.request, response.clone()).catch(() => {}));
    return response;
  } catch (error) {
    if (copy) return copy;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
