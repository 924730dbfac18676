import { ConfidenceBadge, GLYPH } from "./element.js";
import { type Markup, define, setText } from "./markup.js";
import type { AnsweredText } from "./parts.js";
import { type PositionConfidence, shownAs } from "./positions.js";
import { type BadgeView, answerText } from "./shown.js";
import { Sparkline } from "./sparkline.js";
import { adoptStyle, styler } from "./style.js";
import { type Words, cutsOf } from "./words.js";

const MARKUP: Markup = ["button", { type: "button", part: "badge", "aria-expanded": "false" }, GLYPH,
  ["span", { class: "said", part: "value" }],
  ["finece-sparkline", { part: "history", "aria-hidden": "true" }]];

const adopt = styler(`
:host, :host([placed]) { display: block; position: relative; margin-block: 0.5rem; font-size: var(--confidence-badge-size, 0.875rem); white-space: normal; line-height: 1.35; }
:host([hidden]) { display: none; }
button { max-inline-size: 100%; gap: 0.5em; padding: var(--confidence-badge-padding, 0.35em 0.8em 0.35em 0.65em); }
button:dir(rtl) { padding-inline: 0.65em 0.8em; }
button.unavailable { padding-inline: 0; border-color: transparent; background: none; color: color-mix(in srgb, var(--_text) 78%, var(--_surface)); font-weight: 400; }
finece-sparkline { flex: none; color: var(--_band); }
/* It has a line of its own, in print too. */
@media print { :host([placed][placed]) { display: var(--confidence-badge-print-line, none); } }
`);

/** The most values that a chip's line shows. */
const MOST = 40;

declare global {
  interface HTMLElementTagNameMap {
    "finece-chip": AnswerChip;
  }
}

/**
 * `<finece-chip>`: a whole answer's confidence in a few words, with a small line of its values while the
 * answer was written. Its details list the answer's paragraphs. It takes the attributes of
 * `<confidence-badge>`, and `history` (the values of its line, see `<finece-sparkline>`).
 *
 * Only a calibrated value is shown as a share of answers that are right. If a value of any kind is low,
 * the chip says "Check this". `showConfidences` makes chips and keeps them up to date.
 */
export class AnswerChip extends ConfidenceBadge {
  /** The attributes that change what the chip shows. */
  static override readonly observedAttributes: readonly string[] = [...ConfidenceBadge.observedAttributes, "history"];

  /** Defines the element; does nothing if the element is defined already, or on a server. */
  static override define(): void {
    Sparkline.define();
    define("finece-chip", AnswerChip);
  }

  /** Returns the answer whose paragraphs the details list. Called whenever the details are open. */
  answer: (() => AnsweredText) | undefined;

  /** Shows the headline of an answer, and the positions that led to it, in order. */
  showAnswer(headline: PositionConfidence, positions: readonly PositionConfidence[]): void {
    this.show(headline);
    const values = historyOf(positions, headline);
    const history = values.length < 2 ? "" : values.map((value) => value ?? "-").join(" ");
    if (history !== (this.getAttribute("history") ?? "")) {
      this.toggleAttribute("history", history !== "");
      this.setAttribute("history", history);
    }
  }

  protected override get markup(): Markup {
    return MARKUP;
  }

  protected override adopt(root: ShadowRoot): void {
    adoptStyle(root);
    adopt(root);
  }

  protected override draw(button: HTMLButtonElement, view: BadgeView, words: Words): void {
    setText(button.querySelector(".said"), answerText(view, words));
    button.setAttribute("aria-label", this.titleOf(view, words));
    const line = button.querySelector("finece-sparkline");
    if (line !== null) {
      const history = view.value === null ? "" : this.getAttribute("history") ?? "";
      line.hidden = history === "";
      line.values = history;
      line.setAttribute("limits", (view.calibrated ? this.bands : cutsOf(view)).join(" "));
    }
  }

  protected override titleOf(view: BadgeView, words: Words): string {
    return `${answerText(view, words)}${view.state === "provisional" ? `, ${words.states.provisional}` : ""}`;
  }

  protected override answered(): AnsweredText | undefined {
    return this.answer?.();
  }
}

/**
 * The headlines that an answer had, the oldest first, at most 40 of them: of each position the first
 * value, which was the headline when the position was the newest; and last the headline as it is.
 */
function historyOf(positions: readonly PositionConfidence[], headline: PositionConfidence): (number | null)[] {
  const { calibrated } = shownAs(headline);
  const firsts = positions.filter((position) => position !== headline && position.first !== null && position.calibrated === calibrated);
  const values: (number | null)[] = [];
  const step = Math.max(1, firsts.length / (MOST - 1));
  for (let i = 0; i < firsts.length; i += step) {
    values.push(firsts[Math.floor(i)]?.first ?? null);
  }
  return headline.fused === null ? values : [...values, headline.fused];
}
