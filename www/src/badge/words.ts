import { CUTS, METHODS } from "../contract.js";
import type { PositionConfidence } from "./positions.js";

/** Where a badge stands. */
export type BadgeState = PositionConfidence["state"];

/** How high a confidence is: below the first of two limits, between them, or at least the second. */
export type Band = "low" | "medium" | "high";

/** How well the estimates of this source were calibrated when somebody measured it on labelled answers. */
export interface Calibration {
  /** Expected calibration error, in [0,1]. */
  readonly ece: number;
  /** On how many labelled answers; `null` if not known. */
  readonly n: number | null;
}

/** What a summary of several positions counts. Values are in [0,1] and `null` where none is known. */
export interface Summary {
  /** Positions. */
  readonly count: number;
  /** Positions that have a value. */
  readonly known: number;
  /** The lowest value. */
  readonly lowest: number | null;
  /** The value furthest on in the text. */
  readonly latest: number | null;
  /** Whether nothing will change any more. */
  readonly done: boolean;
}

/**
 * Everything that badges say. Replace what you translate, before badges are
 * made: `ConfidenceBadge.words = { ...ConfidenceBadge.words, ...mine }`. Numbers
 * come formatted.
 */
export interface BadgeWords {
  /** What the number is called, such as `Confidence`; the attribute `label` goes before it. */
  readonly label: string;
  /** The same of a value that is not calibrated, and so is no probability. */
  readonly certainty: string;
  /** In place of a number that is not known yet, on the badge. */
  readonly pendingMark: string;
  /** In place of a number that will not be known, on the badge. */
  readonly unavailableMark: string;
  /** The states, in words. */
  readonly states: Readonly<Record<BadgeState, string>>;
  /** The bands, in words. */
  readonly bands: Readonly<Record<Band, string>>;
  /** What the number means, by what was judged. */
  readonly meaning: Readonly<Record<"partial" | "whole" | "question" | "certainty", string>>;
  /** How to read a value. */
  readonly reading: (value: string) => string;
  /** That a value was revised. */
  readonly revised: (first: string, value: string) => string;
  /** Where the estimate is from, by the badge's `source`; `undefined` says nothing. */
  readonly source: (source: string) => string | undefined;
  /** How well calibrated the estimates were. */
  readonly calibrated: (ece: string, n: string | undefined) => string;
  /** That a certainty is no probability. */
  readonly notCalibrated: string;
  /** Why there is no value, by the core's reason; other reasons are shown as they are. */
  readonly reasons: Readonly<Record<string, string>>;
  /** The heading of the details, for screen readers. */
  readonly details: string;
  /** What the live region announces. */
  readonly summary: (summary: Summary, format: (value: number) => string) => string;
}

/** The words of badges in English. */
export const ENGLISH: BadgeWords = {
  label: "Confidence",
  certainty: "Certainty",
  pendingMark: "…",
  unavailableMark: "–",
  states: {
    pending: "being estimated",
    provisional: "may still be revised",
    final: "final",
    unavailable: "not available",
  },
  bands: { low: "low", medium: "medium", high: "high" },
  meaning: {
    partial: "An estimate of how likely the finished answer is correct, judged by the text up to here.",
    whole: "An estimate of how likely this answer is correct, judged by all of its text.",
    question: "An estimate of how likely the answer will be correct, judged by the question alone.",
    certainty: "How sure the model seems of its text, compared with other answers. It does not say how often such answers are correct.",
  },
  reading: (value) => `Of the labelled answers rated like this one, ${value} were correct.`,
  revised: (first, value) => `First ${first}, revised to ${value} by what was written after it.`,
  source: (source) =>
    source.startsWith("model") ? "Estimated by a confidence model."
      : isBuiltin(source) ? `From the token probabilities of the model that wrote it (${source}).` : undefined,
  calibrated: (ece, n) =>
    `Calibration: off by ${ece} on average (ECE${n === undefined ? "" : `, ${n} labelled answers`}).`,
  notCalibrated: "Not calibrated: take it as a ranking, not as a probability.",
  reasons: {
    "no-logprobs": "The model's stream has no log-probabilities, or not of all its text.",
    "implausible-logprobs": "The model's server sends log-probabilities that cannot be true.",
    "no-text": "There is no text to judge.",
    "refusal": "The model refused to answer.",
    "tool-call": "The model called a tool.",
    "stream-failed": "The stream broke off.",
    "text-too-long": "The text is too long to judge.",
    "given-up": "Too many estimates were waiting.",
    "bad-reply": "The confidence model's reply could not be used.",
    "timeout": "The confidence model did not reply in time.",
    "superseded": "A later estimate took its place.",
    "endpoint-error": "The confidence model reported an error.",
    "unreachable": "The confidence model could not be reached.",
    "cancelled": "The estimate was cancelled.",
    "core-lost": "The scoring core could not run.",
    "no-trajectory": "No trajectory model was given.",
    "unknown": "No reason is known.",
  },
  details: "About this confidence",
  summary: ({ latest, lowest, done }, format) =>
    latest === null || lowest === null ? (done ? "No confidence available." : "Confidence is being estimated.")
      : `${done ? "Confidence" : "Confidence so far"}: ${format(latest)}${lowest < latest ? `, lowest ${format(lowest)}` : ""}.`,
};

/** Whether a badge's `source` names a built-in estimator, of which none is calibrated. */
function isBuiltin(source: string): boolean {
  return (METHODS as readonly string[]).includes(source);
}

/** What is known of a value beside its number. */
export interface Shown {
  /** Whether it is a probability. */
  readonly calibrated: boolean;
  /** The statistic or the estimator, and more after a space: `perplexity`, `model expectation`. */
  readonly source: string;
  /** Whether it went through a map. */
  readonly mapped: boolean;
}

/** How high a certainty is among values of its source. */
export function wordOf(value: number, { source, mapped }: Shown): Band {
  const [medium, high] = (mapped ? undefined : CUTS[source.split(" ", 1)[0] ?? ""]) ?? CUTS[""];
  return value >= high ? "high" : value >= medium ? "medium" : "low";
}

/** A value as people are shown it: a percentage if it is calibrated, else a word. */
export function showValue(value: number, shown: Shown, words: BadgeWords, locale?: string): string {
  return shown.calibrated ? formatPercent(value, locale) : words.bands[wordOf(value, shown)];
}

/** Whether a value is one that may be shown as a number. */
export function isProbability(value: number | null | undefined): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}

/**
 * A probability in whole percent as the locale writes it. What would round to
 * certainty but is not shows as `>99%` or `<1%`.
 */
export function formatPercent(value: number, locale?: string): string {
  const format = formatter(locale, "percent");
  return value > 0 && value < 0.01 ? `<${format.format(0.01)}`
    : value < 1 && value > 0.99 ? `>${format.format(0.99)}` : format.format(value);
}

/** A count as the locale writes it. */
export function formatCount(n: number, locale?: string): string {
  return formatter(locale, "decimal").format(n);
}

const formatters = new Map<string, Intl.NumberFormat>();

function formatter(locale: string | undefined, style: "percent" | "decimal"): Intl.NumberFormat {
  const key = `${style} ${locale ?? ""}`;
  let format = formatters.get(key);
  if (format === undefined) {
    try {
      format = new Intl.NumberFormat(locale === "" ? undefined : locale, { style, maximumFractionDigits: 0 });
    } catch { // the tag comes from an attribute
      format = new Intl.NumberFormat(undefined, { style, maximumFractionDigits: 0 });
    }
    formatters.set(key, format);
  }
  return format;
}

/** Counts positions for a summary. */
export function summarise(positions: readonly PositionConfidence[], done: boolean): Summary {
  let lowest: number | null = null;
  let latest: number | null = null;
  let known = 0;
  for (const { fused: value } of positions) {
    if (isProbability(value)) {
      known++;
      latest = value;
      lowest = lowest === null ? value : Math.min(lowest, value);
    }
  }
  return { count: positions.length, known, lowest, latest, done };
}
