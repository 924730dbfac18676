// Package jsonscan reads JSON without allocating: a forward cursor over one
// contiguous value, which the caller walks by the shape that it expects.
//
//	if s.EnterObject() {
//		for s.NextKey() {
//			switch string(s.Key()) {
//			case "logprob":
//				p, ok = s.Float()
//			default:
//				s.Skip()
//			}
//		}
//	}
//	if !s.End() {
//		return s.Err()
//	}
//
// # Rules of the walk
//
// Exactly one of EnterObject, EnterArray, Text, Float, Int, Bool, Skip and Raw
// consumes the value that follows NextKey or NextElement. Each of them that
// meets a value of another kind skips it and reports false, so a walk needs no
// check of kinds but Enter's result. A container that was entered is walked
// until NextKey or NextElement reports false.
//
// After a syntax error, every call reports false or zero at once, and Err says what
// was wrong. So a walk checks for errors once, at its end. Everything that it read
// until then came before the error.
//
// # Strictness
//
// The reader accepts RFC 8259 and nothing else, as encoding/json.Valid does, with
// containers nested at most [MaxDepth] deep. In strings, bytes that are not UTF-8 are
// replaced by U+FFFD as in the WHATWG decoder, one for each maximal subpart, because
// browsers count text that way. Half of a surrogate pair is replaced, too.
//
// # Speed
//
// The same code runs natively and in WebAssembly, where it has no vector instructions
// and calls are not cheap. So strings and digits are read eight bytes at a time in
// ordinary registers, and positions are kept in local variables. There is no
// recursion. Only the scratch buffer for strings with escapes is allocated.
//
// The events of a stream are much the same bytes over and over. NextField first
// tries the key that came next the last time; a [Shape] is a whole object as a
// server usually writes it. Both only compare: input that differs is read as usual.
package jsonscan
