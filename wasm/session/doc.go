// Package session is the state machine of one model stream: bytes go in,
// confidences come out, each of them revisable.
//
// It ties the pure packages together and does no I/O. The surroundings call it
// in any rhythm they like, and every engine that is given the same calls gives
// the same events, bit for bit:
//
//	Open                the question's position, p(0)
//	Write(bytes)        what the provider sent, cut anywhere
//	End()               the stream is over
//	Request(id)         the body of a request to the confidence model
//	Resolve(id, reply)  that request's reply
//	Fail(id, why)       or why there will be none
//
// # Life of a position
//
// A position detector (package position) marks where an estimate is due. Its
// [Positioned] event comes first. Then one or more [Confidence] events carry
// the same index, each with a revision one higher than the last:
//
//	pending      an [Ask] was emitted; nobody knows yet
//	provisional  a value, which later estimates may still revise
//	final        a value that nothing can change any more
//	unavailable  there is and will be no value; Reason says why
//
// final and unavailable are ends: nothing follows them for that position. The
// raw value is the estimate itself; the fused one is raw after Backward
// Confidence Integration (package bci) with the estimates that came after it.
// With a [Config].Calibration (package calibrate), each raw value is calibrated
// by the map of its position's band before it is integrated, and the source says
// by which; raw stays as it was estimated.
//
// # Estimators
//
// The built-in ones read the stream's own log-probabilities and answer at
// once; they are not calibrated by themselves. A model estimator asks: the event names the
// position, Request writes the body when the surroundings are ready to send
// it, so a request that has become stale costs nothing. The text that those
// bodies quote is the only part of a session that grows, up to
// [Config].MaxText a segment.
//
// A position is known only when text goes on behind it. The built-in estimators
// take the tokens before the position all the same, as long as those behind it
// are no more than 64; of more, such as a hundred line ends, the first are taken
// for part of what was before. Text that comes without log-probabilities is not
// told apart into tokens: from there on, positions of its segment are unavailable
// as [NoLogprobs], whatever log-probabilities came before or come later.
//
// Log-probabilities that cannot be true give no confidence. If every one that a
// choice has had so far, in all its segments, is exactly 0, and there are at
// least 8, then a position found now is unavailable as [ImplausibleLogprobs]; see
// estimate.Plausible.
//
// # Choices
//
// Each of the n choices of a stream has its own positions, fusion window and
// confidences. Choice 0 exists from Open on, and the others from when the stream
// first has something of theirs. The question's estimate p(0) is asked for once,
// with choice 0, and holds for all of them.
//
// # Reasoning
//
// Reasoning is a segment of its own, whether the provider has a field for it or
// the model writes it inline, in <think> tags at the beginning of its content
// (see position.Splitter). Tokens of a tag count as reasoning; one that a tag
// cuts counts in both texts. The tags are in no [Text] event.
//
// # The end
//
// End finds p(z), which stands for the whole answer. It is unavailable where
// there is none: [StreamFailed] where the stream broke off, reported an error or
// was no stream that is known, for the choices that had not finished by then;
// [Refusal] where there is text of a refusal or the provider says so; [ToolCall]
// where there is a tool call and no text; [NoText] where there is nothing, an
// empty stream included. An answer that was cut by a limit on tokens, or by a
// filter, counts as it is.
//
// A choice's [Finish] has the provider's reason. Where the stream said none it
// is stream.Failed if the stream failed, stream.Stop for plain text, which has
// no way to say so, and stream.Other else.
//
// # Bounds
//
// Positions, choices, event sizes, retained text and unresolved positions all
// have limits in Config. What goes over a limit is left out, and never stops the
// stream. A [Fault] says so for choices and events, and once for positions; p(0)
// and p(z) are never left out. A position whose text is over MaxText is
// unavailable as [TextTooLong], and one that is given up for MaxPending newer
// ones as [GivenUp], unless it has its estimate, which is then final.
package session
