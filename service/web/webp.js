/** WebP photos that were stored turned: the service turns them by their EXIF, many browsers show them as they lie. */

/** The flag of an extended WebP file that says that it carries EXIF. */
const HAS_EXIF = 0x08;
const ORIENTATION = 0x0112;
/**
 * From the stored picture, of width `w` and height `h`, to the upright one: the arguments of `setTransform`.
 * @type {Record<number, (w: number, h: number) => [number, number, number, number, number, number]>}
 */
const TURNS = {
  2: (w) => [-1, 0, 0, 1, w, 0],
  3: (w, h) => [-1, 0, 0, -1, w, h],
  4: (w, h) => [1, 0, 0, -1, 0, h],
  5: () => [0, 1, 1, 0, 0, 0],
  6: (w, h) => [0, 1, -1, 0, h, 0],
  7: (w, h) => [0, -1, -1, 0, h, w],
  8: (w) => [0, -1, 1, 0, 0, w],
};

/**
 * @param {Blob} photo
 * @returns {Promise<HTMLCanvasElement | null>} upright; null for any other photo, or one that lies as it is seen
 */
export async function uprightWebP(photo) {
  const head = new DataView(await photo.slice(0, 21).arrayBuffer());
  if (head.byteLength < 21 || word(head, 8) !== "WEBP" || word(head, 12) !== "VP8X") return null;
  if (!(head.getUint8(20) & HAS_EXIF)) return null;
  const orientation = orientationOf(new DataView(await photo.arrayBuffer()));
  const turn = TURNS[orientation];
  const bitmap = turn && (await createImageBitmap(photo, { imageOrientation: "none" }).catch(() => null));
  if (!bitmap) return null;
  const { width, height } = bitmap;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = orientation < 5 ? [width, height] : [height, width];
  const context = canvas.getContext("2d");
  context?.setTransform(...turn(width, height));
  context?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas;
}

/**
 * @param {DataView} file
 * @returns {number} 1 where the EXIF says nothing or is damaged
 */
function orientationOf(file) {
  try {
    for (let at = 12; at < file.byteLength; ) {
      const size = file.getUint32(at + 4, true);
      if (word(file, at) === "EXIF") return tagOf(file, at + 8);
      at += 8 + size + (size % 2);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return 1;
}

/**
 * @param {DataView} file
 * @param {number} exif where it begins
 */
function tagOf(file, exif) {
  const tiff = word(file, exif) === "Exif" ? exif + 6 : exif;
  const isLittle = word(file, tiff).startsWith("II");
  const table = tiff + file.getUint32(tiff + 4, isLittle);
  const entries = file.getUint16(table, isLittle);
  for (let entry = table + 2; entry < table + 2 + 12 * entries; entry += 12) {
    if (file.getUint16(entry, isLittle) === ORIENTATION) return file.getUint16(entry + 8, isLittle);
  }
  return 1;
}

/**
 * @param {DataView} file
 * @param {number} at
 */
function word(file, at) {
  return String.fromCharCode(...[0, 1, 2, 3].map((offset) => file.getUint8(at + offset)));
}
