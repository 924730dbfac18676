// Package figures is the reply of GET /finece/calibration: how good the confidences of
// labelled answers are. A reply has figures for people, and the exact accumulators with which
// the replies of several gateways can be added up.
package figures

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/finece/finece/metrics"
)

// Version is the version of a reply. It rises when the meaning of a key changes.
const Version = 1

// Key says which confidences are measured together.
type Key struct {
	Kinds      string `json:"kinds"` // of the position, such as "end" or "paragraph"
	Estimator  string `json:"estimator"`
	Method     string `json:"method,omitempty"` // the statistic, or what the model's number was read from
	Model      string `json:"model,omitempty"`  // that estimates
	Map        string `json:"map,omitempty"`
	Band       string `json:"band,omitempty"`
	Calibrated bool   `json:"calibrated"`
}

// rank orders keys: whole answers first, then questions, then other positions. Within each,
// calibrated ones come first.
func (k *Key) rank() int {
	rank := 4
	switch k.Kinds {
	case "end":
		rank = 0
	case "question":
		rank = 2
	}
	if !k.Calibrated {
		rank++
	}
	return rank
}

func (k *Key) compare(o *Key) int {
	return cmp.Or(cmp.Compare(k.rank(), o.rank()), cmp.Compare(k.Kinds, o.Kinds), cmp.Compare(k.Estimator, o.Estimator),
		cmp.Compare(k.Method, o.Method), cmp.Compare(k.Model, o.Model), cmp.Compare(k.Map, o.Map), cmp.Compare(k.Band, o.Band))
}

// Number is a figure. In JSON it is null if it is not defined.
type Number float64

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(n), 'g', -1, 64), nil
}

// Bin is a bin of the reliability diagram that is not empty.
type Bin struct {
	Low        Number `json:"low"`
	High       Number `json:"high"`
	N          uint64 `json:"n"`
	Correct    uint64 `json:"correct"`
	Confidence Number `json:"confidence"` // mean
	Accuracy   Number `json:"accuracy"`
}

// Group is the figures of the confidences of one key.
type Group struct {
	Key
	N        uint64 `json:"n"`
	Correct  uint64 `json:"correct"`
	Accuracy Number `json:"accuracy"`
	Mean     Number `json:"confidence"`
	ECE      Number `json:"ece"`
	Brier    Number `json:"brier"`
	AUROC    Number `json:"auroc"`
	Bins     []Bin  `json:"bins"`
	// Accumulator is the state of a metrics.Accumulator, in base64.
	Accumulator []byte `json:"accumulator"`

	Summary metrics.Summary `json:"-"`
}

// Drift is the test of one calibration.
type Drift struct {
	Scorer   string `json:"scorer"`   // the calibration: a hash of the estimator, the model, the map and the card
	Current  bool   `json:"current"`  // whether it is the one in use
	N        uint64 `json:"n"`        // labels
	Evidence Number `json:"evidence"` // against the calibration; it begins with 1
	Peak     Number `json:"peak"`     // the most evidence so far
	Alarm    bool   `json:"alarm"`    // whether the peak has reached 1/rate
	Rate     Number `json:"rate"`     // the probability of a false alarm
	Leaning  string `json:"leaning,omitempty"`
}

// Reply is the whole answer.
type Reply struct {
	Version int     `json:"version"`
	Answers uint64  `json:"answers"` // that are kept
	Labels  uint64  `json:"labels"`
	Groups  []Group `json:"groups"`
	Drift   []Drift `json:"drift,omitempty"`
}

// Set is pairs of a confidence and a label, by key.
type Set struct {
	Answers, Labels uint64
	groups          map[Key]*metrics.Accumulator
}

// Add adds a pair.
func (s *Set) Add(k Key, confidence float64, correct bool) {
	s.of(k).Add(confidence, correct)
}

func (s *Set) of(k Key) *metrics.Accumulator {
	if s.groups == nil {
		s.groups = map[Key]*metrics.Accumulator{}
	}
	a := s.groups[k]
	if a == nil {
		a, _ = metrics.NewAccumulator(metrics.DefaultBinning()) // which is valid
		s.groups[k] = a
	}
	return a
}

// Merge adds the pairs of a reply. It reads only the accumulators of the groups.
func (s *Set) Merge(r *Reply) error {
	for i := range r.Groups {
		g := &r.Groups[i]
		a, err := metrics.ParseAccumulator(g.Accumulator)
		if err == nil {
			err = s.of(g.Key).Merge(a)
		}
		if err != nil {
			return fmt.Errorf("group %d: %w", i, err)
		}
	}
	s.Answers += r.Answers
	s.Labels += r.Labels
	return nil
}

// Read reads a reply.
func Read(r io.Reader) (*Reply, error) {
	var reply Reply
	if err := json.NewDecoder(r).Decode(&reply); err != nil {
		return nil, fmt.Errorf("not a reply of GET /finece/calibration: %w", err)
	}
	if reply.Version != Version {
		return nil, fmt.Errorf("not a reply of GET /finece/calibration of version %d: its version is %d", Version, reply.Version)
	}
	return &reply, nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(n))
}

// Reply returns the figures of the set.
func (s *Set) Reply() (*Reply, error) {
	r := &Reply{Version: Version, Answers: s.Answers, Labels: s.Labels, Groups: []Group{}}
	for k, a := range s.groups {
		g, err := group(k, a)
		if err != nil {
			return nil, err
		}
		r.Groups = append(r.Groups, g)
	}
	slices.SortFunc(r.Groups, func(a, b Group) int { return a.Key.compare(&b.Key) })
	return r, nil
}

func group(k Key, a *metrics.Accumulator) (Group, error) {
	o := metrics.DefaultOptions()
	o.Interval = metrics.DeLong // the cheap one
	sum, err := a.Evaluate(o)
	if err != nil {
		return Group{}, err
	}
	state, err := a.AppendBinary(nil)
	if err != nil {
		return Group{}, err
	}
	g := Group{
		Key: k, N: sum.N, Correct: sum.Correct, Accuracy: Number(sum.Accuracy), Mean: Number(sum.MeanConfidence),
		ECE: Number(sum.ECE), Brier: Number(sum.Brier), AUROC: Number(sum.AUROC.Value), Bins: []Bin{}, Accumulator: state, Summary: sum,
	}
	for _, b := range sum.Bins {
		if b.Count > 0 {
			g.Bins = append(g.Bins, Bin{Number(b.Low), Number(b.High), b.Count, b.Correct, Number(b.Confidence), Number(b.Accuracy)})
		}
	}
	return g, nil
}
