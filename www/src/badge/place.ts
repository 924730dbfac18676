import { SourceText, assign } from "./anchors.js";
import { ConfidenceBadge } from "./element.js";
import { LiveSummary, type LiveOptions, formatOf } from "./live.js";
import type { PositionConfidence } from "./positions.js";
import { type Calibration, formatCount, summarise } from "./words.js";

/** How badges are placed in a message. */
export interface PlaceOptions {
  /** Badges at most; the last ones are shown and the others summed up in the first of those. Default 100. */
  limit?: number;
  /** Which elements are blocks, a selector; blocks within blocks are the ones that count. */
  blocks?: string;
  /** How well calibrated the confidences are, if known. */
  calibration?: Calibration;
  /** How numbers are written, a BCP 47 tag. */
  locale?: string;
  /** The limits of the bands; default 0.5 and 0.8. */
  bands?: readonly [number, number];
  /** Announce the confidences to screen readers, in one live region beside the root; default true. */
  announce?: boolean | LiveOptions;
  /** Called for every badge that shows a position anew, to adorn it or its block. */
  onPlace?: (badge: ConfidenceBadge, position: PositionConfidence, block: Element) => void;
}

const BLOCKS = "p, li, h1, h2, h3, h4, h5, h6, pre, blockquote, td, th, dt, dd, figcaption";

/** Badges in one rendered message. */
export class BadgePlacement {
  readonly #root: Element;
  readonly #options: PlaceOptions;
  readonly #source = new SourceText();
  readonly #badges = new Map<number, ConfidenceBadge>();
  readonly #observer: MutationObserver;
  readonly #live: LiveSummary | undefined;
  #text = "";
  #positions: readonly PositionConfidence[] = [];
  #done = false;
  #frame = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #focused: ConfidenceBadge | undefined;

  /** @internal */
  constructor(root: Element, options: PlaceOptions) {
    ConfidenceBadge.define();
    this.#root = root;
    this.#options = options;
    // Runs before the next frame is painted, so a renderer that replaces everything makes nothing flicker.
    this.#observer = new MutationObserver(() => { this.flush(); });
    this.#observe();
    const { announce = true } = options;
    if (announce !== false) {
      this.#live = new LiveSummary({
        ...(options.locale === undefined ? {} : { locale: options.locale }), ...(announce === true ? {} : announce),
      });
      root.after(this.#live.element);
    }
  }

  /**
   * Takes the message's source text and its positions as they are now, and
   * whether nothing will change any more. The page changes with the next frame.
   */
  update(source: string, positions: readonly PositionConfidence[], done = false): void {
    this.#text = source;
    this.#positions = positions;
    this.#done = done;
    if (this.#frame === 0) {
      this.#frame = requestAnimationFrame(this.flush);
      this.#timer = setTimeout(this.flush, 250); // pages in the background have no frames
    }
  }

  /** Brings the page up to date at once. */
  readonly flush = (): void => {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#frame = 0;
    this.#place();
    this.#observer.takeRecords(); // our own
    this.#live?.update(this.#positions, this.#done);
  };

  /** Takes the badges and the live region away. */
  disconnect(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#observer.disconnect();
    this.#badges.forEach((badge) => { badge.remove(); });
    this.#badges.clear();
    this.#live?.disconnect();
  }

  #observe(): void {
    this.#observer.observe(this.#root, { childList: true, subtree: true, characterData: true });
  }

  #place(): void {
    const { limit = 100 } = this.#options;
    const blocks = this.#blocks();
    this.#source.update(this.#text);
    const { shown, rest } = assign(this.#source.starts(blocks.map(textOf)), this.#positions, limit);
    const unused = new Set(this.#badges.keys());
    for (const [i, { block: number, position }] of shown.entries()) {
      const block = blocks[number];
      if (block !== undefined) {
        unused.delete(number);
        this.#put(number, block, position, i === 0 ? rest : []);
      }
    }
    for (const number of unused) {
      this.#badges.get(number)?.remove();
      this.#badges.delete(number);
    }
  }

  #blocks(): Element[] {
    const selector = this.#options.blocks ?? BLOCKS;
    // What is in a badge is no block of the message.
    const all = [...this.#root.querySelectorAll(selector)].filter((block) => block.closest("confidence-badge") === null);
    const outer = new Set<Element>();
    for (const block of all) {
      const around = block.parentElement?.closest(selector);
      if (around !== null && around !== undefined) {
        outer.add(around);
      }
    }
    return all.filter((block) => !outer.has(block));
  }

  #put(number: number, block: Element, position: PositionConfidence, rest: readonly PositionConfidence[]): void {
    const { locale, calibration, bands, onPlace } = this.#options;
    let badge = this.#badges.get(number);
    if (badge === undefined) {
      badge = document.createElement("confidence-badge");
      this.#badges.set(number, badge);
      const made = badge;
      badge.addEventListener("focusin", () => { this.#focused = made; });
      // Being taken away by the renderer is a loss of focus too, so look a moment later.
      badge.addEventListener("focusout", () => {
        setTimeout(() => {
          if (this.#focused === made && document.activeElement !== made) {
            this.#focused = undefined;
          }
        });
      });
      if (locale !== undefined) {
        badge.locale = locale;
      }
      if (bands !== undefined) {
        badge.bands = bands;
      }
      badge.calibration = calibration;
    }
    badge.show(position);
    if (badge.parentNode !== block) {
      insert(badge, block);
      if (badge === this.#focused && document.activeElement === document.body) {
        badge.focus({ preventScroll: true }); // the renderer took it away with its block
      }
    } else if (badge.getAttribute("placed") === "end" && block.lastChild !== badge) {
      insert(badge, block);
    }
    this.#sumUp(badge, rest);
    onPlace?.(badge, position, block);
  }

  #sumUp(badge: ConfidenceBadge, rest: readonly PositionConfidence[]): void {
    const line = badge.querySelector(":scope > [data-more]");
    if (rest.length === 0) {
      line?.remove();
      return;
    }
    const { locale } = this.#options;
    const { lowest } = summarise(rest, true);
    const words = ConfidenceBadge.words.more(
      formatCount(rest.length, locale), lowest === null ? undefined : formatOf(rest, locale)(lowest),
    );
    const target = line ?? badge.appendChild(Object.assign(document.createElement("div"), { slot: "details" }));
    target.setAttribute("data-more", "");
    if (target.textContent !== words) {
      target.textContent = words;
    }
  }
}

/** Where the block's text ends, or in the upper corner of a block that scrolls. */
function insert(badge: ConfidenceBadge, block: Element): void {
  if (block.localName === "pre") {
    badge.setAttribute("placed", "corner");
    block.prepend(badge);
  } else {
    badge.setAttribute("placed", "end");
    block.append(badge);
  }
}

/** A block's text without what badges in it say. */
function textOf(block: Element): string {
  let text = "";
  for (const node of block.childNodes) {
    if (node.nodeType === Node.TEXT_NODE || (node instanceof Element && node.localName !== "confidence-badge")) {
      text += node.textContent ?? "";
    }
  }
  return text;
}

/**
 * Places badges in a message that was rendered from Markdown by whatever
 * renderer: each at the end of the block that its position lies in, found by
 * the text. Call `update` whenever there is more text or another confidence;
 * a re-rendering is noticed and the same badges are put back.
 *
 * ```ts
 * const placement = placeBadges(message);
 * placement.update(source, log.positions());
 * ```
 *
 * Badges lie out of the flow, behind their block's text, so nothing moves when
 * one comes: leave about 5em at the inline end of the message for blocks whose
 * last line is full. `confidence-badge[placed] { position: static }` puts them
 * in the flow instead. Where a framework owns the elements, prefer
 * `rehypeConfidence`.
 */
export function placeBadges(root: Element, options: PlaceOptions = {}): BadgePlacement {
  return new BadgePlacement(root, options);
}
