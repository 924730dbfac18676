// Package session is the state machine of one model stream: bytes go in, and
// confidences come out, which later ones may revise.
//
// It ties the pure packages together and does no I/O. The host calls it whenever it
// likes. Every engine that gets the same calls returns the same events, bit for bit:
//
//	Open                the question's position, p(0)
//	Write(bytes)        what the provider sent, cut anywhere
//	End()               the stream is over
//	Request(id)         the body of a request to the confidence model
//	Resolve(id, reply)  the reply to that request
//	Fail(id, why)       or the reason why there is no reply
//
// # Life of a position
//
// A position detector (package position) finds the positions. For each, a
// [Positioned] event comes first. Then one or more [Confidence] events have the
// same index, each with a revision one higher than the one before:
//
//	pending      an [Ask] was emitted, and there is no estimate yet
//	provisional  a value that later estimates may still revise
//	final        a value that nothing changes any more
//	unavailable  no value, now or later; Reason says why
//
// After final or unavailable, no event follows for that position.
//
// The raw value is the estimate itself. The fused value is the raw one after
// calibration and after Backward Confidence Integration (package bci) with the
// estimates of later positions. With a [Config].Calibration (package calibrate),
// the map of the position's band is applied to a raw value before integration, and
// the source names the map. A fused value is Calibrated, and so a probability, if each
// raw value in it went through a fitted map or came from a confidence model or a
// trajectory model that was trained on labelled answers ([Config].Card, or the model's
// own card), and lies inside what the card of the map or of the model covers:
// Source.Outside has no calibrate.Disqualifying way. A session has one estimator, so an
// estimate of a model is never fused with a statistic.
//
// # Estimators
//
// The built-in estimators read the stream's own log-probabilities and answer at
// once. Their values are not calibrated by themselves. A trajectory model
// (estimate.TrajectoryModel) reads the same log-probabilities. It was fitted on labelled
// answers, so its values are calibrated as far as its card covers the answer. Without
// [Config].Trajectory the estimator has no confidence, for the reason [NoTrajectory].
//
// A model estimator asks: the Ask event names the position, and Request writes the body
// when the host is ready to send it, so that a stale request costs nothing. Requests
// quote the text so far. It is the only part of a session that grows, up to
// [Config].MaxText for each segment.
//
// A position is found only when text follows it. Estimators that read log-probabilities
// leave out the tokens after the position, up to 64 of them. Of more, such as a hundred line
// ends, the first count as tokens before the position.
//
// Text without log-probabilities cannot be divided into tokens. From there on,
// positions of its segment are unavailable with [NoLogprobs], whatever
// log-probabilities came before or come later.
//
// Log-probabilities that cannot be true give no confidence. A position is unavailable
// with [ImplausibleLogprobs] in two cases:
//
//   - Of the tokens of its segment before it, more than the share
//     [Config].MaxMissing are missing or implausible, and some are implausible; see
//     estimate.IsPlausible. If all of these are missing, the reason is [NoLogprobs].
//   - Every log-probability that its choice has had so far, in all its segments, is
//     exactly 0, and there are at least 8; see estimate.Plausible.
//
// Some servers list only the last token of a character that takes several. The
// alternatives show that, and the others then count as missing. At the end the
// provider's usage is compared with the tokens that were listed. If too many are not
// listed, p(z) is unavailable with [NoLogprobs], and the Fault [FaultUnlisted] says so
// of the confidences that were final before.
//
// # Sampled continuations
//
// A stream is one path, so the continuation of a position is the stream itself. With a fusion
// width over 1, the surroundings also sample Width-1 continuations of each position but the
// end, once it is provisional, and ask the confidence model about them. Each is one call of
// Resolve with the reply, or of Fail if there is none, with the id of [RolloutID]. Until these
// have been made, the position and the ones that look ahead to it stay provisional. A
// continuation ends an answer: it is calibrated as p(z) is. It is left out if it is a
// probability and the position's estimate is not, or the other way round.
//
// # Choices
//
// Each of the n choices of a stream has its own positions, fusion window and
// confidences. Choice 0 exists from Open on, each other choice from its first event
// in the stream. The estimate p(0) of the question is asked for once, with choice 0,
// and serves all choices.
//
// # Reasoning
//
// Reasoning is a segment of its own. Either the provider has a field for it, or the
// model writes it inline, in <think> tags at the beginning of its content (see
// position.Splitter). The tokens of a tag count as reasoning. A token that holds a
// part of a tag and other text counts in both segments. No [Text] event contains a
// tag.
//
// # The end
//
// End finds p(z), which stands for the whole answer. It is unavailable with
//
//   - [StreamFailed] if the stream broke off, reported an error or was in no known
//     format, and the choice had not finished before;
//   - [Refusal] if there is text of a refusal, or the provider reports one;
//   - [ToolCall] if there is a tool call and no text;
//   - [NoText] if there is nothing, such as in an empty stream.
//
// An answer that a limit on tokens or a filter cut short is scored as it is.
//
// A choice's [Finish] has the provider's reason. If the stream gave none, the reason
// is stream.Failed for a stream that failed, stream.Stop for plain text, which
// cannot give one, and otherwise stream.Other.
//
// # Bounds
//
// Config limits positions, choices, event sizes, retained text and unresolved
// positions. Whatever exceeds a limit is left out, and the session continues. A
// [Fault] reports each such event, and the first such choice and position. p(0) and
// p(z) are never left out. A position whose text is longer than MaxText is
// unavailable with [TextTooLong]. A position that still waits for its estimate when
// MaxPending newer ones exist is unavailable with [GivenUp]; one that has its
// estimate becomes final.
package session
