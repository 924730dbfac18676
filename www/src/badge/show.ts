import { AnswerChip } from "./chip.js";
import type { PanelEventDetail } from "./details.js";
import { LiveSummary } from "./live.js";
import type { BadgeAction } from "./panel.js";
import type * as Place from "./place.js";
import type { BadgePlacement, PlaceOptions } from "./place.js";
import { headlineOf, type PositionConfidence, unknownAnswer } from "./positions.js";
import { isLow } from "./shown.js";
import type * as Spans from "./spans.js";
import type { Span, SpanPainter, SpanStyle } from "./spans.js";
import { languageAt, wordsFor } from "./words.js";

/**
 * What is shown. `answer`: one chip. `quiet`: a mark at each paragraph that should be checked. `paragraphs`: a
 * badge at each paragraph. `inline`: marks on the words themselves. `off`: nothing.
 */
export type ShowMode = "answer" | "quiet" | "paragraphs" | "inline" | "off";

/** How confidences are shown. */
export interface ShowOptions extends Pick<PlaceOptions, "marks" | "calibration" | "locale" | "bands" | "words" | "print" | "onPlace"> {
  /** What is shown; default `answer`. A probability below the first of `bands` is low and should be checked. */
  mode?: ShowMode | undefined;
  /** Where the chip stands: before or after the message; default `head`. */
  at?: "head" | "foot" | undefined;
  /** Your own chip, instead of a new one beside the message. */
  chip?: AnswerChip | undefined;
  /** How the mode `inline` marks words; default `underline`. */
  spanStyle?: SpanStyle | undefined;
  /** Announce the answer's confidence to screen readers, once at its end; default true. */
  announce?: boolean | undefined;
  /** Writes the answer again, starting at a position. Without this function the button is not shown. */
  onRegenerate?: ((position: PositionConfidence | null) => void) | undefined;
  /** Asks a stronger model. Without this function the button is not shown. */
  onStronger?: ((position: PositionConfidence | null) => void) | undefined;
}

type Loaded = [typeof Place, typeof Spans];

let loading: Promise<Loaded> | undefined;

/** The modules that place badges and mark words; loaded when a mode first needs them. */
function parts(): Promise<Loaded> {
  return loading ??= Promise.all([import("./place.js"), import("./spans.js")]).catch((error: unknown) => {
    loading = undefined; // tried again next time
    throw error;
  });
}

/** The confidences of one rendered message, as people see them. */
export class ConfidenceView {
  /** The chip. In modes other than `answer` it is shown only while the answer's confidence is not available. */
  readonly chip: AnswerChip;

  readonly #root: HTMLElement;
  readonly #options: ShowOptions;
  readonly #live: LiveSummary | undefined;
  #mode: ShowMode;
  #source = "";
  #positions: readonly PositionConfidence[] = [];
  #done = false;
  #spans: readonly Span[] | undefined;
  #placement: BadgePlacement | undefined;
  #painter: SpanPainter | undefined;
  /** Counts changes of the mode: modules that were loaded for an earlier mode are not used. */
  #turn = 0;

  /** @internal */
  constructor(root: HTMLElement, options: ShowOptions) {
    AnswerChip.define();
    this.#root = root;
    this.#options = options;
    this.#mode = options.mode ?? "answer";
    const { locale, bands, calibration, words, announce = true, chip = document.createElement("finece-chip"), at = "head" } = options;
    this.chip = chip;
    chip.setAttribute("placed", "answer");
    chip.words = words;
    chip.actions = this.#actions();
    chip.calibration = calibration;
    chip.answer = () => ({ source: this.#source, positions: this.#positions });
    if (locale !== undefined) {
      chip.locale = locale;
    }
    if (bands !== undefined) {
      chip.bands = bands;
    }
    if (options.print === true) {
      chip.style.setProperty("--confidence-badge-print-line", "block");
    }
    if (options.chip === undefined) {
      root[at === "head" ? "before" : "after"](chip);
    }
    if (announce) {
      this.#live = new LiveSummary({ locale, words, bands });
      root.after(this.#live.element);
    }
    for (const target of [root, chip]) {
      target.addEventListener("finece-regenerate", this.#onAction);
      target.addEventListener("finece-stronger", this.#onAction);
    }
    chip.addEventListener("finece-show", this.#onShow);
    this.#start();
  }

  /** What is shown. It can be changed at any time. */
  get mode(): ShowMode {
    return this.#mode;
  }

  set mode(mode: ShowMode) {
    if (mode !== this.#mode) {
      this.#mode = mode;
      this.#start();
    }
  }

  /**
   * Takes the message's current source text, its current positions in order, and whether the answer
   * is complete. The mode `inline` marks `spans`; without spans it marks the parts between
   * positions.
   */
  update(source: string, positions: readonly PositionConfidence[], done = false, spans?: readonly Span[]): void {
    this.#source = source;
    this.#positions = positions;
    this.#done = done;
    this.#spans = spans;
    this.#placement?.update(source, positions, done);
    this.#showChip();
    if (this.#mode !== "off") {
      this.#live?.update(positions, done);
    }
  }

  /** Updates the page at once. */
  flush(): void {
    this.#placement?.flush();
  }

  /** The block that contains a position or ends at it. Resolves when the code that finds blocks is loaded. */
  async blockOf(position: PositionConfidence): Promise<Element | undefined> {
    if (this.#placement === undefined) {
      const [{ placeBadges }] = await parts();
      this.#placement ??= placeBadges(this.#root, { marks: this.#options.marks, announce: false, only: () => false });
      this.#placement.update(this.#source, this.#positions, this.#done);
      this.#placement.flush();
    }
    return this.#placement.blockOf(position);
  }

  /** Removes everything that this view added to the page. */
  disconnect(): void {
    this.#stop();
    this.#live?.disconnect();
    for (const target of [this.#root, this.chip]) {
      target.removeEventListener("finece-regenerate", this.#onAction);
      target.removeEventListener("finece-stronger", this.#onAction);
    }
    this.chip.removeEventListener("finece-show", this.#onShow);
    this.chip.answer = undefined;
    if (this.#options.chip === undefined) {
      this.chip.remove();
    }
  }

  #actions(): BadgeAction[] {
    const { onRegenerate, onStronger } = this.#options;
    return [...(onRegenerate === undefined ? [] : ["regenerate" as const]), ...(onStronger === undefined ? [] : ["stronger" as const])];
  }

  #stop(): void {
    this.#turn++;
    this.#painter?.disconnect();
    this.#placement?.disconnect();
    this.#painter = this.#placement = undefined;
  }

  /** Removes what the mode before showed, and shows what this mode shows. */
  #start(): void {
    this.#stop();
    this.#showChip();
    if (this.#mode !== "answer" && this.#mode !== "off") {
      const turn = this.#turn;
      void parts().then(([{ placeBadges }, { SpanPainter, canPaint }]) => {
        if (turn === this.#turn) {
          this.#placement?.disconnect(); // that of blockOf, without badges
          this.#place(placeBadges, canPaint() ? SpanPainter : undefined);
        }
      }, () => undefined); // the text stays as it is
    }
  }

  #place(placeBadges: Loaded[0]["placeBadges"], Painter: Loaded[1]["SpanPainter"] | undefined): void {
    const { marks, calibration, locale, bands, words, print, onPlace, spanStyle = "underline", at = "head" } = this.#options;
    const inline = this.#mode === "inline" && Painter !== undefined;
    const quiet = this.#mode === "quiet";
    this.#placement = placeBadges(this.#root, {
      marks, calibration, locale, bands, words, print, onPlace, announce: false, check: quiet, actions: this.#actions(),
      only: inline ? () => false : quiet ? (position: PositionConfidence) => isLow(position, bands) : ({ state }: PositionConfidence) => state !== "unavailable",
      onFlush: () => { this.#painter?.paint(this.#positions, this.#source, this.#spans); },
    });
    if (inline) {
      this.#painter = new Painter(this.#root, this.#placement, { ...wordsFor(locale ?? languageAt(this.#root)), ...words }, spanStyle, bands);
      this.#root[at === "head" ? "before" : "after"](this.#painter.legend);
    }
    this.#placement.update(this.#source, this.#positions, this.#done);
  }

  #showChip(): void {
    const headline = headlineOf(this.#positions) ?? (this.#done ? unknownAnswer(this.#positions.at(-1)) : undefined);
    const { chip } = this;
    chip.hidden = this.#mode === "off" || (this.#mode !== "answer" && headline?.state !== "unavailable");
    if (headline === undefined) {
      chip.state = "pending";
      chip.removeAttribute("history");
    } else {
      chip.showAnswer(headline, this.#positions);
    }
  }

  readonly #onAction = (event: Event): void => {
    const { detail: { position } } = event as CustomEvent<PanelEventDetail>;
    (event.type === "finece-stronger" ? this.#options.onStronger : this.#options.onRegenerate)?.(position);
  };

  readonly #onShow = (event: Event): void => {
    const { detail: { position } } = event as CustomEvent<PanelEventDetail>;
    if (position !== null) {
      void this.blockOf(position).then((block) => { reveal(block); }, () => undefined);
    }
  };
}

/** Scrolls to a block, and lets it stand out for a moment. */
function reveal(block: Element | undefined): void {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  block?.scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
  block?.animate([{ outline: "2px solid currentColor", outlineOffset: "4px" }, { outline: "2px solid transparent", outlineOffset: "4px" }],
    { duration: 1600, easing: still ? "steps(1, end)" : "ease-in" });
}

/**
 * Shows the confidences of a rendered message: by default one chip that says how likely the answer is
 * right, live, and lists the answer's paragraphs when it is clicked.
 *
 * ```ts
 * const view = showConfidences(message);
 * view.update(source, log.positions(), done);
 * ```
 *
 * The code for modes other than `answer` is loaded when such a mode is first used. If the renderer emits marks,
 * the end of each paragraph is known exactly; see `finece/markdown`.
 */
export function showConfidences(root: HTMLElement, options: ShowOptions = {}): ConfidenceView {
  return new ConfidenceView(root, options);
}
