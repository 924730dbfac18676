package score

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"

	"github.com/finece/finece/host/cmd/finece/internal/members"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
)

// The keys that score adds to a line.
const (
	keyConfidence = "confidence"
	keyFinece     = "finece"
)

// scored is the value of the key "finece" in a line of output.
type scored struct {
	Version    int                  `json:"version"`
	Calibrated bool                 `json:"calibrated"`
	Source     *record.Source       `json:"source,omitempty"`
	Reason     string               `json:"reason,omitempty"`
	Finish     string               `json:"finish,omitempty"`
	Positions  []*record.Confidence `json:"positions"`
	Hash       string               `json:"hash"`     // of the line of input
	Settings   string               `json:"settings"` // a hash of the flags that the scores depend on
}

// hashOf is the hash that tells a line of input from others.
func hashOf(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:16])
}

// output is the line of input with the two keys that score adds.
func output(line []byte, a *follow.Answer, hash, settings string) ([]byte, error) {
	s := scored{Version: record.Version, Hash: hash, Settings: settings, Positions: []*record.Confidence{}}
	if a.End != nil {
		s.Finish = a.End.Reason.String()
	}
	headline := math.NaN()
	if p := a.Headline(); p != nil {
		headline, s.Calibrated = p.Fused, p.Calibrated
		if p.HasValue() {
			s.Source = &p.Source
		}
		if p.Reason != session.NoReason {
			s.Reason = p.Reason.String()
		}
	}
	for i := range a.Places {
		s.Positions = append(s.Positions, &a.Places[i].Confidence)
	}
	added, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	out, err := members.Set(line, keyConfidence, number(headline))
	if err != nil {
		return nil, err
	}
	return members.Set(out, keyFinece, added)
}

// number is v as JSON, null if it is not a number.
func number(v float64) []byte {
	if math.IsNaN(v) {
		return []byte("null")
	}
	return strconv.AppendFloat(nil, v, 'g', -1, 64)
}
