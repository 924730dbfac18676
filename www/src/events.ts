import type {
  Band, Basis, CalibrationMap, FaultCode, FineceRecord, FinishReason, Method, Outside, PositionKind, Reason as KnownReason, Segment,
} from "./contract.js";
import type { ErrorCode } from "./errors.js";

export type { Basis, FinishReason, Method, PositionKind, Segment } from "./contract.js";

/** Why a confidence is unavailable. `unknown` is a reason of a newer core. */
export type Reason = KnownReason | "unknown";

/**
 * Text of the stream as it arrives, if the option `text` is set. This event is not a record: in a gateway's chunks, the
 * text stands beside the records.
 */
export interface TextEvent {
  readonly type: "text";
  /** The choice's number, from 0. */
  readonly choice: number;
  readonly segment: Segment;
  readonly text: string;
}

/** A position was found. Its confidences follow at once or later. */
export interface PositionEvent {
  readonly type: "position";
  readonly choice: number;
  /** 0 is the question, then 1, 2, ... over all of the choice's segments. */
  readonly index: number;
  /** All strategies that put a position here. */
  readonly kinds: readonly PositionKind[];
  /** The segment in whose text the offsets count. */
  readonly segment: Segment;
  /** Offset in the segment's text, in bytes of UTF-8. */
  readonly byte: number;
  /** The same offset in UTF-16 code units, as JavaScript strings count. */
  readonly utf16: number;
  /** The number of the segment's tokens that the text before the offset takes up. */
  readonly token: number;
  /** Whether `token` is an estimate, because the provider sent no tokens. */
  readonly approximate: boolean;
  /** Bounds of the entropy of the token that ends here, in nats; `null` if not known. */
  readonly entropy: { readonly lower: number | null; readonly upper: number | null };
}

/** The confidence model is asked for an estimate. */
export interface AskEvent {
  readonly type: "ask";
  readonly choice: number;
  /** The position's index. */
  readonly index: number;
  readonly kinds: readonly PositionKind[];
  /** The id to pass to `Session.request`, `resolve` and `fail`. */
  readonly id: number;
}

/** The source of a raw confidence, as the core reports it. */
export type EstimateSource =
  | { readonly estimator: "builtin"; readonly method: Method | "unknown" }
  | { readonly estimator: "trajectory" }
  | {
      readonly estimator: "model";
      readonly basis: Basis | "unknown";
      /** With basis `expectation`: the total probability, in (0,1], of the replies that the expectation was computed from; otherwise `null`. */
      readonly mass: number | null;
    };

/** The map of the setting `calibration` that a raw confidence goes through before integration. */
export interface AppliedMap {
  readonly map: CalibrationMap | "unknown";
  /** The positions that the map is for: p(0), or positions with few or many tokens before them. */
  readonly band: Band | "unknown";
}

interface Revision {
  readonly type: "confidence";
  readonly choice: number;
  /** The position's index. */
  readonly index: number;
  /** 0 for a position's first confidence event, and one more for each later one. */
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
  /** The value after calibration, if there is a map, and after Backward Confidence Integration with the later estimates, in [0,1]. */
  readonly fused: number;
  /**
   * Whether `fused` is a probability. It is one if each raw confidence in it went through a fitted
   * map or came from a model that was trained on labelled answers, and if the answer is of a kind
   * that the map or model covers. Otherwise `fused` only ranks answers.
   */
  readonly calibrated: boolean;
  readonly source: EstimateSource;
  /** Absent if no map was applied. */
  readonly calibration?: AppliedMap;
  /** In which ways the value lies outside what its map or its model covers. */
  readonly outside: readonly Outside[];
}

/** The position has no value and will get none. */
export interface UnavailableConfidence extends Revision {
  readonly state: "unavailable";
  readonly raw: null;
  readonly fused: null;
  readonly reason: Reason;
}

/**
 * Gives or revises a position's confidence. `state` says whether there is a value: `provisional`
 * and `final` have one.
 */
export type ConfidenceEvent = PendingConfidence | KnownConfidence | UnavailableConfidence;

/** The provider's own token counts over all choices; `null` for a count that it did not send. */
export interface UsageEvent {
  readonly type: "usage";
  readonly prompt: number | null;
  /** All generated tokens, including reasoning. */
  readonly completion: number | null;
  readonly reasoning: number | null;
}

/** Something is wrong in the stream, or with a confidence model's reply. The session continues. */
export interface FaultEvent {
  readonly type: "fault";
  readonly choice: number;
  readonly fault: FaultCode | "unknown";
  /** The number of bytes of the stream before the fault; `null` if the fault is not in the stream. */
  readonly offset: number | null;
  /** One line of at most 256 bytes. It may contain text from the server, so show it as text, not as HTML. */
  readonly detail: string;
}

/** The length of a whole segment in tokens. */
export interface Total {
  readonly tokens: number;
  /** Whether the length is an estimate, because the provider did not count. */
  readonly approximate: boolean;
}

/** A choice has ended. */
export interface FinishEvent {
  readonly type: "finish";
  readonly choice: number;
  readonly finish: FinishReason | "unknown";
  readonly answer: Total;
  readonly reasoning: Total;
  /** The strategies that were set but that the stream does not support, such as entropy without log-probabilities. */
  readonly missing: readonly PositionKind[];
}

/**
 * The stream's end marker arrived, or an error that ends the stream. Everything after it is
 * ignored, also if the connection stays open.
 */
export interface EndedEvent {
  readonly type: "ended";
}

/** What an event of the stream contains for one choice. It is sent only with the setting `frames`, just before the event's `framed`. */
export interface SaidEvent {
  readonly type: "said";
  readonly choice: number;
  /** Whether it has members that are read as text. */
  readonly text: boolean;
  /** Whether it has members that may hold text but are not read as text, such as a tool call. */
  readonly other: boolean;
  /** Whether it has a finish reason. */
  readonly finished: boolean;
  /** The byte range of the choice's log-probabilities in the stream. There are none if `begin` equals `end`. */
  readonly logprobs: { readonly begin: number; readonly end: number };
}

/**
 * Where an event of the stream ends, and which kind of event it is. It is sent only with the setting `frames`. Offsets
 * are in bytes of the stream.
 */
export interface FramedEvent {
  readonly type: "framed";
  /** Bits: 1 a chunk, 2 a chunk without choices, 4 comments alone, 8 it has token counts, 16 it has choices that are not read, 32 `[DONE]`, 64 no event of an event stream. */
  readonly is: number;
  readonly end: number;
  /** The offset at which the event's JSON object begins. */
  readonly data: number;
  /** The offset of the object's closing brace; `null` if there is no object to edit. */
  readonly brace: number | null;
}

/**
 * The core could not be loaded, or trapped (stopped with an error of WebAssembly). The stream's
 * text still comes. Just before this event, every position that was not final became unavailable
 * with the reason `core-lost`.
 */
export interface LostEvent {
  readonly type: "lost";
  /** The code of the {@link FineceError} that was reported. */
  readonly code: ErrorCode;
  readonly message: string;
}

/** The events of a core's session. `RecordBuilder` makes records from them. */
export type CoreEvent =
  | TextEvent | PositionEvent | AskEvent | ConfidenceEvent | UsageEvent | FaultEvent | FinishEvent | EndedEvent
  | SaidEvent | FramedEvent;

/**
 * The events of a scored stream: records, text if the option `text` is set, and `lost` if the core
 * failed. All events are plain data: they can be written as JSON and cloned. An unknown value is
 * `null`, never NaN.
 */
export type StreamEvent = FineceRecord | TextEvent | LostEvent;
