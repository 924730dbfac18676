package calibration

import (
	"strconv"

	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/internal/settings"
	"github.com/finece/finece/wasm/jsonscan"
)

// ParseTrajectory reads a trajectory model and checks it. report has the bytes of "report",
// which share memory with data, or nil. An error names the key with the wrong value.
func ParseTrajectory(data []byte) (m *estimate.TrajectoryModel, report []byte, err error) {
	in := settings.New("trajectory: ", data)
	r := trajectoryReader{Reader: &in, m: new(estimate.TrajectoryModel)}
	if err := r.All("the input", r.member); err != nil {
		return nil, nil, err
	}
	if r.version(""); r.Err != nil {
		return nil, nil, r.Err
	}
	if err := r.m.Validate(); err != nil {
		return nil, nil, err
	}
	return r.m, r.report, nil
}

// ReadTrajectory reads a trajectory model that is the value of a key among other settings. The
// value may be null. Errors go to the reader's Err. The values are not checked yet, see
// estimate.TrajectoryModel.Validate.
func ReadTrajectory(from *settings.Reader, path string) *estimate.TrajectoryModel {
	if from.Scan.Kind() == jsonscan.Null {
		from.Scan.Skip()
		return nil
	}
	r := trajectoryReader{Reader: from, m: new(estimate.TrajectoryModel)}
	r.Object(path, r.member)
	r.version(path)
	return r.m
}

type trajectoryReader struct {
	*settings.Reader
	m       *estimate.TrajectoryModel
	written int // the version in the file
	report  []byte
}

func (r *trajectoryReader) version(path string) {
	checkVersion(r.Reader, path+"finece_trajectory", r.written, estimate.TrajectoryVersion)
}

func (r *trajectoryReader) member(key string) bool {
	m := r.m
	switch key {
	case "finece_trajectory":
		r.Whole(key, &r.written)
	case "source":
		r.Text(key, &m.Source)
	case "features":
		readNames(r.Reader, "trajectory: ", key, func(name string) bool {
			f, err := estimate.ParseFeature(name)
			m.Features = append(m.Features, f)
			return err == nil && len(m.Features) <= estimate.Features
		})
	case "center":
		m.Center = r.Numbers(key, estimate.Features)
	case "scale":
		m.Scale = r.Numbers(key, estimate.Features)
	case "boundary":
		r.Whole(key, &m.Boundary)
	case "parts":
		r.Object(key+".", r.part)
	case "card":
		m.Card = ReadCard(r.Reader, key+".")
	case "report":
		r.report = r.Scan.Raw()
	default:
		return false
	}
	return true
}

func (r *trajectoryReader) part(key string) bool {
	for p := range estimate.Phase(estimate.Phases) {
		if p.String() == key {
			w := &r.m.Parts[p]
			r.Object(key+".", func(key string) bool {
				switch key {
				case "n":
					r.Whole(key, &w.N)
				case "intercept":
					r.Number(key, &w.Intercept)
				case "weights":
					w.Weights = r.Numbers(key, estimate.Features)
				default:
					return false
				}
				return true
			})
			return true
		}
	}
	return false
}

// AppendTrajectory appends the JSON form of a valid trajectory model on one line.
// ParseTrajectory reads the same numbers from it, bit for bit. report is a JSON value; it is
// left out if empty.
func AppendTrajectory(dst []byte, m *estimate.TrajectoryModel, report []byte) []byte {
	dst = append(dst, `{"finece_trajectory":`...)
	dst = strconv.AppendInt(dst, estimate.TrajectoryVersion, 10)
	dst = append(dst, `,"source":`...)
	dst = jsonscan.AppendString(dst, []byte(m.Source))
	names := make([]string, len(m.Features))
	for i, f := range m.Features {
		names[i] = f.String()
	}
	if len(names) > 0 {
		dst = appendTexts(dst, "features", names)
	}
	dst = appendNumbers(dst, "center", m.Center)
	dst = appendNumbers(dst, "scale", m.Scale)
	dst = append(dst, `,"boundary":`...)
	dst = strconv.AppendInt(dst, int64(m.Boundary), 10)
	dst = append(dst, `,"parts":`...)
	between := byte('{')
	for p := range estimate.Phase(estimate.Phases) {
		w := &m.Parts[p]
		dst = append(append(append(dst, between, '"'), p.String()...), `":{"n":`...)
		dst = strconv.AppendInt(dst, int64(w.N), 10)
		dst = jsonscan.AppendFloat(append(dst, `,"intercept":`...), w.Intercept)
		dst = append(appendNumbers(dst, "weights", w.Weights), '}')
		between = ','
	}
	dst = append(dst, '}')
	if m.Card != nil {
		dst = AppendCard(append(dst, `,"card":`...), m.Card)
	}
	if len(report) > 0 {
		dst = append(append(dst, `,"report":`...), report...)
	}
	return append(dst, '}')
}
