/**
 * FineCE in JavaScript: while a language model is still writing, how likely its
 * answer is right.
 *
 * Start from {@link confidenceFetch} to hand to an SDK, {@link ConfidenceStream}
 * for a stream of your own, {@link confidences} to iterate over events, or
 * {@link loadCore} and `Session` for the core itself. Nothing is loaded before
 * it is used.
 *
 * @packageDocumentation
 */
export { ABI_VERSION, RECORD_VERSION } from "./contract.js";
export type {
  ConfidenceRecord, DecisionRecord, EndRecord, Entropy, Envelope, FaultRecord, FineceRecord, Place, PositionRecord, Source, StartRecord, State,
} from "./contract.js";
export { type ByteSource, confidences } from "./confidences.js";
export type { Calibration, Format, ModelConfig, ScoringConfig, SessionConfig, Strategy, Trajectory } from "./config.js";
export type { Core } from "./core.js";
export {
  CoreLoadError, CoreTrapError, type ErrorCode, type ErrorContext, FineceError, ModelError, type ModelFailure,
} from "./errors.js";
export { readEnvelope, writeEnvelope } from "./envelope.js";
export type * from "./events.js";
export { confidenceFetch, type ConfidenceFetchOptions, type ResponseInfo } from "./fetch.js";
export { type CoreSource, loadCore } from "./load.js";
export type { Fetch, ModelOptions } from "./model.js";
export { AnswerReader, type AnswerReaderOptions } from "./reader.js";
export { RecordBuilder } from "./builder.js";
export { Scorer, type ScoreOptions } from "./scorer.js";
export type { FailReason, Session } from "./session.js";
export { ConfidenceStream } from "./stream.js";
