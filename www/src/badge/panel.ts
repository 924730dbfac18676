import type { Calibration, BadgeState, BadgeWords, Band } from "./words.js";
import { ENGLISH, formatCount, formatPercent, showValue } from "./words.js";

/** What a badge shows. A number is there exactly when it is known. */
export interface BadgeView {
  readonly state: BadgeState;
  readonly value: number | null;
  readonly first: number | null;
  readonly band: Band | undefined;
  readonly reason: string;
  readonly source: string;
  readonly kind: string;
  readonly label: string;
  readonly locale: string;
  readonly calibrated: boolean;
  readonly mapped: boolean;
  readonly calibration: Calibration | undefined;
}

/** Whether a value as it is shown differs from the first one. */
export function isRevised(view: BadgeView): boolean {
  return view.value !== null && view.first !== null
    && showValue(view.value, view, ENGLISH, view.locale) !== showValue(view.first, view, ENGLISH, view.locale);
}

/** A badge in a few words: its accessible name, and the title of its details. */
export function nameOf(view: BadgeView, words: BadgeWords): string {
  const named = (name: string): string => (view.label === "" ? name : view.label);
  if (view.value === null || view.band === undefined) {
    return `${named(words.label)}: ${words.states[view.state]}`;
  }
  return view.calibrated
    ? `${named(words.label)} ${formatPercent(view.value, view.locale)}, ${words.bands[view.band]}, ${words.states[view.state]}`
    : `${named(words.certainty)}: ${words.bands[view.band]}, ${words.states[view.state]}`;
}

/** The lines of a badge's details: what the number means, what it was, where it is from, how good it is. */
export function explain(view: BadgeView, words: BadgeWords): string[] {
  const { value, first, state, source, kind, locale, calibrated, calibration } = view;
  const meaning = value !== null && !calibrated ? "certainty" : kind === "end" ? "whole" : kind === "question" ? "question" : "partial";
  const lines: (string | undefined)[] = [words.meaning[meaning]];
  if (state === "unavailable" && view.reason !== "") {
    lines.unshift(words.reasons[view.reason] ?? view.reason);
  }
  if (value !== null) {
    const shown = showValue(value, view, words, locale);
    if (calibrated) {
      lines.push(words.reading(shown));
    }
    if (first !== null && isRevised(view)) {
      lines.push(words.revised(showValue(first, view, words, locale), shown));
    }
    lines.push(words.source(source));
    lines.push(!calibrated ? words.notCalibrated : calibration === undefined ? undefined
      : words.calibrated(formatPercent(calibration.ece, locale), calibration.n === null ? undefined : formatCount(calibration.n, locale)));
  }
  return lines.filter((line) => line !== undefined && line !== "") as string[];
}

const GAP = 8; // px between the badge, the panel and the window's edges

/** Puts a panel of fixed position beside its anchor: below, above where there is more room, inside the window. */
export function position(panel: HTMLElement, anchor: Element): void {
  const { documentElement: { clientWidth: width, clientHeight: height } } = anchor.ownerDocument;
  const at = anchor.getBoundingClientRect();
  const box = panel.getBoundingClientRect();
  const start = getComputedStyle(anchor).direction === "rtl" ? at.right - box.width : at.left;
  const below = at.bottom + GAP + box.height <= height || at.top < height - at.bottom;
  panel.style.left = `${String(Math.max(GAP, Math.min(start, width - box.width - GAP)))}px`;
  panel.style.top = `${String(below ? at.bottom + GAP : Math.max(GAP, at.top - GAP - box.height))}px`;
}
