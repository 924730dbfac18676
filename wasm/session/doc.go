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
//
// # Estimators
//
// The built-in ones read the stream's own log-probabilities and answer at
// once; they are not calibrated. A model estimator asks: the event names the
// position, Request writes the body when the surroundings are ready to send
// it, so a request that has become stale costs nothing. The text that those
// bodies quote is the only part of a session that grows, up to
// [Config].MaxText a segment.
//
// # Choices
//
// Each of the n choices of a stream has its own positions, fusion window and
// confidences. The question's estimate p(0) is asked for once, with choice 0,
// and holds for all of them.
//
// # Bounds
//
// Positions, choices, event sizes, retained text and unresolved positions all
// have limits in Config. What goes over a limit is reported by a [Fault] and
// left out; it never stops the stream.
package session
