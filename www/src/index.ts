/**
 * FineCE in JavaScript estimates how likely a language model's answer is to be right, while the
 * model is still writing.
 *
 * Choose one: {@link confidenceFetch} makes a `fetch` function for an SDK, {@link ConfidenceStream}
 * scores your own stream, {@link confidences} iterates over events, and {@link loadCore} gives the
 * core itself, with its `Session`. The core is loaded when it is first used.
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
