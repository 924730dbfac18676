import { ConfidenceBadge } from "./element.js";
import { type PositionConfidence, shownAs } from "./positions.js";
import { showValue, summarise } from "./words.js";

/** How a message's confidences are announced. */
export interface LiveOptions {
  /** The least time between two announcements, in milliseconds; default 8000. */
  interval?: number;
  /** How numbers are written, a BCP 47 tag. */
  locale?: string;
}

/** How the values of several positions are shown: as words unless all of them are calibrated. */
function formatOf(positions: readonly PositionConfidence[], locale: string | undefined): (value: number) => string {
  const known = positions.filter(({ fused }) => fused !== null);
  const example = known.find(({ calibrated }) => !calibrated) ?? known[0];
  return (value) => (example === undefined ? "" : showValue(value, shownAs(example), ConfidenceBadge.words, locale));
}

// What comes in one burst is announced once.
const DEBOUNCE = 600;

/**
 * The one polite live region of a message: a summary in words for people who
 * do not see the badges, after the first values, then at most once an interval,
 * and once at the end. The region is invisible and takes no room.
 */
export class LiveSummary {
  /** The region, `role="status"`; put it beside the message, not into it. */
  readonly element: HTMLElement;

  readonly #interval: number;
  readonly #locale: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #last = -Infinity;
  #positions: readonly PositionConfidence[] = [];
  #done = false;

  constructor(options: LiveOptions = {}) {
    this.#interval = options.interval ?? 8000;
    this.#locale = options.locale;
    const element = this.element = document.createElement("div");
    element.setAttribute("role", "status");
    element.setAttribute("aria-live", "polite");
    element.className = "confidence-summary";
    Object.assign(element.style, {
      position: "absolute", inlineSize: "1px", blockSize: "1px", overflow: "hidden", clipPath: "inset(50%)", whiteSpace: "nowrap",
    });
  }

  /** Takes the positions as they are now, and whether nothing will change any more. They are read when there is something to say. */
  update(positions: readonly PositionConfidence[], done = false): void {
    if (positions === this.#positions && done === this.#done) {
      return;
    }
    if (!done && !positions.some(({ fused }) => fused !== null)) {
      return;
    }
    this.#positions = positions;
    if (done && !this.#done) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    this.#done = done;
    if (this.#timer === undefined) {
      const wait = done ? DEBOUNCE : Math.max(DEBOUNCE, this.#last + this.#interval - performance.now());
      this.#timer = setTimeout(this.#announce, wait);
    }
  }

  /** Takes the region away. */
  disconnect(): void {
    clearTimeout(this.#timer);
    this.element.remove();
  }

  readonly #announce = (): void => {
    this.#timer = undefined;
    const text = ConfidenceBadge.words.summary(summarise(this.#positions, this.#done), formatOf(this.#positions, this.#locale));
    if (this.element.textContent !== text) {
      this.#last = performance.now();
      this.element.textContent = text;
    }
  };
}
