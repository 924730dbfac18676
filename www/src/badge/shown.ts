import { type PositionConfidence, shownAs } from "./positions.js";
import {
  type BadgeState, type Band, type Calibration, type Shown, type Words, bandOf, formatCount, formatPercent, isProbability, showValue,
} from "./words.js";

/** What a badge or a chip shows. A number is there exactly when it is known. */
export interface BadgeView extends Shown {
  readonly state: BadgeState;
  readonly value: number | null;
  readonly first: number | null;
  readonly band: Band | undefined;
  readonly reason: string;
  readonly kind: string;
  readonly label: string;
  readonly locale: string;
  readonly calibration: Calibration | undefined;
  /** The form of the map, the name of the model that estimates, and in which ways the answer lies outside what the map or the model covers; "" if not known. */
  readonly map: string;
  readonly model: string;
  readonly outside: string;
}

/** Whether a value as it is shown differs from the first one. */
export function isRevised(view: BadgeView, words: Words): boolean {
  return view.value !== null && view.first !== null
    && showValue(view.value, view, words, view.locale) !== showValue(view.first, view, words, view.locale);
}

/** A badge in a few words: its accessible name, and the title of its details. */
export function nameOf(view: BadgeView, words: Words): string {
  const named = (name: string): string => (view.label === "" ? name : view.label);
  if (view.value === null || view.band === undefined) {
    return `${named(words.label)}: ${words.states[view.state]}`;
  }
  return view.calibrated
    ? `${named(words.label)} ${formatPercent(view.value, view.locale)}, ${words.bands[view.band]}, ${words.states[view.state]}`
    : `${named(words.certainty)}: ${words.bands[view.band]}, ${words.states[view.state]}`;
}

/**
 * What a chip says about a whole answer. Only a calibrated value is shown as a share of answers that are right. If a
 * value of any kind is low, the chip asks the reader to check.
 */
export function answerText({ value, band, state, calibrated, locale }: Pick<BadgeView, "value" | "band" | "state" | "calibrated" | "locale">, { answer }: Words): string {
  if (value === null || band === undefined) {
    return state === "pending" ? answer.pending : answer.unavailable;
  }
  if (band === "low") {
    return answer.check;
  }
  if (!calibrated) {
    return answer.certainty[band];
  }
  const share = (n: number): [string, string] => [formatCount(n, locale), formatCount(10, locale)];
  return value >= 0.95 ? answer.over(...share(9)) : answer.odds(...share(Math.max(1, Math.round(value * 10))));
}

/** How high a position's value is; `undefined` if it has none. */
export function positionBand(position: PositionConfidence, bands?: readonly [number, number]): Band | undefined {
  return isProbability(position.fused) ? bandOf(position.fused, shownAs(position), bands) : undefined;
}

/** Whether a position has a low value, which a reader should check. */
export function isLow(position: PositionConfidence, bands?: readonly [number, number]): boolean {
  return positionBand(position, bands) === "low";
}
