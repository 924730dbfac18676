import { ConfidenceBadge } from "./element.js";
import { type InlinePlace, locate, textStart } from "./inline.js";
import { LiveSummary, type LiveOptions } from "./live.js";
import { ConfidenceMark, type MarkKeeper, keep, release } from "./mark.js";
import { TailMatcher } from "./match.js";
import { measure } from "./measure.js";
import type { BadgeAction } from "./panel.js";
import type { PositionConfidence } from "./positions.js";
import { RovingFocus } from "./roving.js";
import { adoptMarks } from "./style.js";
import { LineFeeds, firstNot } from "./text.js";
import type { Calibration, Words } from "./words.js";

/** How badges are placed in a message. */
export interface PlaceOptions {
  /**
   * How the end of each run of the message's text is found. `emitted`: by the marks
   * that the renderer emits (see `finece/markdown`). `match`: by searching for the text,
   * which may fail beside footnotes and raw HTML. Default: `match` if there is no mark.
   */
  marks?: "emitted" | "match" | undefined;
  /** How well calibrated the confidences are, if known. */
  calibration?: Calibration | undefined;
  /** How numbers are written, a BCP 47 tag. */
  locale?: string | undefined;
  /** The limits of the bands; default 0.5 and 0.8. */
  bands?: readonly [number, number] | undefined;
  /** Announce the confidences to screen readers, in one live region beside the root; default true. */
  announce?: boolean | LiveOptions | undefined;
  /** Whether badges are printed; default false. */
  print?: boolean | undefined;
  /** Which positions have badges; default all. */
  only?: ((position: PositionConfidence) => boolean) | undefined;
  /** Whether badges say "Check this" instead of showing the value; default false. */
  check?: boolean | undefined;
  /** The buttons in the details of a badge; see `ConfidenceBadge.actions`. */
  actions?: readonly BadgeAction[] | undefined;
  /** Texts instead of those of the language. */
  words?: Partial<Words> | undefined;
  /** Called after the badges on the page were updated. */
  onFlush?: (() => void) | undefined;
  /** Called each time a badge begins to show another position. It can change the badge or its block. */
  onPlace?: ((badge: ConfidenceBadge, position: PositionConfidence, block: Element) => void) | undefined;
}

interface Slot { readonly key: string; readonly position: PositionConfidence; readonly inside: InlinePlace | undefined }

/** Badges in one rendered message. */
export class BadgePlacement implements MarkKeeper {
  readonly #root: Element;
  readonly #options: PlaceOptions;
  readonly #source = new LineFeeds();
  readonly #known = new Set<ConfidenceMark>();
  /** The known marks in the order of their runs in the source; right only while `#sorted`. */
  #marks: ConfidenceMark[] = [];
  #sorted = true;
  readonly #near = new Set<ConfidenceMark>();
  /** The starts of near marks that were removed. A renderer that replaces everything adds marks with the same starts. */
  readonly #wereNear = new Set<number>();
  readonly #badges = new Map<string, { readonly badge: ConfidenceBadge; position: PositionConfidence | undefined }>();
  readonly #viewport: IntersectionObserver | undefined;
  readonly #sizes: ResizeObserver | undefined;
  readonly #matcher: TailMatcher;
  readonly #live: LiveSummary | undefined;
  readonly #roving: RovingFocus;
  #positions: readonly PositionConfidence[] = [];
  /** The positions that have badges, and where they are. */
  #shown: readonly PositionConfidence[] = [];
  #ends: readonly number[] = [];
  #done = false;
  #queued = false;
  #over = false;
  #frame = 0;
  #focused: string | undefined;

  /** @internal */
  constructor(root: Element, options: PlaceOptions) {
    ConfidenceBadge.define();
    ConfidenceMark.define();
    this.#root = root;
    this.#options = options;
    if (typeof IntersectionObserver === "function") {
      // Badges are made a window's height before they are seen.
      this.#viewport = new IntersectionObserver(this.#seen, { rootMargin: "100% 0px" });
    }
    if (typeof ResizeObserver === "function") {
      this.#sizes = new ResizeObserver(() => { this.#measureSoon(); });
      this.#sizes.observe(root);
    }
    if (options.print === true) {
      addEventListener("beforeprint", this.#all);
      (root as HTMLElement).style.setProperty("--confidence-badge-print", "inline-block");
    }
    keep(root, this);
    this.#roving = new RovingFocus(root, () => [...this.#badges.values()].map(({ badge }) => badge));
    this.#matcher = new TailMatcher(root, () => { this.#schedule(); });
    const { announce = true, locale, words, bands } = options;
    if (announce !== false) {
      this.#live = new LiveSummary({ locale, words, bands, ...(announce === true ? {} : announce) });
      root.after(this.#live.element);
    }
  }

  /**
   * Takes the message's current source text, its current positions in order, and whether the answer
   * is complete. The page is updated in a microtask; `flush` updates it at once. The first badge of
   * a new block appears about a frame later, after the browser has reported that the block is near
   * the window.
   */
  update(source: string, positions: readonly PositionConfidence[], done = false): void {
    this.#source.update(source);
    if (positions !== this.#positions || this.#source.text !== source) {
      this.#positions = positions;
      const { only } = this.#options;
      this.#shown = only === undefined ? positions : positions.filter(only);
      this.#ends = this.#shown.map(({ kinds, utf16 }) => (kinds.includes("question") ? -1 : this.#source.offset(utf16)));
    }
    this.#done = done;
    this.#schedule();
  }

  /** Updates the page at once. */
  readonly flush = (): void => {
    this.#queued = false;
    adoptMarks(this.#root); // it may have been moved into a document, or into another one
    this.#match();
    this.#sort();
    const wanted = new Set<string>();
    for (const mark of this.#near) {
      this.#show(mark, wanted);
    }
    for (const [key, { badge }] of this.#badges) {
      if (!wanted.has(key) && !badge.open && document.activeElement !== badge) {
        badge.remove();
        this.#badges.delete(key);
      }
    }
    this.#roving.update();
    this.#matcher.done(); // the changes so far are our own
    this.#live?.update(this.#positions, this.#done);
    this.#options.onFlush?.();
  };

  /** The block that contains a position or ends at it; `undefined` if that part of the text is not rendered. */
  blockOf(position: PositionConfidence): Element | undefined {
    this.#match();
    this.#sort();
    const at = this.#source.offset(position.utf16);
    const mark = this.#marks[firstNot(this.#marks, ({ from }) => from < at) - 1];
    return mark === undefined ? undefined : blockOf(mark);
  }

  /** Removes the badges, the marks made here, and the live region. */
  disconnect(): void {
    this.#over = true; // marks that are removed below schedule nothing
    release(this.#root);
    this.#matcher.disconnect();
    this.#viewport?.disconnect();
    this.#sizes?.disconnect();
    removeEventListener("beforeprint", this.#all);
    cancelAnimationFrame(this.#frame);
    this.#roving.disconnect();
    this.#badges.forEach(({ badge }) => { badge.remove(); });
    this.#badges.clear();
    this.#near.clear();
    this.#live?.disconnect();
  }

  /** The runs of the text that are near the window: each mark, and where its run begins and ends in the source, where CR LF counts as one. */
  runs(): { readonly mark: ConfidenceMark; readonly from: number; readonly to: number }[] {
    this.#match();
    this.#sort();
    return [...this.#near].map((mark) => {
      const next = this.#marks[firstNot(this.#marks, ({ from }) => from <= mark.from)];
      return { mark, from: mark.from, to: Math.min(mark.to, next?.from ?? Infinity, this.#source.text.length) };
    });
  }

  /** The source, where each CR LF is one LF. */
  get source(): string {
    return this.#source.text;
  }

  /** Where an offset in the source is where each CR LF is one LF. */
  offset(at: number): number {
    return this.#source.offset(at);
  }

  /** @internal */
  add(mark: ConfidenceMark): void {
    if (this.#known.has(mark)) {
      this.#sorted = false;
    } else {
      this.#sorted &&= mark.from >= (this.#marks.at(-1)?.from ?? 0);
      this.#known.add(mark);
      this.#marks.push(mark);
      this.#viewport?.observe(mark);
      if (this.#viewport === undefined) {
        this.#near.add(mark);
      }
    }
    this.#schedule();
  }

  /** @internal */
  change(): void {
    this.#schedule();
  }

  /** @internal */
  remove(mark: ConfidenceMark): void {
    this.#known.delete(mark);
    this.#sorted = false;
    this.#viewport?.unobserve(mark);
    if (this.#near.delete(mark)) {
      this.#wereNear.add(mark.from);
    }
    this.#schedule();
  }

  #schedule(): void {
    if (!this.#queued && !this.#over) {
      this.#queued = true;
      queueMicrotask(() => {
        if (this.#queued && !this.#over) {
          this.flush();
        }
      });
    }
  }

  readonly #seen = (entries: readonly IntersectionObserverEntry[]): void => {
    for (const { target, isIntersecting } of entries) {
      if (!(target instanceof ConfidenceMark)) {
        continue;
      }
      if (isIntersecting) {
        this.#near.add(target);
      } else {
        this.#near.delete(target);
      }
    }
    this.flush();
    this.#measureSoon();
  };

  readonly #all = (): void => {
    this.#marks.forEach((mark) => { this.#near.add(mark); });
    this.flush();
  };

  #match(): void {
    const { marks = this.#marks.every((mark) => this.#matcher.made(mark)) ? "match" : "emitted" } = this.#options;
    if (marks === "match") {
      this.#matcher.update(this.#source.text);
    } else {
      this.#matcher.disconnect();
    }
  }

  #sort(): void {
    if (!this.#sorted) {
      this.#sorted = true;
      this.#marks = [...this.#known].sort((a, b) => a.from - b.from);
    }
    if (this.#wereNear.size > 0) {
      this.#marks.forEach((mark) => this.#wereNear.has(mark.from) && this.#near.add(mark));
      this.#wereNear.clear();
    }
  }

  /** Puts the badges of a mark's positions where they belong. */
  #show(mark: ConfidenceMark, wanted: Set<string>): void {
    const { text } = this.#source;
    const { from: start } = mark;
    const next = this.#marks[firstNot(this.#marks, ({ from }) => from <= start)];
    const begins = (run: ConfidenceMark): number => (run.hasAttribute("block") ? run.from : textStart(text, run.from));
    const begin = begins(mark);
    const stop = next === undefined ? Infinity : begins(next);
    const from = firstNot(this.#ends, (end) => end <= begin);
    const to = firstNot(this.#ends, (end) => end <= stop);
    // Of several positions at one place the last one is shown.
    const slots = new Map<number, Slot>();
    for (const [i, position] of this.#shown.slice(from, to).entries()) {
      const end = this.#ends[from + i] ?? NaN;
      const inside = end < mark.to && !mark.hasAttribute("block")
        ? locate(mark, text.slice(start, Math.min(mark.to, next?.from ?? Infinity)), end - start) : undefined;
      const key = `${String(start)} ${inside === undefined ? "end" : String(position.index)}`;
      slots.set(inside?.units ?? Infinity, { key, position, inside });
    }
    for (const slot of slots.values()) {
      wanted.add(slot.key);
      this.#put(mark, slot);
    }
  }

  #put(mark: ConfidenceMark, { key, position, inside }: Slot): void {
    let entry = this.#badges.get(key);
    if (entry === undefined) {
      this.#badges.set(key, entry = { badge: this.#made(key), position: undefined });
    }
    const { badge } = entry;
    if (badge.parentNode !== mark) {
      mark.append(badge);
      if (this.#focused === key && document.activeElement === document.body) {
        badge.focus({ preventScroll: true }); // the renderer removed it together with its block
      }
    }
    const how = inside !== undefined ? "inside" : mark.hasAttribute("block") ? "corner" : "end";
    if (badge.getAttribute("placed") !== how) {
      badge.setAttribute("placed", how);
    }
    if (how !== "end") {
      mark.setAttribute("measured", "");
      this.#measured.set(badge, () => measure(mark, badge, inside));
      this.#measureSoon();
    }
    if (entry.position !== position) {
      entry.position = position;
      badge.show(position);
      this.#options.onPlace?.(badge, position, blockOf(mark));
    }
  }

  readonly #measured = new Map<ConfidenceBadge, () => (() => void) | undefined>();

  /** Moves the badges whose place has to be measured, with the next frame. All measuring comes before all moving. */
  #measureSoon(): void {
    if (this.#measured.size > 0 && this.#frame === 0) {
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        const writes: (() => void)[] = [];
        for (const [badge, read] of this.#measured) {
          const write = badge.isConnected ? read() : this.#measured.delete(badge) && undefined;
          if (typeof write === "function") {
            writes.push(write);
          }
        }
        writes.forEach((write) => { write(); });
      });
    }
  }

  #made(key: string): ConfidenceBadge {
    const { locale, calibration, bands, check = false, actions = [], words } = this.#options;
    const badge = document.createElement("confidence-badge");
    badge.toggleAttribute("check", check);
    badge.actions = actions;
    badge.words = words;
    badge.addEventListener("focusin", () => { this.#focused = key; });
    // A badge that the renderer removes loses the focus too, and may be put back at once. So look a moment later.
    badge.addEventListener("focusout", () => {
      setTimeout(() => {
        if (this.#focused === key && document.activeElement !== badge) {
          this.#focused = undefined;
        }
      });
    });
    badge.locale = locale;
    badge.bands = bands;
    badge.calibration = calibration;
    return badge;
  }
}

/** The block that a mark stands in, or after. */
function blockOf(mark: ConfidenceMark): Element {
  return (mark.hasAttribute("block") ? mark.previousElementSibling : null) ?? mark.parentElement ?? mark;
}

/**
 * Places badges in a message that was rendered from Markdown: each badge at its position in the
 * text. Call `update` whenever there is more text or another confidence. If the message is rendered
 * again, the same badges are put back.
 *
 * ```ts
 * const placement = placeBadges(message);
 * placement.update(source, log.positions());
 * ```
 *
 * If the renderer emits marks, the end of each run of text is known exactly; see `finece/markdown`
 * for plugins. Only badges near the window are made. They lie outside the flow, after their block's
 * text, so a new badge moves nothing. Leave about 5em of space at the inline end of the message,
 * for blocks whose last line is full. A position within a paragraph gets a small badge above the
 * line.
 */
export function placeBadges(root: Element, options: PlaceOptions = {}): BadgePlacement {
  return new BadgePlacement(root, options);
}
