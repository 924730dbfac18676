import { ElementBase, built, define } from "./markup.js";
import { styler } from "./style.js";
import { isProbability, languageAt, wordsFor } from "./words.js";

const WIDTH = 100, HEIGHT = 24, EDGE = 2;

const adopt = styler(`
:host { display: inline-block; inline-size: 4.5em; block-size: 1.2em; vertical-align: middle; color: inherit; }
:host([hidden]) { display: none; }
svg { display: block; inline-size: 100%; block-size: 100%; overflow: visible; }
path { fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
.end { stroke-width: 4.5; }
.limit { stroke-width: 1; stroke-dasharray: 2 3; opacity: 0.45; }
:host(:dir(rtl)) svg { transform: scaleX(-1); }
@media (forced-colors: active) { svg { color: CanvasText; forced-color-adjust: none; } }
`);

declare global {
  interface HTMLElementTagNameMap {
    "finece-sparkline": Sparkline;
  }
}

/**
 * `<finece-sparkline values="0.5 0.6 - 0.8">`: a small line of values in [0,1], the oldest first, with a
 * dot at the newest. A dash, or anything else that is not a value in [0,1], is a gap.
 *
 * Attributes: `values`; `limits`, two limits between which a value is medium; `label`, what the line
 * shows, by default a text in the page's language. The lower limit is drawn. The ranges below, between and
 * above the limits have the same height, so that certainties, which lie close together, can be told apart.
 * The line has the colour of the text. Part: `line`.
 */
export class Sparkline extends ElementBase {
  /** The attributes that change what the line shows. */
  static readonly observedAttributes: readonly string[] = ["values", "limits", "label"];

  /** Defines the element; does nothing if the element is defined already, or on a server. */
  static define(): void {
    define("finece-sparkline", Sparkline);
  }

  #queued = false;

  /** The values, the oldest first; `null` is a gap. */
  get values(): readonly (number | null)[] {
    return (this.getAttribute("values") ?? "").split(/\s+/).filter((text) => text !== "").map((text) => {
      const value = Number(text);
      return isProbability(value) ? value : null;
    });
  }

  set values(values: readonly (number | null)[] | string) {
    this.setAttribute("values", typeof values === "string" ? values : values.map((value) => value ?? "-").join(" "));
  }

  connectedCallback(): void {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    adopt(root);
    this.#render();
  }

  attributeChangedCallback(_name: string, before: string | null, now: string | null): void {
    if (before !== now && this.shadowRoot !== null && !this.#queued) {
      this.#queued = true;
      queueMicrotask(() => {
        this.#queued = false;
        this.#render();
      });
    }
  }

  #render(): void {
    const { values } = this;
    const given = (this.getAttribute("limits") ?? "").trim().split(/\s+/).map(Number);
    const [low, high] = given.length === 2 && given.every((limit) => isProbability(limit)) ? given : [];
    const x = (i: number): number => EDGE + (values.length < 2 ? 1 : i / (values.length - 1)) * (WIDTH - 2 * EDGE);
    const y = (value: number): number => EDGE + (1 - heightOf(value, low, high)) * (HEIGHT - 2 * EDGE);
    let line = "";
    values.forEach((value, i) => {
      if (value !== null) {
        line += `${(values[i - 1] ?? null) === null ? "M" : "L"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
      }
    });
    const last = values.findLastIndex((value) => value !== null);
    const end = last < 0 ? "" : `M${x(last).toFixed(1)} ${y(values[last] ?? 0).toFixed(1)}h0`;
    const label = this.getAttribute("label") ?? wordsFor(languageAt(this)).history;
    this.shadowRoot?.replaceChildren(built(["svg", {
      viewBox: `0 0 ${String(WIDTH)} ${String(HEIGHT)}`, preserveAspectRatio: "none", part: "line", role: "img", "aria-label": label,
    },
    ...(low === undefined ? [] : [["path", { class: "limit", d: `M0 ${y(low).toFixed(1)}H${String(WIDTH)}` }] as const]),
    ["path", { d: line }], ["path", { class: "end", d: end }]]));
  }
}

/** The height of a value in [0,1]. With limits, each of the three bands takes a third. */
function heightOf(value: number, low: number | undefined, high: number | undefined): number {
  if (low === undefined || high === undefined) {
    return value;
  }
  const third = (from: number, to: number): number => (to > from ? (value - from) / (to - from) : 0) / 3;
  return value < low ? third(0, low) : value < high ? 1 / 3 + third(low, high) : 2 / 3 + third(high, 1);
}
