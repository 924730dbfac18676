package abi

import (
	"encoding/binary"
	"errors"
	"math"
	"strconv"

	"github.com/finece/finece/bci"
	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/wasm/session"
)

// ErrInput says that the input of finece_fuse, finece_evaluate or finece_apply does not have
// the documented layout. Most often its length does not fit its n.
var ErrInput = errors.New("abi: the length of the input contradicts the counts in it")

// AppendFuseInput appends the input of finece_fuse. It is a tree of n nodes in which parents
// come before their children:
//
//	 0  f64  alpha
//	 8  u32  depth, at most session.MaxDepth
//	12  u32  width
//	16  u32  n
//	20  u32  0
//	24  f64  confidence of each node, NaN where there is none
//	..  i32  parent of each node, -1 for a root
//
// The answer is the fused value of each node, f64.
func AppendFuseInput(dst []byte, t bci.Tree, p bci.Params) []byte {
	dst = floats(dst, p.Alpha)
	dst = words(dst, uint32(p.Depth), uint32(p.Width), uint32(len(t.Conf)), 0)
	dst = floats(dst, t.Conf...)
	for _, parent := range t.Parent {
		dst = words(dst, uint32(parent))
	}
	return dst
}

// ReadFuseInput reads the bytes that AppendFuseInput appends.
func ReadFuseInput(data []byte) (t bci.Tree, p bci.Params, err error) {
	const head = 24
	if len(data) < head {
		return t, p, ErrInput
	}
	n := binary.LittleEndian.Uint32(data[16:])
	depth := binary.LittleEndian.Uint32(data[8:])
	if uint64(len(data)) != head+12*uint64(n) {
		return t, p, ErrInput
	}
	if depth > session.MaxDepth {
		return t, p, errors.New("abi: depth must be at most " + strconv.Itoa(session.MaxDepth))
	}
	p = bci.Params{
		Alpha: float(data, 0),
		Depth: int(depth),
		Width: int(min(binary.LittleEndian.Uint32(data[12:]), math.MaxInt32)),
	}
	t.Conf, t.Parent = readFloats(data[head:], int(n)), make([]int32, n)
	parents := data[head+8*int(n):]
	for i := range t.Parent {
		t.Parent[i] = int32(binary.LittleEndian.Uint32(parents[4*i:]))
	}
	return t, p, nil
}

// AppendEvaluateInput appends the input of finece_evaluate: n confidences, and whether each
// answer is correct:
//
//	 0  u32  n
//	 4  u32  bins, 1 to 65536
//	 8  u32  rule, a metrics.Rule
//	12  u32  0
//	16  f64  each confidence
//	..  u8   1 for each correct answer, 0 for each wrong one
//
// The answer of finece_evaluate is an [Evaluation].
func AppendEvaluateInput(dst []byte, conf []float64, correct []bool, b metrics.Binning) []byte {
	dst = words(dst, uint32(len(conf)), uint32(b.Bins), uint32(b.Rule), 0)
	dst = floats(dst, conf...)
	for _, right := range correct {
		if right {
			dst = append(dst, 1)
		} else {
			dst = append(dst, 0)
		}
	}
	return dst
}

// ReadEvaluateInput reads the bytes that AppendEvaluateInput appends.
func ReadEvaluateInput(data []byte) (conf []float64, correct []bool, b metrics.Binning, err error) {
	const head = 16
	if len(data) < head {
		return nil, nil, b, ErrInput
	}
	n := binary.LittleEndian.Uint32(data)
	if uint64(len(data)) != head+9*uint64(n) {
		return nil, nil, b, ErrInput
	}
	b.Bins = int(min(binary.LittleEndian.Uint32(data[4:]), math.MaxInt32))
	b.Rule = metrics.Rule(min(binary.LittleEndian.Uint32(data[8:]), math.MaxUint8))
	conf, correct = readFloats(data[head:], int(n)), make([]bool, n)
	for i, c := range data[head+8*int(n):] {
		if c > 1 {
			return nil, nil, b, ErrInput
		}
		correct[i] = c == 1
	}
	return conf, correct, b, nil
}

// AppendFloats appends f64 values. Every NaN gets the same bits.
func AppendFloats(dst []byte, values []float64) []byte { return floats(dst, values...) }

func words(dst []byte, values ...uint32) []byte {
	for _, v := range values {
		dst = binary.LittleEndian.AppendUint32(dst, v)
	}
	return dst
}

func readFloats(data []byte, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float(data, 8*i)
	}
	return out
}

// AppendApplyInput appends the input of finece_apply: n raw confidences, and the calibration
// whose map of band b is applied to them:
//
//	 0  u32  n
//	 4  u32  a calibrate.Band
//	 8  f64  confidences
//	..  a session's configuration that has the calibration, see session.ParseConfig
//
// The answer is calibrate.Calibration.Apply of each confidence, f64. It is NaN for a
// confidence that is not in [0,1].
func AppendApplyInput(dst []byte, conf []float64, b calibrate.Band, config []byte) []byte {
	dst = words(dst, uint32(len(conf)), uint32(b))
	return append(floats(dst, conf...), config...)
}

// AppendApplied appends the answer of finece_apply to an input.
func AppendApplied(dst, input []byte) ([]byte, error) {
	const head = 8
	if len(input) < head {
		return dst, ErrInput
	}
	end := head + 8*uint64(binary.LittleEndian.Uint32(input))
	band := binary.LittleEndian.Uint32(input[4:])
	if uint64(len(input)) < end || band >= uint32(calibrate.Bands) {
		return dst, ErrInput
	}
	c, err := session.ParseConfig(input[end:])
	if err == nil && c.Calibration == nil {
		err = ErrInput
	}
	if err != nil {
		return dst, err
	}
	for at := head; at < int(end); at += 8 {
		value, _ := c.Calibration.Apply(calibrate.Band(band), float(input, at))
		dst = floats(dst, value)
	}
	return dst, nil
}
