import type {
  Band, Basis, CalibrationMap, FaultCode, FineceRecord, FinishReason, Method, Outside, PositionKind, Reason as KnownReason, Segment,
} from "./contract.js";
import type { ErrorCode } from "./errors.js";

export type { Basis, FinishReason, Method, PositionKind, Segment } from "./contract.js";

/** Why a confidence is unavailable. `unknown` is a reason of a newer core. */
export type Reason = KnownReason | "unknown";

/** Text of the stream as it comes, if it is asked for. It is no record: a gateway's chunks have the text beside their records. */
export interface TextEvent {
  readonly type: "text";
  /** The choice's number, from 0. */
  readonly choice: number;
  readonly segment: Segment;
  readonly text: string;
}

/** A calibration position was found. Its confidences follow, now or later. */
export interface PositionEvent {
  readonly type: "position";
  readonly choice: number;
  /** 0 is the question, then 1, 2, ... over all of the choice's segments. */
  readonly index: number;
  /** Every strategy that fired here. */
  readonly kinds: readonly PositionKind[];
  /** Whose text the offsets count. */
  readonly segment: Segment;
  /** Offset in the segment's text, in bytes of UTF-8. */
  readonly byte: number;
  /** The same offset in UTF-16 code units, as JavaScript strings count. */
  readonly utf16: number;
  /** The number of the segment's tokens that the text before the offset takes up. */
  readonly token: number;
  /** Whether `token` is an estimate, for want of the provider's tokens. */
  readonly approximate: boolean;
  /** Bounds of the entropy in nats of the token that ends here, `null` where not known. */
  readonly entropy: { readonly lower: number | null; readonly upper: number | null };
}

/** The confidence model is asked for an estimate. */
export interface AskEvent {
  readonly type: "ask";
  readonly choice: number;
  /** The position's index. */
  readonly index: number;
  readonly kinds: readonly PositionKind[];
  /** What `Session.request`, `resolve` and `fail` call it. */
  readonly id: number;
}

/** Where a raw confidence comes from, as the core says it. */
export type EstimateSource =
  | { readonly estimator: "builtin"; readonly method: Method | "unknown" }
  | { readonly estimator: "trajectory" }
  | {
      readonly estimator: "model";
      readonly basis: Basis | "unknown";
      /** With basis `expectation`: the probability, in (0,1], of the replies that it was taken over; else `null`. */
      readonly mass: number | null;
    };

/** The map of the setting `calibration` that a raw confidence goes through before integration. */
export interface AppliedMap {
  readonly map: CalibrationMap | "unknown";
  /** Whose map it is: p(0)'s, or that of positions with few or many tokens before them. */
  readonly band: Band | "unknown";
}

interface Revision {
  readonly type: "confidence";
  readonly choice: number;
  /** The position's index. */
  readonly index: number;
  /** 0 for a position's first confidence event, then one more each time. */
  readonly revision: number;
}

/** The position's confidence is not known yet. */
export interface PendingConfidence extends Revision {
  readonly state: "pending";
  readonly raw: null;
  readonly fused: null;
}

/** A position has a value: `provisional` may still be revised, `final` may not. */
export interface KnownConfidence extends Revision {
  readonly state: "provisional" | "final";
  /** The estimate itself: the probability that the answer is correct, in [0,1]. */
  readonly raw: number;
  /** `raw` after the calibration, if there is one, and Backward Confidence Integration with the estimates that came after it, in [0,1]. */
  readonly fused: number;
  /**
   * Whether `fused` is a probability: each raw confidence in it went through a fitted
   * map or came from a model that was trained on labelled answers, and lies inside what
   * these cover. Otherwise it orders answers and no more.
   */
  readonly calibrated: boolean;
  readonly source: EstimateSource;
  /** Absent where no map was applied. */
  readonly calibration?: AppliedMap;
  /** In which ways the value lies outside what its map or its model covers. */
  readonly outside: readonly Outside[];
}

/** There is and will be no value for the position. */
export interface UnavailableConfidence extends Revision {
  readonly state: "unavailable";
  readonly raw: null;
  readonly fused: null;
  readonly reason: Reason;
}

/**
 * Gives a position's confidence, or revises it. `state` tells which: a number
 * is there exactly when there is one.
 */
export type ConfidenceEvent = PendingConfidence | KnownConfidence | UnavailableConfidence;

/** The provider's own token counts over all choices, `null` where it does not say. */
export interface UsageEvent {
  readonly type: "usage";
  readonly prompt: number | null;
  /** All that was generated, reasoning included. */
  readonly completion: number | null;
  readonly reasoning: number | null;
}

/** Something is wrong in the stream, or with a confidence model's reply. The session goes on. */
export interface FaultEvent {
  readonly type: "fault";
  readonly choice: number;
  readonly fault: FaultCode | "unknown";
  /** Bytes of the stream before it; `null` where that means nothing. */
  readonly offset: number | null;
  /** One line, at most 256 bytes, in part of foreign origin: show it as text. */
  readonly detail: string;
}

/** The length of a whole segment in tokens. */
export interface Total {
  readonly tokens: number;
  /** Counted by estimate, not by the provider. */
  readonly approximate: boolean;
}

/** A choice has ended. */
export interface FinishEvent {
  readonly type: "finish";
  readonly choice: number;
  readonly finish: FinishReason | "unknown";
  readonly answer: Total;
  readonly reasoning: Total;
  /** The strategies that were asked for and that the stream could not serve, such as entropy without log-probabilities. */
  readonly missing: readonly PositionKind[];
}

/**
 * The stream's end marker came, or an error that ends it: nothing that follows
 * counts, whether or not the connection is closed.
 */
export interface EndedEvent {
  readonly type: "ended";
}

/** What an event of the stream says about a choice, if the setting `frames` asks for it. It comes right before the event's `framed`. */
export interface SaidEvent {
  readonly type: "said";
  readonly choice: number;
  /** It has members that are read as text. */
  readonly text: boolean;
  /** It has members that may hold text and are not read as text, such as a tool call. */
  readonly other: boolean;
  /** It has a finish reason. */
  readonly finished: boolean;
  /** Where the choice's log-probabilities are, in bytes of the stream: nowhere if `begin` is `end`. */
  readonly logprobs: { readonly begin: number; readonly end: number };
}

/** Where an event of the stream ends, and what it is, if the setting `frames` asks for it. Offsets are in bytes of the stream. */
export interface FramedEvent {
  readonly type: "framed";
  /** Bits: 1 a chunk, 2 a chunk without choices, 4 comments alone, 8 it has token counts, 16 it has choices that are not read, 32 `[DONE]`, 64 no event of an event stream. */
  readonly is: number;
  readonly end: number;
  /** Where its JSON object begins. */
  readonly data: number;
  /** The object's closing brace; `null` if there is no object to edit. */
  readonly brace: number | null;
}

/**
 * The core failed to load or trapped. The stream's text still comes. Every
 * position that was not final has become unavailable just before, for the
 * reason `core-lost`.
 */
export interface LostEvent {
  readonly type: "lost";
  /** The code of the {@link FineceError} that was reported. */
  readonly code: ErrorCode;
  readonly message: string;
}

/** What a core's session says. `RecordBuilder` makes records of it. */
export type CoreEvent =
  | TextEvent | PositionEvent | AskEvent | ConfidenceEvent | UsageEvent | FaultEvent | FinishEvent | EndedEvent
  | SaidEvent | FramedEvent;

/**
 * What a scored stream says: records, the text if it is asked for, and that the
 * core was lost. All of it is plain data that survives JSON and structured
 * clones. A value that is not known is `null`, never NaN.
 */
export type StreamEvent = FineceRecord | TextEvent | LostEvent;
