/** Frames on a photo, around what was looked at, and names beside those of eyes, with the number of the face in a group. */

import { element } from "./dom.js";
import { inOrder, isGroup, numberOf } from "./regions.js";

/** @type {Record<string, string>} */
const SIDES = { left_eye: "Left", right_eye: "Right" };
/** Percent of the photo: in less there is no room for a name above an eye, or on its outside. */
const MARGIN = 15;

/**
 * @param {import("./api.js").Answer} answer
 * @returns {HTMLElement[]}
 */
export function frames(answer) {
  const { width, height } = answer.image;
  const all = inOrder(answer);
  const several = isGroup(answer);
  const nameWidth = several ? "6em" : "4.5em";
  return all.flatMap(({ region, face, box }) => {
    const left = (100 * box.left) / width;
    const top = (100 * box.top) / height;
    const right = 100 - left - (100 * box.width) / width;
    const bottom = 100 - top - (100 * box.height) / height;
    const side = SIDES[region];
    const frame = placed(side ? "box" : "box faint", { inset: `${top}% ${right}% ${bottom}% ${left}%` });
    if (!side) return [frame];
    // Away from the other eye: above and to the outside; of eyes one above the other, above and below.
    const other = all.find((looked) => looked.face === face && looked.region !== region)?.box ?? box;
    const [across, down] = [box.left - other.left, box.top - other.top];
    const isCrowded = 100 - (across > 0 ? left : right) < MARGIN;
    const isBelow = Math.abs(down) > Math.abs(across) ? down > 0 : top < MARGIN !== isCrowded;
    const name = placed("side", {
      ...(across > 0 ? { left: within(left, nameWidth) } : { right: within(right, nameWidth) }),
      ...(isBelow ? { top: within(100 - bottom, "2em") } : { bottom: within(100 - top, "2em") }),
    });
    name.textContent = several ? `${numberOf(face)} ${side}` : side;
    return [frame, name];
  });
}

/**
 * @param {string} className
 * @param {Partial<CSSStyleDeclaration>} place
 */
function placed(className, place) {
  const node = element("div", { className, "aria-hidden": "true" });
  Object.assign(node.style, place);
  return node;
}

/**
 * @param {number} percent from an edge of the photo
 * @param {string} size what still has to fit in
 */
function within(percent, size) {
  return `clamp(0px, ${percent}%, 100% - ${size})`;
}
