package measuring

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/finece/finece/metrics"
)

func init() {
	register.DoFn2x2[context.Context, []byte, []byte, error](&reader{})
	register.Combiner1[[]byte](&together{})
}

// together brings shards together. Its accumulator is the state of a metrics.Accumulator,
// or nothing, and the parts that shards are, in their order. So it is a function of the set
// of shards alone, however a runner merges them.
type together struct{}

// MergeAccumulators merges two accumulators.
func (*together) MergeAccumulators(a, b []byte) ([]byte, error) {
	x, left, err := open(a)
	if err != nil {
		return nil, err
	}
	y, right, err := open(b)
	if err != nil {
		return nil, err
	}
	if x, err = merged(x, y); err != nil {
		return nil, err
	}
	return seal(x, append(left, right...)), nil
}

func merged(a, b []byte) ([]byte, error) {
	if len(a) == 0 || len(b) == 0 {
		return append(a, b...), nil
	}
	x, err := metrics.ParseAccumulator(a)
	if err != nil {
		return nil, err
	}
	y, err := metrics.ParseAccumulator(b)
	if err != nil {
		return nil, err
	}
	if err := x.Merge(y); err != nil {
		return nil, err
	}
	return x.AppendBinary(nil)
}

// piece is a part of a file.
type piece struct {
	index, file int
	data        []byte
}

var errBroken = errors.New("what workers have sent is broken")

// seal is an accumulator as bytes: texts, each after its length as a varint.
func seal(accumulated []byte, pieces []piece) []byte {
	slices.SortFunc(pieces, func(a, b piece) int { return cmp.Compare(a.index, b.index) })
	size := len(accumulated) + binary.MaxVarintLen64
	for _, p := range pieces {
		size += len(p.data) + 3*binary.MaxVarintLen64
	}
	out := binary.AppendUvarint(make([]byte, 0, size), uint64(len(accumulated)))
	out = append(out, accumulated...)
	for _, p := range pieces {
		out = binary.AppendUvarint(binary.AppendUvarint(out, uint64(p.index)), uint64(p.file))
		out = append(binary.AppendUvarint(out, uint64(len(p.data))), p.data...)
	}
	return out
}

func open(data []byte) (accumulated []byte, pieces []piece, err error) {
	number := func() uint64 {
		v, n := binary.Uvarint(data)
		if n <= 0 {
			err, data = errBroken, nil
			return 0
		}
		data = data[n:]
		return v
	}
	text := func() []byte {
		n := number()
		if n > uint64(len(data)) {
			err, data = errBroken, nil
			return nil
		}
		t := data[:n:n]
		data = data[n:]
		return t
	}
	accumulated = text()
	for len(data) > 0 {
		pieces = append(pieces, piece{int(number()), int(number()), text()})
	}
	return accumulated, pieces, err
}
