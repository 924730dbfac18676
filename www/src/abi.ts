// The contract with finece.wasm, mirrored from wasm/abi/abi.go of the
// repository; the names are in the order of the numbers in its records.

/** The ABI version that this package speaks, as `finece_abi()` returns it. */
export const ABI_VERSION = 1;

/** The most bytes that one call of the core takes: 16 MiB. */
export const MAX_INPUT = 16 << 20;

/** The functions that a core exports, with their numbers of parameters. */
export const FUNCTIONS = {
  _initialize: 0,
  finece_abi: 0,
  finece_input: 1,
  finece_open: 1,
  finece_write: 1,
  finece_end: 0,
  finece_request: 1,
  finece_resolve: 2,
  finece_fail: 2,
  finece_fuse: 1,
  finece_evaluate: 1,
} as const;

/** The name of one of a core's functions. */
export type FunctionName = keyof typeof FUNCTIONS;

/** What an answer's status says, by its number; 0 is success. */
export const STATUS = ["ok", "config", "too-long", "order", "unknown-ask", "argument"] as const;

/** Which of an answer's texts an offset or a token count belongs to. */
export const SEGMENTS = ["answer", "reasoning", "refusal"] as const;

/** Why there is a position, by bit. */
export const POSITION_KINDS = ["question", "paragraph", "line", "periodic", "entropy", "end"] as const;

/** Where a position's confidence stands. */
export const STATES = ["pending", "provisional", "final", "unavailable"] as const;

/** Why a confidence is unavailable; 0 is no reason. */
export const REASONS = [
  "", "no logprobs", "no text", "refusal", "tool call", "stream failed", "text too long", "given up", "bad reply",
  "timeout", "superseded", "endpoint error", "unreachable", "cancelled", "implausible-logprobs",
] as const;

/** The built-in estimators. */
export const METHODS = ["first-prob", "mean-prob", "min-prob", "perplexity", "group", "leco"] as const;

/** What a confidence model's number was read from. */
export const BASES = ["expectation", "parsed", "class", "score"] as const;

/** The maps of a calibration; 0 is none. */
export const MAPS = ["", "identity", "temperature", "platt", "beta", "isotonic", "histogram"] as const;

/** The position bands that a calibration has a map for. */
export const BANDS = ["question", "early", "late"] as const;

/** Why a choice ended. */
export const FINISHES = [
  "stop", "length", "content_filter", "tool_calls", "refused", "failed", "cancelled", "other",
] as const;

/** What is wrong in a stream: the decoder's codes from 1, the session's from 64. */
export const FAULTS: Readonly<Record<number, string>> = {
  1: "invalid JSON", 2: "event too large", 3: "invalid UTF-8", 4: "provider error", 5: "truncated",
  6: "unknown format", 7: "too many choices", 8: "unknown event", 9: "not a stream", 10: "bad logprobs",
  64: "bad reply", 65: "too many positions",
};
