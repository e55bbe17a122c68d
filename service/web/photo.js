/** Photos on their way to the service: upright, not larger than needed, in a format it reads. */

import { Failure } from "./failure.js";

/** Pixels along the longer side; an eye of a portrait is still larger than any network's input. */
const MAX_SIDE = 2048;
/** A phone on a slow network sends this within the service's patience. */
const MAX_BYTES = 1024 * 1024;
const QUALITY = 0.9;
const SENT_AS_THEY_ARE = new Set(["image/jpeg", "image/png", "image/webp"]);
const HEIC_BRANDS = new Set(["heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1"]);

/**
 * The photo as it is sent. What this browser cannot decode goes unchanged: the service says what it is.
 * @param {File} file
 * @returns {Promise<Blob>}
 * @throws {Failure} for a HEIC photo in a browser that cannot open it
 */
export async function prepare(file) {
  const bitmap = await decode(file);
  if (bitmap === null) {
    if (await isHeic(file)) throw heicFailure();
    return file;
  }
  try {
    const scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
    if (scale === 1 && file.size <= MAX_BYTES && SENT_AS_THEY_ARE.has(file.type)) return file;
    return await encode(bitmap, Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
  } finally {
    bitmap.close();
  }
}

/**
 * Draw a picture as JPEG.
 * @param {CanvasImageSource} picture
 * @param {number} width
 * @param {number} height
 * @returns {Promise<Blob>}
 */
export async function encode(picture, width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, width);
  canvas.height = Math.max(1, height);
  const context = canvas.getContext("2d");
  if (context === null) throw new Failure("The picture cannot be drawn", "This browser has no canvas.");
  // JPEG has no transparency; white is what people see behind a transparent picture.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    const done = (/** @type {Blob | null} */ blob) =>
      blob ? resolve(blob) : reject(new Failure("The picture cannot be encoded", "Try a smaller one."));
    canvas.toBlob(done, "image/jpeg", QUALITY);
  });
}

/** @param {Blob} file */
async function decode(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
}

/** @param {Blob} file */
async function isHeic(file) {
  const start = await file.slice(4, 12).text();
  return start.startsWith("ftyp") && HEIC_BRANDS.has(start.slice(4));
}

function heicFailure() {
  return new Failure(
    "This browser cannot open HEIC photos",
    "Safari can. Elsewhere, save the photo as JPEG first; an iPhone takes JPEG photos when " +
      "Settings, Camera, Formats is set to Most Compatible.",
    { code: "heic" },
  );
}
