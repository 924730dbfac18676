// Package session scores one model stream. The bytes of the stream go in. Events with
// confidences come out, and later events may revise earlier confidences.
//
//	s, events, err := session.Open(session.DefaultConfig()) // the question's position, p(0)
//	for chunk := range chunks {
//		events, err = s.Write(chunk) // the provider's bytes, cut anywhere
//	}
//	events, err = s.End() // the last positions
//
// The package does no I/O. If the estimator is a confidence model, the host sends the
// requests. Events ask for them, and these functions take part:
//
//	Request(id)         the body of a request to the confidence model
//	Resolve(id, reply)  the reply to that request
//	Fail(id, why)       or the reason why there is no reply
//
// The host may make these calls at any time, also after End. Every engine that gets the same
// calls in the same order returns the same events, bit for bit.
//
// # Life of a position
//
// A position detector (package position) finds the positions. For each position, a
// [Positioned] event comes first. Then come one or more [Confidence] events with the same
// index. Each has a revision one higher than the previous one, and one of these states:
//
//	pending      an Ask was emitted, and there is no estimate yet
//	provisional  a value that later estimates may still revise
//	final        a value that will not change
//	unavailable  no value, now or later; Reason says why
//
// After final or unavailable, no event follows for that position.
//
// The raw value is the estimate itself. The fused value is the raw value after two steps.
// First, the map of the position's band is applied, if there is a [Config].Calibration
// (package calibrate). The source names the map. Second, the value is integrated with the
// estimates of later positions by Backward Confidence Integration (package bci).
//
// A fused value is Calibrated, and so a probability, if both of these are true of each raw
// value in it:
//
//   - It went through a fitted map, or came from a confidence model or a trajectory model that
//     was trained on labelled answers. [Config].Card, or the trajectory model's own card, says
//     so.
//   - The card of the map or of the model covers the answer: Source.Outside has none of the
//     reasons in calibrate.Disqualifying.
//
// A session has one estimator, so an estimate of a model is never fused with a statistic.
//
// # Estimators
//
// The built-in estimators read the stream's own log-probabilities and estimate at once. Their
// values are not calibrated without a map. A trajectory model (estimate.TrajectoryModel) reads
// the same log-probabilities. It was fitted on labelled answers, so its values are calibrated
// if its card covers the answer. Without [Config].Trajectory, confidences of that estimator
// are unavailable with [NoTrajectory].
//
// For a confidence model, an Ask event names the position. The host calls Request
// when it is ready to send the body. So no body is written for a request that is no
// longer needed. Requests quote the text so far. This text is the only part of a
// session that grows, up to [Config].MaxText for each segment.
//
// A position is found only when text follows it. Estimators that read log-probabilities leave
// out the tokens after the position, up to 64 of them. If there are more, such as a hundred
// line ends, the oldest of them count as tokens before the position.
//
// Text without log-probabilities cannot be divided into tokens. All later positions of its
// segment are unavailable with [NoLogprobs], even if log-probabilities came before or come
// later.
//
// Implausible log-probabilities give no confidence. A position is unavailable with
// [ImplausibleLogprobs] in two cases:
//
//   - Among the tokens of its segment before it, the missing and implausible ones together are
//     more than the share [Config].MaxMissing, and at least one is implausible; see
//     estimate.IsPlausible. If all of these are missing, the reason is [NoLogprobs].
//   - All log-probabilities of the choice so far, in all segments, are exactly 0, and there
//     are at least 8; see estimate.Plausible.
//
// If a character takes several tokens, some servers list only the last one. The alternatives
// show that, and the other tokens then count as missing. At the end, the provider's usage is
// compared with the listed tokens. If too many are not listed, p(z) is unavailable with
// [NoLogprobs]. The Fault [FaultUnlisted] then says that earlier final confidences are affected,
// too.
//
// # Sampled continuations
//
// A stream is one path: the continuation of a position is the rest of the stream. With a
// fusion width over 1, the host also samples Width-1 continuations of each position except the
// end. It does so when the position becomes provisional, and asks the confidence model about
// each continuation. For each of them, the host calls Resolve with the reply, or Fail if there
// is none, with the id of [RolloutID]. Until all of these calls are made, the position and the
// positions that look ahead to it stay provisional.
//
// A continuation completes the answer, so its value is calibrated like that of p(z).
// It is left out if only one of the two is a probability: the continuation's value,
// or the position's estimate.
//
// # Choices
//
// Each of the n choices of a stream has its own positions, fusion window and confidences.
// Choice 0 exists from Open on. Another choice exists from its first event in the stream on.
// The question's estimate, p(0), is asked for only once, with choice 0. All choices share it.
//
// # Reasoning
//
// Reasoning is a segment of its own. Either the provider has a field for it, or the model
// writes it inline, in <think> tags at the beginning of its content (see position.Splitter).
// The tokens of a tag count as reasoning. A token with a part of a tag and other text counts
// in both segments. No [Text] event contains a tag.
//
// # The end
//
// End finds p(z), the position of the whole answer. It is unavailable with
//
//   - [StreamFailed] if the stream broke off, reported an error or was in no known
//     format, and the choice had not finished before;
//   - [Refusal] if there is text of a refusal, or the provider reports one;
//   - [ToolCall] if there is a tool call and no text;
//   - [NoText] if there is nothing, such as in an empty stream.
//
// If a limit on tokens or a filter cut the answer short, the text so far is scored as the whole
// answer.
//
// A choice's [Finish] has the provider's reason. If the stream gave none, the reason is
// stream.Failed for a stream that failed, and stream.Stop for plain text, which never has one.
// Otherwise it is stream.Other.
//
// # Bounds
//
// Config limits positions, choices, event sizes, retained text and unresolved positions. If a
// limit is exceeded, the excess is left out and the session continues. A [Fault] reports each
// event that is too large, the first choice over MaxChoices, and the first position
// over MaxPositions. p(0) and p(z) are never left out. A position whose text is
// longer than MaxText is unavailable with [TextTooLong].
//
// When MaxPending newer positions exist, a position no longer changes. If the
// position has an estimate, it becomes final. If it still waits for its estimate, it
// is unavailable with [GivenUp].
package session
