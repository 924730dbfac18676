import type { ConfidenceBadge } from "./element.js";

const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, Home: -Infinity, End: Infinity };

/**
 * Makes the badges of an answer one tab stop: one of them can be reached by Tab, and the arrow keys,
 * Home and End go to the others.
 */
export class RovingFocus {
  readonly #root: Element;
  readonly #badges: () => Iterable<ConfidenceBadge>;
  #current: ConfidenceBadge | undefined;

  constructor(root: Element, badges: () => Iterable<ConfidenceBadge>) {
    this.#root = root;
    this.#badges = badges;
    root.addEventListener("keydown", this.#onKey);
    root.addEventListener("focusin", this.#onFocus);
  }

  /** Chooses the tab stop again, after badges were added or removed. */
  update(): void {
    let first: ConfidenceBadge | undefined;
    let found = false;
    for (const badge of this.#badges()) {
      badge.reachable = false;
      first = first === undefined || before(badge, first) ? badge : first;
      found ||= badge === this.#current;
    }
    this.#current = found ? this.#current : first;
    if (this.#current !== undefined) {
      this.#current.reachable = true;
    }
  }

  /** Removes the listeners. */
  disconnect(): void {
    this.#root.removeEventListener("keydown", this.#onKey);
    this.#root.removeEventListener("focusin", this.#onFocus);
  }

  readonly #onFocus = ({ target }: Event): void => {
    for (const badge of this.#badges()) {
      if (badge === target) {
        this.#current = badge;
        this.update();
        return;
      }
    }
  };

  readonly #onKey = (event: Event): void => {
    const { key, altKey, ctrlKey, metaKey, shiftKey, target } = event as KeyboardEvent;
    const step = STEPS[key];
    const badges = [...this.#badges()].sort((a, b) => (before(a, b) ? -1 : 1));
    const at = badges.findIndex((badge) => badge === target);
    if (step === undefined || altKey || ctrlKey || metaKey || shiftKey || at < 0 || badges[at]?.inPanel === true) {
      return;
    }
    // In a text from right to left the left arrow goes forward.
    const turned = key.endsWith("t") && key.startsWith("Arrow") && getComputedStyle(this.#root).direction === "rtl" ? -step : step;
    const to = badges[Math.max(0, Math.min(badges.length - 1, at + turned))];
    event.preventDefault();
    to?.focus();
    to?.scrollIntoView({ block: "nearest" });
  };
}

function before(a: Element, b: Element): boolean {
  return (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
}
