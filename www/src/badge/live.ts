import { type PositionConfidence, headlineOf } from "./positions.js";
import { answerText, isLow, positionBand } from "./shown.js";
import { type Words, languageAt, wordsFor } from "./words.js";

/** How a message's confidences are announced. */
export interface LiveOptions {
  /**
   * The shortest time between two announcements while the answer is written, in milliseconds. The default is 0: only
   * the end of the answer is announced.
   */
  interval?: number | undefined;
  /** The language, and how numbers are written: a BCP 47 tag. */
  locale?: string | undefined;
  /** Texts instead of those of the language. */
  words?: Partial<Words> | undefined;
  /** The limits of the bands; default 0.5 and 0.8. */
  bands?: readonly [number, number] | undefined;
}

// What comes in one burst is announced once.
const DEBOUNCE = 600;

/**
 * A message's polite live region, for people who use a screen reader. At the end of the answer it
 * announces the answer's confidence in words, and how many paragraphs should be checked. The region
 * is invisible and takes no space.
 */
export class LiveSummary {
  /** The region, `role="status"`; put it beside the message, not into it. */
  readonly element: HTMLElement;

  readonly #options: LiveOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #last = -Infinity;
  #positions: readonly PositionConfidence[] = [];
  #done = false;

  constructor(options: LiveOptions = {}) {
    this.#options = options;
    const element = this.element = document.createElement("div");
    element.setAttribute("role", "status");
    element.setAttribute("aria-live", "polite");
    element.className = "confidence-summary";
    Object.assign(element.style, {
      position: "absolute", inlineSize: "1px", blockSize: "1px", overflow: "hidden", clipPath: "inset(50%)", whiteSpace: "nowrap", userSelect: "none",
    });
  }

  /** Takes the current positions, and whether they are complete. They are read when the announcement is made. */
  update(positions: readonly PositionConfidence[], done = false): void {
    const { interval = 0 } = this.#options;
    if ((positions === this.#positions && done === this.#done)
      || (!done && (interval <= 0 || !positions.some(({ fused }) => fused !== null)))) {
      return;
    }
    this.#positions = positions;
    if (done && !this.#done) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    this.#done = done;
    this.#timer ??= setTimeout(this.#announce, done ? DEBOUNCE : Math.max(DEBOUNCE, this.#last + interval - performance.now()));
  }

  /** Removes the region. */
  disconnect(): void {
    clearTimeout(this.#timer);
    this.element.remove();
  }

  readonly #announce = (): void => {
    this.#timer = undefined;
    const { locale = languageAt(this.element), words, bands } = this.#options;
    const text = summaryOf(this.#positions, this.#done, { ...wordsFor(locale), ...words }, locale, bands);
    if (this.element.textContent !== text) {
      this.#last = performance.now();
      this.element.textContent = text;
    }
  };
}

/** What is said of an answer: its headline, and how many of its paragraphs are low. */
function summaryOf(
  positions: readonly PositionConfidence[], done: boolean, words: Words, locale: string, bands: readonly [number, number] | undefined,
): string {
  const headline = headlineOf(positions);
  const said = answerText({
    value: headline?.fused ?? null, band: headline === undefined ? undefined : positionBand(headline, bands), locale, calibrated: headline?.calibrated ?? false, state: headline?.state ?? (done ? "unavailable" : "pending"),
  }, words);
  const inside = positions.filter(({ kinds, fused }) => fused !== null && !kinds.includes("question"));
  const low = inside.filter((position) => isLow(position, bands)).length;
  return low === 0 ? `${said}.` : `${said}. ${words.toCheck(low, inside.length)}`;
}
