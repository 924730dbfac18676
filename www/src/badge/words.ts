import { CUTS, METHODS, type Outside } from "../contract.js";
import type { Reason } from "../events.js";
import type { PositionConfidence } from "./positions.js";

/** The state of the confidence that a badge shows. */
export type BadgeState = PositionConfidence["state"];

/** How high a confidence is: below the first of two limits, between them, or at least the second. */
export type Band = "low" | "medium" | "high";

/** How well the estimates of this source were calibrated when somebody measured it on labelled answers. */
export interface Calibration {
  /** Expected calibration error, in [0,1]. */
  readonly ece: number;
  /** The number of labelled answers; `null` if not known. */
  readonly n: number | null;
}

/**
 * All texts that people see, in one language. Numbers in the texts are already formatted. To change
 * a text for all elements, call `speak({ ...ENGLISH, regenerate: "Rewrite from here" })`; for one
 * element, set its property `words`. Other languages have separate entries:
 * `import { german } from "finece/lang/de"; speak(german)`.
 */
export interface Words {
  /** The language, a BCP 47 tag: for elements whose nearest `lang` is this language. */
  readonly lang: string;
  /** The name of the number, such as `Confidence`; the attribute `label` replaces it. */
  readonly label: string;
  /** The name of a value that is not calibrated, so not a probability. */
  readonly certainty: string;
  /** The badge's text while the value is not known yet. */
  readonly pendingMark: string;
  /** The badge's text if there will be no value. */
  readonly unavailableMark: string;
  /** The states, in words. */
  readonly states: Readonly<Record<BadgeState, string>>;
  /** The bands, in words. */
  readonly bands: Readonly<Record<Band, string>>;
  /** A whole answer's confidence in a few words. */
  readonly answer: AnswerWords;
  /** A sentence that says how many of an answer's parts a reader should check. Both parameters are counts. */
  readonly toCheck: (check: number, of: number) => string;
  /** The name of the line of values, for screen readers. */
  readonly history: string;
  /** What the number means, for each kind of text that was judged. */
  readonly meaning: Readonly<Record<"partial" | "whole" | "question" | "certainty", string>>;
  /** How to read a value. */
  readonly reading: (value: string) => string;
  /** A sentence that says that a value was revised. */
  readonly revised: (first: string, value: string) => string;
  /** A sentence that says that a confidence model made the estimate; `model` is its name, "" if it is not known. */
  readonly model: (model: string) => string;
  /** A sentence that says that the estimate is a statistic of token probabilities. */
  readonly statistic: (method: string) => string;
  /** A sentence that says that a map turned the estimate into a probability; `map` is the map's form, such as `platt`. */
  readonly map: (map: string) => string;
  /** A sentence that says how well calibrated the estimates were, and on how many labelled answers, if this is known. */
  readonly calibrated: (ece: string, n: string | undefined) => string;
  /** A sentence that says that a certainty is not a probability. */
  readonly notCalibrated: string;
  /** Why there is no value, by the core's reason; other reasons are shown as they are. */
  readonly reasons: Readonly<Record<Reason, string>>;
  /** In which way the answer lies outside what the map or the model covers. */
  readonly outside: Readonly<Record<Outside, string>>;
  /** The name of the details, for screen readers. */
  readonly details: string;
  /** The heading of the list of an answer's parts. */
  readonly parts: string;
  /** The action that writes the answer again, starting at a paragraph. */
  readonly regenerate: string;
  /** The action that gives the question to a stronger model. */
  readonly stronger: string;
  /** What the marks of spans mean. */
  readonly legend: Readonly<Record<"title" | "low" | "medium", string>>;
}

/** A whole answer's confidence in a few words. */
export interface AnswerWords {
  /** A probability as a share, such as 7 in 10. */
  readonly odds: (n: string, of: string) => string;
  /** A probability above the largest share that is shown. */
  readonly over: (n: string, of: string) => string;
  /** A certainty that is medium or high. */
  readonly certainty: Readonly<Record<"medium" | "high", string>>;
  /** A low value of any kind. */
  readonly check: string;
  /** The text while no value is known yet. */
  readonly pending: string;
  /** The text if there will be no value. */
  readonly unavailable: string;
}

/** The words in English. */
export const ENGLISH: Words = {
  lang: "en",
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
  answer: {
    odds: (n, of) => `About ${n} in ${of} answers like this are right`,
    over: (n, of) => `More than ${n} in ${of} answers like this are right`,
    certainty: { medium: "Medium certainty", high: "High certainty" },
    check: "Check this",
    pending: "Confidence is being estimated",
    unavailable: "Confidence is not available",
  },
  toCheck: (check, of) => `${String(check)} of ${String(of)} ${of === 1 ? "part" : "parts"} should be checked.`,
  history: "Confidence while the answer was written",
  meaning: {
    partial: "An estimate of how likely the finished answer is correct, judged by the text up to here.",
    whole: "An estimate of how likely this answer is correct, judged by all of its text.",
    question: "An estimate of how likely the answer will be correct, judged by the question alone.",
    certainty: "How sure the model seems of its text, compared with other answers. It does not say how often such answers are correct.",
  },
  reading: (value) => `Of the labelled answers rated like this one, ${value} were correct.`,
  revised: (first, value) => `First ${first}, revised to ${value} by what was written after it.`,
  model: (model) => `Estimated by ${model === "" ? "a confidence model" : `the confidence model ${model}`}.`,
  statistic: (method) => `From the token probabilities of the model that wrote it (${method}).`,
  map: (map) => `Turned into a probability by a map fitted on labelled answers (${map}).`,
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
    "superseded": "A newer estimate replaced it.",
    "endpoint-error": "The confidence model reported an error.",
    "unreachable": "The confidence model could not be reached.",
    "cancelled": "The estimate was cancelled.",
    "core-lost": "The scoring core could not run.",
    "no-trajectory": "No trajectory model was given.",
    "unknown": "No reason is known.",
  },
  outside: {
    generator: "The model that wrote it is not one that this was calibrated for.",
    domain: "The subject is not one that this was calibrated for.",
    kind: "Places like this one were not calibrated.",
    conversation: "Conversations were not calibrated.",
    range: "The estimate lies outside the range of the labelled answers.",
    unlike: "The text is unlike the labelled answers.",
    drift: "Recent answers differ from the labelled ones.",
  },
  details: "About this confidence",
  parts: "Parts of the answer",
  regenerate: "Regenerate from here",
  stronger: "Ask a stronger model",
  legend: { title: "Marked text", low: "unsure", medium: "less sure" },
};

const languages = new Map<string, Words>();

/** Adds languages: elements whose `locale` or nearest `lang` is one of these languages use its texts. */
export function speak(...words: readonly Words[]): void {
  words.forEach((each) => { languages.set(each.lang, each); });
}

/** The language at an element: that of the nearest `lang`, a BCP 47 tag; "" without one. */
export function languageAt(element: Element): string {
  return element.closest("[lang]")?.getAttribute("lang") ?? "";
}

/** The words for a locale: those of the whole tag, or those of its language, or English. */
export function wordsFor(locale: string): Words {
  for (let tag = locale; tag !== ""; tag = tag.slice(0, Math.max(0, tag.lastIndexOf("-")))) {
    const words = languages.get(tag);
    if (words !== undefined) {
      return words;
    }
  }
  return languages.get("en") ?? ENGLISH;
}

/** Whether a badge's `source` names a built-in estimator. Built-in estimators are not calibrated. */
export function isBuiltin(source: string): boolean {
  return (METHODS as readonly string[]).includes(source);
}

/** The properties of a value that decide how it is shown. */
export interface Shown {
  /** Whether the value is a probability. */
  readonly calibrated: boolean;
  /** The statistic or the estimator, and more after a space: `perplexity`, `model expectation`. */
  readonly source: string;
  /** Whether the value went through a map. */
  readonly mapped: boolean;
}

/** The values from which a certainty of a source is medium and high. */
export function cutsOf({ source, mapped }: Shown): readonly [number, number] {
  return (mapped ? undefined : CUTS[source.split(" ", 1)[0] ?? ""]) ?? CUTS[""];
}

/** How high a value is by two limits: `medium` from the first on, `high` from the second on. */
export function bandBy(value: number, [medium, high]: readonly [number, number]): Band {
  return value < medium ? "low" : value < high ? "medium" : "high";
}

/**
 * How high a value is. A probability is compared with the limits, in the form in which its percentage is shown. A
 * certainty is compared with the usual values of its source.
 */
export function bandOf(value: number, shown: Shown, limits: readonly [number, number] = CUTS[""]): Band {
  const percent = Math.round(value * 100) / 100; // 80% is never called less than 80%
  return shown.calibrated ? bandBy(percent, limits) : bandBy(value, cutsOf(shown));
}

/** A value as it is shown: a percentage if it is calibrated, otherwise a word. */
export function showValue(value: number, shown: Shown, words: Words, locale?: string): string {
  return shown.calibrated ? formatPercent(value, locale) : words.bands[bandBy(value, cutsOf(shown))];
}

/** Whether a value is one that may be shown as a number. */
export function isProbability(value: number | null | undefined): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}

/**
 * A probability in whole percent, in the locale's format. A value that is not 0 or 1 but would
 * round to it is shown as `<1%` or `>99%`.
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
