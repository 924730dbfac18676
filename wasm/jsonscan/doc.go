// Package jsonscan reads JSON without allocating. A [Scanner] is a cursor that moves forward
// through one value. The caller walks the value in the structure that it expects:
//
//	var s jsonscan.Scanner
//	s.Reset(data)
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
// After NextKey or NextElement, call exactly one of EnterObject, EnterArray, Text, Float, Int,
// Bool, Skip and Raw. It consumes the value. If the value is of another kind, the call skips it
// and returns false, so a walk need not check kinds. After EnterObject or EnterArray has
// returned true, walk the container until NextKey or NextElement returns false.
//
// After a syntax error, every call returns false or zero at once, and Err says what was wrong.
// So a walk checks for errors only once, at its end. All values that it read came before the
// error.
//
// # Strictness
//
// The reader accepts RFC 8259 and nothing else, like encoding/json.Valid. Containers may be
// nested [MaxDepth] deep. In strings, bytes that are not UTF-8 are replaced by U+FFFD by the
// rules of the WHATWG decoder (one for each maximal subpart), because browsers count text that
// way. Half of a surrogate pair is replaced, too.
//
// # Speed
//
// The same code runs natively and in WebAssembly. There it has no vector instructions, and
// calls are expensive. So strings and digits are read eight bytes at a time in ordinary
// registers, and positions are in local variables. There is no recursion. Only the scratch
// buffer for strings with escapes is allocated.
//
// The events of a stream have nearly the same bytes. NextField first tries the key that came
// at this place in the previous event. A [Shape] describes a whole object as a server
// usually writes it. NextField and Shape compare the input with what is expected.
// Input that differs is read as usual.
package jsonscan
