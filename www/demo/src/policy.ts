import type { PositionConfidence } from "finece/badge";

/** What is done with confidences. */
export type Policy = "annotate" | "withhold" | "stop";

/** What a policy would have done to an answer, decided as the gateway does, by what was known first. */
export interface Verdict {
  /** The position whose confidence was below the threshold. */
  readonly at: PositionConfidence;
  /** The text from here on is not shown, in UTF-16 code units. */
  readonly utf16: number;
  /** Tokens that would not have been written. */
  readonly saved: number;
  /** Tokens that are not shown. */
  readonly hidden: number;
}

/**
 * The first position below the threshold ends the answer: `withhold` holds each
 * paragraph back until its confidence is known and ends before it, `stop` ends
 * after it. p(0) stands for no text, and nothing follows p(z).
 */
export function judge(
  positions: readonly PositionConfidence[], policy: Policy, threshold: number, tokens: number,
): Verdict | undefined {
  if (policy === "annotate") {
    return undefined;
  }
  let before = { utf16: 0, token: 0 };
  for (const at of positions) {
    if (at.kinds.includes("question") || at.first === null) {
      continue;
    }
    const end = at.kinds.includes("end");
    if (at.first < threshold && (policy === "withhold" || !end)) {
      const from = policy === "withhold" ? before : at;
      return { at, utf16: from.utf16, saved: Math.max(0, tokens - at.token), hidden: Math.max(0, tokens - from.token) };
    }
    before = at;
  }
  return undefined;
}
