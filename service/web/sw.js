/** Keeps a copy of the page, so that it opens without a network; answers always come from the service. */

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const CACHE = "web-1";
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
  "web/gallery.js",
  "web/icon-192.png",
  "web/icon-512.png",
  "web/icon.svg",
  "web/key.js",
  "web/manifest.webmanifest",
  "web/models.js",
  "web/photo.js",
  "web/results.js",
  "web/style.css",
  "web/vendor/pico.css",
  "web/webp.js",
];
const kept = new Set(FILES.map((file) => new URL(file, worker.registration.scope).href));

worker.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)));
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys().then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)))),
  );
});

worker.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || !kept.has(event.request.url)) return;
  event.respondWith(newest(event));
});

/**
 * The network's copy, which replaces ours; ours where there is no network.
 * @param {FetchEvent} event
 * @returns {Promise<Response>}
 */
async function newest(event) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(event.request);
    // A full disk is no reason to keep the page from anybody.
    if (response.ok) event.waitUntil(cache.put(event.request, response.clone()).catch(() => {}));
    return response;
  } catch (error) {
    const copy = await cache.match(event.request);
    if (copy) return copy;
    throw error;
  }
}
