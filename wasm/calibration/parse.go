package calibration

import (
	"errors"
	"strconv"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/wasm/internal/settings"
	"github.com/finece/finece/wasm/jsonscan"
)

// Parse reads a calibration and checks it. report has the bytes of "report", which share
// memory with data, or nil. An error names the wrong key. Examples are another version, an
// unknown key, a band without a map, and a value out of range.
func Parse(data []byte) (c *calibrate.Calibration, report []byte, err error) {
	in := settings.New("calibration: ", data)
	r := reader{Reader: &in}
	if err := r.All("the input", r.begin()); err != nil {
		return nil, nil, err
	}
	if r.version(""); r.Err != nil {
		return nil, nil, r.Err
	}
	if err := r.c.Validate(); err != nil {
		return nil, nil, err
	}
	return r.c, r.report, nil
}

// Read reads a calibration that is the value of a key among other settings. The value may be
// null. Errors go to the reader's Err. The values are not checked yet, see
// calibrate.Calibration.Validate.
func Read(from *settings.Reader, path string) *calibrate.Calibration {
	if from.Scan.Kind() == jsonscan.Null {
		from.Scan.Skip()
		return nil
	}
	r := reader{Reader: from}
	r.Object(path, r.begin())
	r.version(path)
	return r.c
}

type reader struct {
	*settings.Reader
	c       *calibrate.Calibration
	written int // the version in the file
	report  []byte
}

func (r *reader) begin() func(string) bool {
	r.c = new(calibrate.Calibration)
	return r.member
}

// version checks the version in the file.
func (r *reader) version(path string) {
	checkVersion(r.Reader, path+"finece_calibration", r.written, calibrate.Version)
}

func checkVersion(r *settings.Reader, key string, written, want int) {
	if written != want {
		r.Wrong(key, "version "+strconv.Itoa(want)+", the only one that this program reads")
	}
}

var errBoth = errors.New(`calibration: maps: want one for "all", or one for each band, not both`)

func (r *reader) member(key string) bool {
	switch key {
	case "finece_calibration":
		r.Whole(key, &r.written)
	case "source":
		r.Text(key, &r.c.Source)
	case "boundary":
		r.Whole(key, &r.c.Boundary)
	case "maps":
		r.Object("maps.", r.band)
	case "card":
		r.c.Card = ReadCard(r.Reader, key+".")
	case "report":
		r.report = r.Scan.Raw()
	default:
		return false
	}
	return true
}

func (r *reader) band(key string) bool {
	maps := &r.c.Maps
	if key == "all" {
		m := r.oneMap("all.")
		for b := range maps {
			if maps[b].N > 0 {
				r.Fail(errBoth)
			}
			maps[b] = m
		}
		return true
	}
	for b := range calibrate.Bands {
		if key == b.String() {
			if maps[b].N > 0 {
				r.Fail(errBoth)
			}
			maps[b] = r.oneMap(key + ".")
			return true
		}
	}
	return false
}

func (r *reader) oneMap(path string) (m calibrate.Map) {
	m.Low = -1 // a support that is left out is wrong
	r.Object(path, func(key string) bool {
		switch key {
		case "method":
			r.Parsed(key, func(name string) error {
				m.Method = calibrate.ParseMethod(name)
				return nil
			})
		case "n":
			r.Whole(key, &m.N)
		case "support":
			if both := r.Numbers(key, 2); len(both) == 2 {
				m.Low, m.High = both[0], both[1]
			}
		case "clip":
			r.Number(key, &m.Clip)
		case "parameters":
			m.Parameters = r.Numbers(key, 3)
		case "x":
			m.X = r.Numbers(key, calibrate.MaxKnots)
		case "y":
			m.Y = r.Numbers(key, calibrate.MaxKnots)
		case "counts":
			for _, n := range r.Numbers(key, calibrate.MaxKnots) {
				m.Counts = append(m.Counts, whole(n))
			}
		case "lower":
			m.Lower = r.Numbers(key, calibrate.MaxKnots)
		case "upper":
			m.Upper = r.Numbers(key, calibrate.MaxKnots)
		default:
			return false
		}
		return true
	})
	return m
}

// whole returns v as a whole number, or 0 if v is not one. 0 is not a valid count.
func whole(v float64) int {
	if !(v >= 0 && v <= settings.MaxInt) || v != float64(int(v)) {
		return 0
	}
	return int(v)
}
