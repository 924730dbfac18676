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
// After a syntax error every call reports false or zero at once, and Err says
// what was wrong; so errors are checked once, at the end. What a walk has read
// by then came before the error.
//
// # Strictness
//
// What is accepted is RFC 8259 to the letter, which is what encoding/json.Valid
// accepts, with containers nested [MaxDepth] deep at most. Bytes in strings
// that are no UTF-8 are replaced by U+FFFD as the WHATWG decoder does it, one
// for each maximal subpart, because browsers count text that way; so is each
// half of a surrogate pair that stands alone.
//
// # Speed
//
// The same code runs natively and in WebAssembly, where there are no vector
// instructions and calls are not cheap. So strings and digits are read eight
// bytes at a time in ordinary registers, positions are kept in locals, and
// there is no recursion and no allocation but the growth of one scratch buffer
// for strings that have escapes.
//
// The events of a stream are much the same bytes over and over. NextField first
// tries the key that came next the last time; a [Shape] is a whole object as a
// server usually writes it. Both only compare: input that differs is read as usual.
package jsonscan
