package abi

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// The sizes of records, without the bytes of texts.
const (
	headerSize     = 16
	positionedSize = 56
	confidenceSize = 48
	usageSize      = 40
	faultSize      = 24
	finishSize     = 32
	saidSize       = 32
	framedSize     = 40

	estimatedBit = 0x80
)

var nanBits = uint64(0x7FF8000000000001)

// AppendEvents appends the records of events.
func AppendEvents(dst []byte, events []session.Event) []byte {
	for i := range events {
		dst = appendEvent(dst, &events[i])
	}
	return dst
}

func appendEvent(dst []byte, e *session.Event) []byte {
	switch e.Kind {
	case session.Text:
		dst = header(dst, e, headerSize+padded(len(e.Text)), uint8(e.Segment), 0, 0, uint32(len(e.Text)))
		return pad(append(dst, e.Text...), len(e.Text))
	case session.Positioned:
		p := &e.Position
		b := uint8(p.Segment)
		if p.Estimated {
			b |= estimatedBit
		}
		dst = header(dst, e, positionedSize, uint8(p.Kind), b, uint32(p.Index), 0)
		dst = integers(dst, p.Byte, p.UTF16, p.Token)
		return floats(dst, p.EntropyLo, p.EntropyHi)
	case session.Ask:
		return header(dst, e, headerSize, uint8(e.Position.Kind), 0, uint32(e.Position.Index), e.ID)
	case session.Confidence:
		dst = header(dst, e, confidenceSize, uint8(e.State), uint8(e.Reason), uint32(e.Position.Index), uint32(e.Revision))
		dst = floats(dst, e.Raw, e.Fused)
		var calibrated byte
		if e.Calibrated {
			calibrated = 1
		}
		dst = append(dst, byte(e.Source.Estimator), e.Source.Method, byte(e.Source.Map), byte(e.Source.Band), calibrated, byte(e.Source.Outside), 0, 0)
		return floats(dst, e.Source.Mass)
	case session.Usage:
		dst = header(dst, e, usageSize, 0, 0, 0, 0)
		return integers(dst, e.Usage.Prompt, e.Usage.Completion, e.Usage.Reasoning)
	case session.Fault:
		n := len(e.Fault.Detail)
		dst = header(dst, e, faultSize+padded(n), uint8(e.Fault.Code), 0, 0, uint32(n))
		dst = integers(dst, e.Fault.Offset)
		return pad(append(dst, e.Fault.Detail...), n)
	case session.Finish:
		var b uint8
		for s, total := range e.Total {
			if total.Estimated {
				b |= 1 << s
			}
		}
		dst = header(dst, e, finishSize, uint8(e.Finish), b, 0, uint32(e.Missing))
		return integers(dst, e.Total[position.Answer].Tokens, e.Total[position.Reasoning].Tokens)
	case session.Ended:
		return header(dst, e, headerSize, 0, 0, 0, 0)
	case session.Said:
		var a uint8
		for i, is := range [...]bool{e.Said.Text, e.Said.Other, e.Said.Finished} {
			if is {
				a |= 1 << i
			}
		}
		dst = header(dst, e, saidSize, a, 0, 0, 0)
		return integers(dst, e.Said.Logprobs, e.Said.LogprobsEnd)
	case session.Framed:
		dst = header(dst, e, framedSize, uint8(e.Frame.Is), 0, 0, 0)
		return integers(dst, e.Frame.End, e.Frame.Data, e.Frame.Brace)
	}
	return dst
}

func header(dst []byte, e *session.Event, size int, a, b uint8, index, extra uint32) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(size))
	dst = append(dst, byte(e.Kind), byte(e.Choice), a, b)
	dst = binary.LittleEndian.AppendUint32(dst, index)
	return binary.LittleEndian.AppendUint32(dst, extra)
}

func integers(dst []byte, values ...int64) []byte {
	for _, v := range values {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(v))
	}
	return dst
}

func floats(dst []byte, values ...float64) []byte {
	for _, v := range values {
		bits := math.Float64bits(v)
		if v != v {
			bits = nanBits
		}
		dst = binary.LittleEndian.AppendUint64(dst, bits)
	}
	return dst
}

func padded(n int) int { return (n + 7) &^ 7 }

func pad(dst []byte, n int) []byte {
	var zero [8]byte
	return append(dst, zero[:padded(n)-n]...)
}

var (
	// ErrRecord says that bytes are not a sequence of records of this version.
	ErrRecord = errors.New("abi: malformed event record")
	// ErrEvaluation says that bytes are not an Evaluation of this version.
	ErrEvaluation = errors.New("abi: malformed evaluation")
)

// ReadEvents appends the events of the records in payload. Their slices share memory with
// payload. Records of unknown kinds are skipped.
func ReadEvents(dst []session.Event, payload []byte) ([]session.Event, error) {
	for len(payload) > 0 {
		if len(payload) < headerSize {
			return dst, ErrRecord
		}
		size := binary.LittleEndian.Uint32(payload)
		if size < headerSize || size%8 != 0 || uint64(size) > uint64(len(payload)) {
			return dst, ErrRecord
		}
		e, known, err := readEvent(payload[:size])
		if err != nil {
			return dst, err
		}
		if known {
			dst = append(dst, e)
		}
		payload = payload[size:]
	}
	return dst, nil
}

// minSizes has the minimum size of a record of each kind.
var minSizes = [...]int{
	session.Text: headerSize, session.Positioned: positionedSize, session.Ask: headerSize,
	session.Confidence: confidenceSize, session.Usage: usageSize, session.Fault: faultSize, session.Finish: finishSize,
	session.Ended: headerSize, session.Said: saidSize, session.Framed: framedSize,
}

func readEvent(r []byte) (e session.Event, known bool, err error) {
	kind, a, b := session.EventKind(r[4]), r[6], r[7]
	if kind == 0 || int(kind) >= len(minSizes) {
		return e, false, nil
	}
	if len(r) < minSizes[kind] {
		return e, false, ErrRecord
	}
	index, extra := int(binary.LittleEndian.Uint32(r[8:])), binary.LittleEndian.Uint32(r[12:])
	e.Kind, e.Choice = kind, int(r[5])
	switch kind {
	case session.Text:
		e.Segment = position.Segment(a)
		e.Text, err = sized(r[headerSize:], extra)
	case session.Positioned:
		e.Position = position.Position{
			Index: index, Kind: position.Kind(a), Segment: position.Segment(b &^ estimatedBit), Estimated: b&estimatedBit != 0,
			Byte: integer(r, 16), UTF16: integer(r, 24), Token: integer(r, 32), EntropyLo: float(r, 40), EntropyHi: float(r, 48),
		}
	case session.Ask:
		e.Position.Index, e.Position.Kind, e.ID = index, position.Kind(a), extra
	case session.Confidence:
		e.Position.Index, e.Revision = index, int(extra)
		e.State, e.Reason = session.State(a), session.Reason(b)
		e.Raw, e.Fused, e.Calibrated = float(r, 16), float(r, 24), r[36] == 1
		e.Source = session.Source{
			Estimator: session.Estimator(r[32]), Method: r[33], Mass: float(r, 40),
			Map: calibrate.Method(r[34]), Band: calibrate.Band(r[35]), Outside: calibrate.Outside(r[37]),
		}
	case session.Usage:
		e.Usage = stream.Usage{Prompt: integer(r, 16), Completion: integer(r, 24), Reasoning: integer(r, 32)}
	case session.Fault:
		e.Fault.Code, e.Fault.Offset = stream.FaultCode(a), integer(r, 16)
		e.Fault.Detail, err = sized(r[faultSize:], extra)
	case session.Finish:
		e.Finish, e.Missing = stream.Reason(a), position.Kind(extra)
		e.Total[position.Answer] = session.Total{Tokens: integer(r, 16), Estimated: b&1 != 0}
		e.Total[position.Reasoning] = session.Total{Tokens: integer(r, 24), Estimated: b&2 != 0}
	case session.Said:
		e.Said = stream.Said{
			Choice: e.Choice, Text: a&1 != 0, Other: a&2 != 0, Finished: a&4 != 0,
			Logprobs: integer(r, 16), LogprobsEnd: integer(r, 24),
		}
	case session.Framed:
		e.Frame = stream.Frame{Is: stream.FrameBits(a), End: integer(r, 16), Data: integer(r, 24), Brace: integer(r, 32)}
	}
	return e, true, err
}

func integer(r []byte, at int) int64 { return int64(binary.LittleEndian.Uint64(r[at:])) }
func float(r []byte, at int) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(r[at:])) }

func sized(r []byte, n uint32) ([]byte, error) {
	if uint64(n) > uint64(len(r)) {
		return nil, ErrRecord
	}
	return r[:n:n], nil
}
