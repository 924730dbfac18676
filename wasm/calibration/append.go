package calibration

import (
	"strconv"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/wasm/jsonscan"
)

// Append appends the JSON form of a valid calibration on one line. Parse reads the same
// numbers from it, bit for bit. report is a JSON value; it is left out if empty.
func Append(dst []byte, c *calibrate.Calibration, report []byte) []byte {
	dst = append(dst, `{"finece_calibration":`...)
	dst = strconv.AppendInt(dst, calibrate.Version, 10)
	dst = append(dst, `,"source":`...)
	dst = jsonscan.AppendString(dst, []byte(c.Source))
	dst = append(dst, `,"boundary":`...)
	dst = strconv.AppendInt(dst, int64(c.Boundary), 10)
	dst = append(dst, `,"maps":{`...)
	if c.Uniform() {
		dst = appendMap(append(dst, `"all":`...), &c.Maps[0])
	} else {
		for b := range calibrate.Bands {
			if b > 0 {
				dst = append(dst, ',')
			}
			dst = append(append(append(dst, '"'), b.String()...), `":`...)
			dst = appendMap(dst, &c.Maps[b])
		}
	}
	dst = append(dst, '}')
	if c.Card != nil {
		dst = AppendCard(append(dst, `,"card":`...), c.Card)
	}
	if len(report) > 0 {
		dst = append(append(dst, `,"report":`...), report...)
	}
	return append(dst, '}')
}

func appendMap(dst []byte, m *calibrate.Map) []byte {
	dst = append(dst, `{"method":"`...)
	dst = append(dst, m.Method.String()...)
	dst = append(dst, `","n":`...)
	dst = strconv.AppendInt(dst, int64(m.N), 10)
	dst = appendNumbers(dst, "support", []float64{m.Low, m.High})
	if m.Clip != 0 {
		dst = jsonscan.AppendFloat(append(dst, `,"clip":`...), m.Clip)
	}
	dst = appendNumbers(dst, "parameters", m.Parameters)
	dst = appendNumbers(dst, "x", m.X)
	dst = appendNumbers(dst, "y", m.Y)
	if len(m.Counts) > 0 {
		dst = append(dst, `,"counts":`...)
		between := byte('[')
		for _, n := range m.Counts {
			dst = strconv.AppendInt(append(dst, between), int64(n), 10)
			between = ','
		}
		dst = append(dst, ']')
	}
	dst = appendNumbers(dst, "lower", m.Lower)
	dst = appendNumbers(dst, "upper", m.Upper)
	return append(dst, '}')
}

func appendNumbers(dst []byte, name string, values []float64) []byte {
	if len(values) == 0 {
		return dst
	}
	dst = append(append(append(dst, `,"`...), name...), `":`...)
	between := byte('[')
	for _, v := range values {
		dst = jsonscan.AppendFloat(append(dst, between), v)
		between = ','
	}
	return append(dst, ']')
}
