/** The camera dialog: live preview, outline, front or back camera, countdown. */

import { byId } from "./dom.js";
import { Failure } from "./failure.js";
import { encode } from "./photo.js";

const COUNTDOWN_SECONDS = 3;
/** @type {Record<string, string>} */
const PROBLEMS = {
  NotAllowedError: "The camera was not allowed. Allow it in the browser's settings for this page.",
  NotFoundError: "No camera was found.",
  NotReadableError: "The camera is in use by another program.",
};
const ENDED = "The camera was switched off or unplugged. Close this and open it again, or use another one.";

export class Camera {
  #dialog = byId("camera", HTMLDialogElement);
  #video = byId("video", HTMLVideoElement);
  #guide = byId("guide", HTMLDivElement);
  #hint = byId("camera-hint", HTMLParagraphElement);
  #instead = byId("instead", HTMLButtonElement);
  #problem = byId("camera-problem", HTMLParagraphElement);
  #countdown = byId("countdown", HTMLOutputElement);
  #timer = byId("timer", HTMLInputElement);
  #flip = byId("flip", HTMLButtonElement);
  #shoot = byId("shoot", HTMLButtonElement);
  /** @type {MediaStream | null} */
  #stream = null;
  /** What the camera that was last seen says of itself. @type {MediaTrackSettings | undefined} */
  #shown;
  #facing = "";
  /** The one to show, where the way they face does not tell cameras apart, as on a desktop. */
  #device = "";
  /** Every opening and closing makes a new one; work begun in an older one stops. */
  #session = 0;

  /**
   * @param {(photo: File) => void} onPhoto
   * @param {() => void} onInstead there is no picture to be had, and files are to be chosen
   */
  constructor(onPhoto, onInstead) {
    this.onPhoto = onPhoto;
    this.#dialog.addEventListener("close", () => this.#stop());
    byId("camera-close", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    this.#instead.addEventListener("click", () => {
      this.#dialog.close();
      onInstead();
    });
    this.#flip.addEventListener("click", () => this.#turn());
    this.#shoot.addEventListener("click", () => this.#take());
  }

  /** False where the browser keeps the camera from pages, as it does without https. */
  static get available() {
    return navigator.mediaDevices !== undefined;
  }

  /**
   * Show the preview.
   * @param {boolean} face whether the outline is that of a face
   */
  async open(face) {
    const isOther = face !== this.#guide.classList.contains("face");
    // Things are in front of whoever holds the phone.
    if (isOther || this.#facing === "") this.#facing = face ? "user" : "environment";
    this.#guide.classList.toggle("face", face);
    this.#hint.textContent = face
      ? "Face the light, place your face in the outline and look into the camera."
      : "Fill the square with what you want to show.";
    this.#dialog.showModal();
    await this.#start();
  }

  async #start() {
    const session = ++this.#session;
    this.#say("");
    try {
      const size = { width: { ideal: 1920 }, height: { ideal: 1440 } };
      const which = this.#device ? { deviceId: { ideal: this.#device } } : { facingMode: { ideal: this.#facing } };
      const video = { ...which, ...size };
      const stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
      if (session !== this.#session) return release(stream);
      this.#stream = stream;
      await this.#show(stream);
    } catch (error) {
      if (session !== this.#session) return;
      this.#shown = undefined;
      this.#fail(error);
    }
  }

  /** @param {MediaStream} stream */
  async #show(stream) {
    const [track] = stream.getVideoTracks();
    track?.addEventListener("ended", () => {
      if (stream === this.#stream) this.#end();
    });
    this.#shown = track?.getSettings();
    // People expect a mirror when they see themselves; the picture taken is never mirrored.
    this.#video.parentElement?.classList.toggle("mirrored", this.#shown?.facingMode !== "environment");
    this.#video.srcObject = stream;
    await this.#video.play();
    this.#ready();
    this.#flip.hidden = (await cameras()).length < 2;
  }

  /** A button that is disabled loses the focus. */
  #ready() {
    this.#shoot.disabled = false;
    this.#shoot.focus();
  }

  /** @param {unknown} error */
  #fail(error) {
    if (error instanceof Failure) return this.#say(`${error.title}. ${error.message}`);
    const name = error instanceof DOMException ? error.name : "";
    this.#say(PROBLEMS[name] ?? `The camera cannot be used: ${error}`);
  }

  /** The camera went away by itself. */
  #end() {
    this.#stop();
    this.#say(ENDED);
  }

  /**
   * Say what is wrong, with a way out where there is no camera; how to hold it is for when there is one.
   * @param {string} problem empty where nothing is
   */
  #say(problem) {
    const isMissing = problem !== "" && this.#stream === null;
    this.#problem.textContent = problem;
    this.#problem.hidden = problem === "";
    this.#guide.hidden = this.#hint.hidden = isMissing;
    this.#instead.hidden = !isMissing;
  }

  async #turn() {
    // Whoever taps twice wants the next one still.
    const shown = this.#shown;
    this.#stop();
    const session = this.#session;
    const ids = (await cameras()).map(({ deviceId }) => deviceId);
    if (session !== this.#session) return;
    const next = ids[(ids.indexOf(shown?.deviceId ?? "") + 1) % ids.length] ?? "";
    if (shown?.facingMode) this.#facing = shown.facingMode === "user" ? "environment" : "user";
    this.#device = shown?.facingMode ? "" : next;
    await this.#start();
  }

  async #take() {
    const session = this.#session;
    this.#shoot.disabled = true;
    if (this.#timer.checked) await this.#count(session);
    if (session !== this.#session) return;
    try {
      const picture = shown(this.#video);
      const blob = await encode(picture, picture.width, picture.height);
      picture.width = 0;
      if (session === this.#session) this.#hand(blob);
    } catch (error) {
      if (session !== this.#session) return;
      this.#fail(error);
      this.#ready();
    }
  }

  /** @param {Blob} blob */
  #hand(blob) {
    // As the clock on the wall says, in the order that sorts, which Swedish has.
    const time = new Date().toLocaleString("sv").replace(" ", "T").replaceAll(":", "-");
    this.#dialog.close();
    this.onPhoto(new File([blob], `camera-${time}.jpg`, { type: blob.type }));
  }

  /** @param {number} session */
  async #count(session) {
    for (let left = COUNTDOWN_SECONDS; left > 0 && session === this.#session; left -= 1) {
      this.#countdown.value = String(left);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    if (session === this.#session) this.#countdown.value = "";
  }

  #stop() {
    this.#session += 1;
    if (this.#stream) release(this.#stream);
    this.#stream = null;
    this.#video.srcObject = null;
    this.#shoot.disabled = true;
    this.#countdown.value = "";
  }
}

/**
 * As much of the picture as the preview shows: the outline is about that.
 * @param {HTMLVideoElement} video
 */
function shown(video) {
  const { videoWidth, videoHeight, clientWidth, clientHeight } = video;
  const scale = Math.max(clientWidth / videoWidth, clientHeight / videoHeight);
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(clientWidth / scale);
  canvas.height = Math.round(clientHeight / scale);
  canvas.getContext("2d")?.drawImage(video, (canvas.width - videoWidth) / 2, (canvas.height - videoHeight) / 2);
  return canvas;
}

async function cameras() {
  return (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
}

/** @param {MediaStream} stream */
function release(stream) {
  for (const track of stream.getTracks()) track.stop();
}
