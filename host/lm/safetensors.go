package lm

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
)

// tensor is a dense array in row-major order.
type tensor struct {
	shape []int
	data  []float32
}

// maxHeader bounds the header of a safetensors file. It is the limit of the format's own
// reader.
const maxHeader = 100 << 20

// tensorInfo is a tensor's entry in the header. Offsets count from the end of the header.
type tensorInfo struct {
	DType   string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

// parseTensors reads a safetensors file: eight bytes with the length of the header, a JSON
// header, and the bytes of the tensors. F32, F16 and BF16 become float32, without rounding.
func parseTensors(file []byte) (map[string]tensor, error) {
	if len(file) < 8 {
		return nil, fmt.Errorf("not a safetensors file: %d bytes, want at least 8", len(file))
	}
	size := binary.LittleEndian.Uint64(file)
	if size > maxHeader || size > uint64(len(file)-8) {
		return nil, fmt.Errorf("not a safetensors file: its header has %d bytes, the file %d", size, len(file))
	}
	var header map[string]json.RawMessage
	if err := json.Unmarshal(file[8:8+size], &header); err != nil {
		return nil, fmt.Errorf("safetensors header: %w", err)
	}
	data := file[8+size:]
	tensors := make(map[string]tensor, len(header))
	for name, raw := range header {
		if name == "__metadata__" {
			continue
		}
		var info tensorInfo
		if err := json.Unmarshal(raw, &info); err != nil {
			return nil, fmt.Errorf("safetensors: tensor %q: %w", name, err)
		}
		t, err := info.read(data)
		if err != nil {
			return nil, fmt.Errorf("safetensors: tensor %q: %w", name, err)
		}
		tensors[name] = t
	}
	return tensors, nil
}

func (info *tensorInfo) read(data []byte) (tensor, error) {
	width, ok := map[string]int{"F32": 4, "F16": 2, "BF16": 2}[info.DType]
	if !ok {
		return tensor{}, fmt.Errorf("dtype %q is not supported: want F32, F16 or BF16", info.DType)
	}
	n := 1
	for _, d := range info.Shape {
		if d < 0 || d > 0 && n > len(data)/d {
			return tensor{}, fmt.Errorf("shape %v does not fit the file", info.Shape)
		}
		n *= d
	}
	begin, end := info.Offsets[0], info.Offsets[1]
	if begin < 0 || end < begin || end > len(data) {
		return tensor{}, fmt.Errorf("data_offsets %v: outside the %d bytes of data", info.Offsets, len(data))
	}
	if end-begin != n*width {
		return tensor{}, fmt.Errorf("%d bytes of data, want %d for %s of shape %v", end-begin, n*width, info.DType, info.Shape)
	}
	raw, out := data[begin:end], make([]float32, n)
	for i := range out {
		switch info.DType {
		case "F32":
			out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		case "BF16":
			out[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16)
		default:
			out[i] = fromHalf(binary.LittleEndian.Uint16(raw[2*i:]))
		}
		if f := float64(out[i]); math.IsNaN(f) || math.IsInf(f, 0) {
			return tensor{}, errors.New("has a value that is not finite")
		}
	}
	return tensor{slices.Clone(info.Shape), out}, nil
}

// fromHalf returns the value of an IEEE 754 binary16 number.
func fromHalf(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exponent {
	case 0: // zero or subnormal: fraction * 2^-24
		f := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 0x1f:
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
