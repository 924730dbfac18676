import { CUTS } from "../contract.js";
import { Details } from "./details.js";
import { ElementBase, type Markup, built, define, setText } from "./markup.js";
import type { BadgeAction, PanelContent } from "./panel.js";
import type { AnsweredText } from "./parts.js";
import { type PositionConfidence, badgeAttributes } from "./positions.js";
import { type BadgeView, isRevised, nameOf } from "./shown.js";
import { adoptStyle } from "./style.js";
import { type BadgeState, type Calibration, type Words, bandOf, formatPercent, isProbability, languageAt, showValue, wordsFor } from "./words.js";

/** The attributes that say what a position is. */
const SHOWN = ["state", "value", "first", "calibrated", "mapped", "model", "outside", "reason", "source", "kind"] as const;

const STATES: readonly string[] = ["pending", "provisional", "final", "unavailable"];

/** The shapes that say the state beside its colour. */
export const GLYPH: Markup = ["svg", { viewBox: "0 0 16 16", part: "glyph", "aria-hidden": "true" },
  ["circle", { class: "ring", cx: "8", cy: "8", r: "7" }],
  ["circle", { class: "pie", cx: "8", cy: "8", r: "2.5", pathLength: "100", transform: "rotate(-90 8 8)" }],
  ["path", { class: "slash", d: "M3.5 12.5l9-9" }],
  ["g", { class: "bars" }, ["path", { d: "M3.5 14v-3" }], ["path", { d: "M8 14V7" }], ["path", { d: "M12.5 14V3" }]],
  ["path", { class: "triangle", d: "M8 1.8 15 14H1Zm0 4.7v3.2m0 1.9v.2" }],
  ["g", { class: "dots" }, ...["3", "8", "13"].map((cx): Markup => ["circle", { cx, cy: "8", r: "1.6" }])]];

const MARKUP: Markup = ["button", { type: "button", part: "badge", "aria-expanded": "false" }, GLYPH,
  ["span", { class: "text", part: "value" },
    ["span", { class: "shown" }],
    ...[0, 1, 2].map((): Markup => ["span", { class: "ghost", "aria-hidden": "true" }])],
  ["span", { class: "trend", part: "trend", "aria-hidden": "true" }]];

const templates = new Map<Markup, Node>();

/** The detail of {@link ConfidenceBadge}'s event `finece-change`. */
export interface BadgeChange {
  readonly state: BadgeState;
  /** In [0,1]; `null` if there is no number. */
  readonly value: number | null;
}

declare global {
  interface HTMLElementTagNameMap {
    "confidence-badge": ConfidenceBadge;
  }
}

/**
 * `<confidence-badge>`: shows one confidence and, on hover, focus or click, what
 * it means. Call {@link ConfidenceBadge.define} once, then:
 *
 * ```html
 * <confidence-badge state="provisional" value="0.72" first="0.64" calibrated source="model expectation"></confidence-badge>
 * ```
 *
 * Attributes: `state` (`pending`, which is the default, `provisional`, `final` or `unavailable`), `value` and `first`
 * (the value and the first value, in [0,1]), `calibrated` (the value is a probability and shown as a percentage;
 * without this attribute it is shown as a bar and a word), `mapped` (the form of the map that the value went through),
 * `reason` and `source` (as in the events), `model` (the model that estimates), `outside` (in which ways the answer
 * lies outside what was calibrated), `kind` (`end` for the whole answer, `question` for p(0)), `actions` (`regenerate`,
 * `stronger`: buttons in the details, which fire `finece-regenerate` and `finece-stronger`), `check` (the badge says
 * "Check this" instead of the value), `label`, `locale` (of numbers; default the nearest `lang`), `ece` and `n` (the
 * calibration error, and the number of labelled answers that it was measured on), `bands` (two limits, default
 * `0.5 0.8`). A value outside [0,1] is never shown. `provisional` and `final` without a value are shown as unavailable.
 *
 * The slot `details` adds content to the details. Parts: `badge`, `glyph`, `value`, `trend`, `panel`, `title`; `badge`
 * also has the state and the band. Custom properties: `--confidence-badge-` and `low`, `medium`, `high`, `unknown`,
 * `color`, `surface`, `edge`, `focus`, `size`, `radius`, `padding`. Dark mode follows the page's `color-scheme`. Until
 * it is defined, the element is empty. This style keeps its place:
 * `confidence-badge:not(:defined) { display: inline-block; min-inline-size: 5em }`.
 *
 * Fires `finece-change` with a {@link BadgeChange} when what it shows changes.
 */
export class ConfidenceBadge extends ElementBase {
  /** The attributes that change what the badge shows. */
  static readonly observedAttributes: readonly string[] = [
    ...SHOWN, "label", "locale", "ece", "n", "bands", "actions", "check",
  ];

  /**
   * Defines the element; does nothing if the tag is defined already, or on a server. Each further
   * tag gets its own class, because browsers do not allow two tags with one class.
   */
  static define(tag = "confidence-badge"): void {
    define(tag, ConfidenceBadge);
  }

  #button: HTMLButtonElement | undefined;
  #details: Details | undefined;
  #queued = false;
  #told = "";
  #reachable = true;
  #words: Partial<Words> | undefined;

  /** The position that is shown; `null` where attributes alone say it. */
  protected position: PositionConfidence | null = null;

  /** The state, as the attribute says. Without a value, the badge shows `provisional` and `final` as unavailable. */
  get state(): BadgeState {
    const state = this.#text("state");
    return STATES.includes(state) ? (state as BadgeState) : "pending";
  }

  set state(state: BadgeState) { this.setAttribute("state", state); }

  /** The confidence in [0,1]; `null` if there is none. */
  get value(): number | null { return this.#number("value"); }

  set value(value: number | string | null | undefined) { this.#set("value", value); }

  /** The first value that was known, in [0,1]; `null` if there is none. */
  get first(): number | null { return this.#number("first"); }

  set first(first: number | string | null | undefined) { this.#set("first", first); }

  /** Whether the value is a probability. Otherwise it is shown as a word. */
  get calibrated(): boolean { return this.hasAttribute("calibrated"); }

  set calibrated(calibrated: boolean) { this.toggleAttribute("calibrated", calibrated); }

  /** Why the confidence is unavailable, as the event says; "" if the event does not say. */
  get reason(): string { return this.#text("reason"); }

  set reason(reason: string | null | undefined) { this.#set("reason", reason); }

  /** Where the value is from, such as `perplexity` or `model expectation`; "" if this is not known. */
  get source(): string { return this.#text("source"); }

  set source(source: string | null | undefined) { this.#set("source", source); }

  /** Which text was judged: `end` is the whole answer, `question` the question alone, and any other value the text so far. */
  get kind(): string { return this.#text("kind"); }

  set kind(kind: string | null | undefined) { this.#set("kind", kind); }

  /** The name of the number; "" for the name in `words`. */
  get label(): string { return this.#text("label"); }

  set label(label: string | null | undefined) { this.#set("label", label); }

  /** How numbers are written: a BCP 47 tag. Without the attribute, the tag of the nearest `lang`. */
  get locale(): string {
    return this.getAttribute("locale") ?? languageAt(this);
  }

  set locale(locale: string | null | undefined) { this.#set("locale", locale); }

  /** How well calibrated the estimates are; `undefined` if `ece` is missing or is not a number from 0 to 1. */
  get calibration(): Calibration | undefined {
    const ece = this.#number("ece");
    const n = Number(this.getAttribute("n") ?? NaN);
    return ece === null ? undefined : { ece, n: Number.isInteger(n) && n > 0 ? n : null };
  }

  set calibration(calibration: Calibration | undefined) {
    this.#set("ece", calibration?.ece);
    this.#set("n", calibration?.n);
  }

  /** The limits of the bands; default 0.5 and 0.8. */
  get bands(): readonly [number, number] {
    const [low, high] = this.#text("bands").trim().split(/\s+/).map(Number);
    return isProbability(low) && isProbability(high) && low <= high ? [low, high] : CUTS[""];
  }

  set bands(bands: readonly [number, number] | string | null | undefined) {
    this.#set("bands", typeof bands === "object" && bands !== null ? bands.join(" ") : bands);
  }

  /**
   * The buttons in the details: `regenerate` writes the answer again from here, `stronger` asks a stronger model.
   * Listen to the events `finece-regenerate` and `finece-stronger`.
   */
  get actions(): readonly BadgeAction[] {
    return this.#text("actions").split(" ").filter((name): name is BadgeAction => name === "regenerate" || name === "stronger");
  }

  set actions(actions: readonly BadgeAction[]) { this.#set("actions", actions.length === 0 ? null : actions.join(" ")); }

  /** The badge's texts: those of the locale, except for the texts that were set. */
  get words(): Words {
    const words = wordsFor(this.locale);
    return this.#words === undefined ? words : { ...words, ...this.#words };
  }

  set words(words: Partial<Words> | undefined) {
    this.#words = words;
    this.#queue();
  }

  /** Whether the details are open. */
  get open(): boolean { return this.#details?.open ?? false; }

  /** Shows a position. Only attributes that differ are changed. */
  show(position: PositionConfidence): void {
    this.position = position;
    const attributes = badgeAttributes(position);
    for (const name of SHOWN) {
      this.#set(name, attributes[name]);
    }
  }

  /** Whether the Tab key reaches the badge; default true. The arrow keys reach the other badges of an answer. */
  set reachable(reachable: boolean) {
    this.#reachable = reachable;
    if (this.#button !== undefined) {
      this.#button.tabIndex = reachable ? 0 : -1;
    }
  }

  /** Whether the focus is in the badge's details. */
  get inPanel(): boolean {
    const focused = this.shadowRoot?.activeElement ?? null;
    return focused !== null && focused !== this.#button;
  }

  override focus(options?: FocusOptions): void {
    this.#button?.focus(options);
  }

  connectedCallback(): void {
    if (this.#button === undefined) {
      this.#build();
    }
    this.#render();
  }

  disconnectedCallback(): void {
    this.#details?.close();
  }

  attributeChangedCallback(_name: string, before: string | null, now: string | null): void {
    if (before !== now) {
      this.#queue();
    }
  }

  #queue(): void {
    if (this.#button !== undefined && !this.#queued) {
      this.#queued = true; // several attributes, one rendering
      queueMicrotask(() => {
        this.#queued = false;
        this.#render();
      });
    }
  }

  #text(name: string): string {
    return this.getAttribute(name) ?? "";
  }

  #number(name: string): number | null {
    const text = this.#text(name).trim();
    const value = text === "" ? null : Number(text);
    return isProbability(value) ? value : null;
  }

  #set(name: string, value: string | number | null | undefined): void {
    if (value === null || value === undefined) {
      this.removeAttribute(name);
    } else if (this.getAttribute(name) !== String(value)) {
      this.setAttribute(name, String(value));
    }
  }

  #view(): BadgeView {
    const { reason, source, kind, label, locale, calibrated, calibration, bands } = this;
    const map = this.#text("mapped");
    const mapped = this.hasAttribute("mapped");
    const given = this.state;
    const claims = given === "provisional" || given === "final";
    const value = claims ? this.value : null;
    const state = claims && value === null ? "unavailable" : given;
    const band = value === null ? undefined : bandOf(value, { calibrated, source, mapped }, bands);
    const first = value === null ? null : this.first;
    const [model, outside] = [this.#text("model"), this.#text("outside")];
    return { state, value, first, band, reason, source, kind, label, locale, calibrated, mapped, calibration, map, model, outside };
  }

  #render(): void {
    const button = this.#button;
    if (button === undefined) {
      return;
    }
    const { words } = this;
    const view = this.#view();
    const { state, value, band, calibrated } = view;
    const certainty = band !== undefined && !calibrated;
    // The colours say how likely an answer is correct, which a certainty does not.
    button.className = `${state} ${certainty ? `certainty bar-${band}` : band ?? ""}`;
    button.setAttribute("part", `badge ${state} ${band ?? ""}`.trim());
    button.setAttribute("aria-busy", String(state === "pending"));
    button.querySelector(".pie")?.setAttribute("stroke-dasharray", `${((value ?? 0) * 100).toFixed(1)} 100`);
    this.draw(button, view, words);
    if (this.open) {
      this.#details?.fill();
    }
    const told = `${state} ${String(value)}`;
    if (told !== this.#told) {
      this.#told = told;
      this.dispatchEvent(new CustomEvent<BadgeChange>("finece-change", { bubbles: true, composed: true, detail: { state, value } }));
    }
  }

  /** The element's markup: a button and its content. */
  protected get markup(): Markup {
    return MARKUP;
  }

  /** Brings the button up to date: its text, its accessible name and the trend. */
  protected draw(button: HTMLButtonElement, view: BadgeView, words: Words): void {
    const { state, value, first, locale } = view;
    const check = this.hasAttribute("check");
    const name = nameOf(view, words);
    button.classList.toggle("check", check);
    button.setAttribute("aria-label", check ? `${words.answer.check}. ${name}` : name);
    setText(button.querySelector(".shown"), check ? words.answer.check
      : value !== null ? showValue(value, view, words, locale) : state === "pending" ? words.pendingMark : words.unavailableMark);
    const ghosts = check ? [] : [formatPercent(1, locale), formatPercent(0.999, locale), words.bands.medium];
    button.querySelectorAll(".ghost").forEach((ghost, i) => { setText(ghost, ghosts[i] ?? ""); });
    setText(button.querySelector(".trend"), check || value === null || first === null || !isRevised(view, words) ? "" : value > first ? "↑" : "↓");
  }

  /** The answer whose paragraphs the details list; `undefined` for none. */
  protected answered(): AnsweredText | undefined {
    return undefined;
  }

  /** The details' first line. */
  protected titleOf(view: BadgeView, words: Words): string {
    return nameOf(view, words);
  }

  #content(): PanelContent {
    const { words, actions, position, bands } = this;
    const view = this.#view();
    return { view, words, actions, position, bands, title: this.titleOf(view, words), answer: this.answered() };
  }

  #build(): void {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    this.adopt(root);
    const { markup } = this;
    let template = templates.get(markup);
    if (template === undefined) {
      templates.set(markup, template = built(markup));
    }
    const button = this.#button = template.cloneNode(true) as HTMLButtonElement;
    button.tabIndex = this.#reachable ? 0 : -1;
    root.replaceChildren(button);
    this.#details = new Details(this, root, button, () => this.#content());
  }

  /** Gives the shadow root its style. */
  protected adopt(root: ShadowRoot): void {
    adoptStyle(root);
  }
}
