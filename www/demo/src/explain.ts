import { type PositionConfidence, formatPercent, sourceName } from "finece/badge";

/** Where an answer's number is from, and what it may be read as, in a few sentences. */
export function sourceOf(headline: PositionConfidence | undefined, done: boolean): string {
  if (headline === undefined || headline.source === null) {
    return headline?.state === "unavailable" || done ? "This answer has no number: its confidence is not available." : "This answer has no number yet.";
  }
  const { source, calibrated, fused } = headline;
  const from = source.estimator === "logprob"
    ? `It is computed from the probabilities that the model gave to its own words: ${METHOD[sourceName(source)] ?? sourceName(source)}.`
    : source.estimator === "model" ? `It is from a second model${source.model === null ? "" : `, “${source.model}”`}, which reads the answer and says how likely it is to be right.`
    : source.estimator === "samples" ? "It is the share of further answers to the same question that agree with this one."
      : "It is estimated from how the model's probabilities for its own words change along the answer.";
  return calibrated && fused !== null
    ? `${from} It was checked: of answers with this number, about ${formatPercent(fused, "en")} are right.`
    : `${from} It was not checked on answers like this one, so it is shown as a word, not as a percentage.`;
}

/** What the statistics are, in plain words. */
const METHOD: Readonly<Record<string, string>> = {
  "leco": "how sure the model was of each step, compared with the steps before",
  "perplexity": "their geometric mean",
  "mean-prob": "their mean",
  "min-prob": "the lowest of them",
  "first-prob": "the probability of the first word",
  "group": "the lowest mean among groups of words",
};
