import { built } from "./markup.js";
import { Run } from "./inline.js";
import type { BadgePlacement } from "./place.js";
import type { PositionConfidence } from "./positions.js";
import { partsOf } from "./parts.js";
import { positionBand } from "./shown.js";
import { styler } from "./style.js";
import { type Band, type Words, bandBy } from "./words.js";

/** A part of an answer's source and its value, such as a token and its probability. */
export interface Span {
  /** Where it begins and ends in the source, in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
  /** In [0,1]. */
  readonly value: number;
}

/** How spans are marked: by a line under the text, or by a background colour. */
export type SpanStyle = "underline" | "heat";

/** From which probability on a token is `medium`, and from which it is not marked. */
const TOKEN_CUTS = [0.5, 0.9] as const;

const nameOf = (style: SpanStyle, band: Band): string => `finece-${style}-${band}`;

// The legend looks as the marks do. WebKit has no shorthand for lines with a style.
const adopt = styler(`
.finece-legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; margin-block: 0.5rem; font-size: 0.8125rem; color: light-dark(#5c6370, #a8b0bd); user-select: none; }
.finece-legend .heat { padding-inline: 0.3em; color: light-dark(#1d2129, #eceff4); }
::highlight(finece-underline-low), .finece-legend .underline.low { text-decoration-line: underline; text-decoration-style: wavy; text-decoration-thickness: 1.5px; text-decoration-color: light-dark(#b3261e, #ff8a80); }
::highlight(finece-underline-medium), .finece-legend .underline.medium { text-decoration-line: underline; text-decoration-style: dotted; text-decoration-thickness: 1.5px; text-decoration-color: light-dark(#8a5a00, #f2b84b); }
::highlight(finece-heat-low), .finece-legend .heat.low { background-color: light-dark(#b3261e38, #ff8a8050); }
::highlight(finece-heat-medium), .finece-legend .heat.medium { background-color: light-dark(#8a5a0026, #f2b84b38); }
@media (forced-colors: active) {
  ::highlight(finece-heat-low), .finece-legend .low { text-decoration: underline wavy CanvasText; }
  ::highlight(finece-heat-medium), .finece-legend .medium { text-decoration: underline dotted CanvasText; }
}
@media print {
  ::highlight(finece-underline-low), ::highlight(finece-underline-medium),
  ::highlight(finece-heat-low), ::highlight(finece-heat-medium) { background-color: transparent; text-decoration: none; }
  .finece-legend { display: none; }
}
`);

/** Whether this browser has the CSS Custom Highlight API, which marks text without changing the page. */
export function canPaint(): boolean {
  return typeof Highlight === "function" && typeof CSS !== "undefined" && "highlights" in CSS;
}

interface Painted { readonly source: string; readonly key: string; readonly ranges: readonly (readonly [Band, Range])[] }

/** Marks the spans of one rendered answer. The page's elements are not changed. */
export class SpanPainter {
  /** The legend, which explains the marks. Put it beside the message. */
  readonly legend: HTMLElement;

  readonly #root: Element;
  readonly #style: SpanStyle;
  readonly #placement: BadgePlacement;
  readonly #bands: readonly [number, number] | undefined;
  #painted = new Map<Element, Painted>();

  constructor(root: Element, placement: BadgePlacement, words: Words, style: SpanStyle, bands?: readonly [number, number]) {
    this.#root = root;
    this.#placement = placement;
    this.#style = style;
    this.#bands = bands;
    this.legend = built(["div", { class: "finece-legend" }, ["span", {}], ["span", { class: `${style} low` }], ["span", { class: `${style} medium` }]]) as HTMLElement;
    [`${words.legend.title}:`, words.legend.low, words.legend.medium].forEach((text, i) => { this.legend.children[i]?.append(text); });
  }

  /** Marks the given spans. Without spans, it marks the parts of the answer's source between positions. Only runs that changed are processed. */
  paint(positions: readonly PositionConfidence[], answer: string, spans?: readonly Span[]): void {
    const scope = this.#root.getRootNode();
    if (!(scope instanceof Document || scope instanceof ShadowRoot)) {
      return;
    }
    adopt(scope);
    const banded: readonly { readonly start: number; readonly end: number; readonly band: Band | undefined }[] = spans === undefined
      ? partsOf(positions, answer).map(({ start, end, position }) => ({ start, end, band: positionBand(position, this.#bands) }))
      : spans.map((span) => ({ ...span, band: bandBy(span.value, TOKEN_CUTS) }));
    const wanted = banded.flatMap(({ start, end, band }) => (band === undefined || band === "high" ? []
      : [{ start: this.#placement.offset(start), end: this.#placement.offset(end), band }]));
    const before = this.#painted;
    const now = this.#painted = new Map<Element, Painted>();
    const { source } = this.#placement;
    for (const { mark, from, to } of this.#placement.runs()) {
      if (mark.hasAttribute("block")) {
        continue; // code and formulas have no places inside
      }
      const text = source.slice(from, to);
      const mine = wanted.filter(({ start, end }) => start < to && end > from);
      const key = `${String(mark.parentElement?.textContent.length)} ${mine.map(({ start, end, band }) => `${String(start)} ${String(end)} ${band}`).join()}`;
      const known = before.get(mark);
      if (known?.source === text && known.key === key && known.ranges.every(([, range]) => !range.collapsed)) {
        now.set(mark, known);
        before.delete(mark);
        continue;
      }
      const run = mine.length === 0 ? undefined : new Run(mark, text);
      const ranges = mine.flatMap(({ start, end, band }) => {
        const range = run?.range(Math.max(0, start - from), Math.min(end, to) - from);
        return range === undefined ? [] : [[band, range] as const];
      });
      ranges.forEach(([band, range]) => { highlight(nameOf(this.#style, band)).add(range); });
      now.set(mark, { source: text, key, ranges });
    }
    before.forEach((painted) => { this.#remove(painted); });
  }

  /** Removes the marks and the legend. */
  disconnect(): void {
    this.#painted.forEach((painted) => { this.#remove(painted); });
    this.#painted.clear();
    this.legend.remove();
  }

  #remove({ ranges }: Painted): void {
    ranges.forEach(([band, range]) => { CSS.highlights.get(nameOf(this.#style, band))?.delete(range); });
  }
}

/** The document's highlight of a name. */
function highlight(name: string): Highlight {
  let found = CSS.highlights.get(name);
  if (found === undefined) {
    CSS.highlights.set(name, found = new Highlight());
  }
  return found;
}

/**
 * Collects the tokens of a chat completion's stream with their probabilities, for the mode `inline`.
 * Pass each chunk, or a whole answer, of an OpenAI-compatible server. The request must ask for
 * `logprobs`.
 *
 * ```ts
 * for await (const chunk of stream) { tokens.take(chunk); }
 * view.update(text, positions, done, tokens.spans);
 * ```
 */
export class TokenSpans {
  /** The tokens so far. Their offsets are offsets in the text of choice 0. */
  readonly spans: Span[] = [];
  #end = 0;

  /** Takes the next chunk. Text without log-probabilities gets no span. */
  take(chunk: unknown): void {
    const { choices } = (chunk ?? {}) as { readonly choices?: unknown };
    for (const { index = 0, delta, message, logprobs } of (Array.isArray(choices) ? choices : []) as Partial<Choice>[]) {
      const content = index === 0 ? (delta ?? message)?.content : undefined;
      if (typeof content !== "string") {
        continue;
      }
      let at = this.#end;
      this.#end += content.length;
      for (const { token, logprob } of Array.isArray(logprobs?.content) ? logprobs.content : []) {
        if (typeof token === "string" && typeof logprob === "number") {
          const end = Math.min(this.#end, at + token.length);
          if (logprob <= 0.001 && end > at) {
            this.spans.push({ start: at, end, value: Math.min(1, Math.exp(logprob)) });
          }
          at = end;
        }
      }
    }
  }
}

interface Choice {
  readonly index: number;
  readonly delta: { readonly content?: unknown } | null;
  readonly message: { readonly content?: unknown } | null;
  readonly logprobs: { readonly content?: readonly { readonly token?: unknown; readonly logprob?: unknown }[] | null } | null;
}
