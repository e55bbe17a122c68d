/** Photos on their way to the service: upright, not larger than needed, in a format it reads. */

import { Failure } from "./failure.js";
import { uprightWebP } from "./webp.js";

/** Pixels along the longer side; an eye of a portrait is still larger than any network's input. */
const MAX_SIDE = 2048;
/** A phone on a slow network sends this within the service's patience. */
const MAX_BYTES = 1024 * 1024;
/** More than any photo has; a film may have more than the browser has memory for. */
const MAX_FILE_MB = 256;
const QUALITY = 0.9;
/** For what is still too large, one after the other; only noise needs the last ones. */
const SMALLER = [
  { side: MAX_SIDE, quality: 0.8 },
  { side: MAX_SIDE, quality: 0.7 },
  { side: 1536, quality: 0.7 },
  { side: 1024, quality: 0.7 },
];
const SENT_AS_THEY_ARE = new Set(["image/jpeg", "image/png", "image/webp"]);
const HEIC_BRANDS = new Set(["heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1"]);

/**
 * The photo as it is sent. What this browser cannot decode goes unchanged: the service says what it is.
 * @param {File} file
 * @returns {Promise<Blob>}
 * @throws {Failure} for a file that is gone or far too large, or a HEIC photo in a browser that cannot open it
 */
export async function prepare(file) {
  const photo = await read(file);
  const turned = await uprightWebP(photo);
  const picture = turned ?? (await decode(photo));
  if (picture === null) {
    if (await isHeic(photo)) throw heicFailure();
    return photo;
  }
  try {
    const isSmall = Math.max(picture.width, picture.height) <= MAX_SIDE && photo.size <= MAX_BYTES;
    if (isSmall && !turned && SENT_AS_THEY_ARE.has(photo.type)) return photo;
    return await reduce(picture);
  } finally {
    if (picture instanceof ImageBitmap) picture.close();
    else picture.width = 0;
  }
}

/**
 * A copy in memory: a file may be moved or deleted while its photo waits.
 * @param {File} file
 */
async function read(file) {
  const megabytes = Math.ceil(file.size / 1024 / 1024);
  if (megabytes > MAX_FILE_MB) {
    throw new Failure("The file is too large", `Expected a photo of at most ${MAX_FILE_MB} MB. Received: ${megabytes} MB.`);
  }
  try {
    return new Blob([await file.arrayBuffer()], { type: file.type });
  } catch {
    throw new Failure("The file cannot be read", "It is a folder, or it was moved, changed or deleted meanwhile.");
  }
}

/** @param {ImageBitmap | HTMLCanvasElement} picture */
async function reduce(picture) {
  let photo = await within(picture, MAX_SIDE, QUALITY);
  for (const { side, quality } of SMALLER) {
    if (photo.size <= MAX_BYTES) break;
    photo = await within(picture, side, quality);
  }
  return photo;
}

/**
 * @param {ImageBitmap | HTMLCanvasElement} picture
 * @param {number} side
 * @param {number} quality
 */
function within(picture, side, quality) {
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  return encode(picture, Math.round(picture.width * scale), Math.round(picture.height * scale), quality);
}

/**
 * Draw a picture as JPEG.
 * @param {CanvasImageSource} picture
 * @param {number} width
 * @param {number} height
 * @param {number} [quality] 0 to 1
 * @returns {Promise<Blob>}
 */
export async function encode(picture, width, height, quality = QUALITY) {
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
    const done = (/** @type {Blob | null} */ blob) => {
      // Safari on many a phone has room for a dozen of them, and else finds none for the photos that follow.
      canvas.width = 0;
      if (blob) resolve(blob);
      else reject(new Failure("The picture cannot be encoded", "Try a smaller one."));
    };
    canvas.toBlob(done, "image/jpeg", quality);
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
