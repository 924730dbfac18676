package score

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"

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

// has reports whether a line of JSON has one of the keys that score adds, and
// which.
func has(line []byte) (key string, found bool) {
	if !bytes.Contains(line, []byte(`"`+keyConfidence+`"`)) && !bytes.Contains(line, []byte(`"`+keyFinece+`"`)) {
		return "", false
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(line, &members) != nil {
		return "", false
	}
	for _, key := range []string{keyConfidence, keyFinece} {
		if _, ok := members[key]; ok {
			return key, true
		}
	}
	return "", false
}

// output is the line of input with the two keys that score adds.
func output(line []byte, a *follow.Answer, hash, settings string) ([]byte, error) {
	if _, found := has(line); found {
		var err error
		if line, err = without(line, keyConfidence, keyFinece); err != nil {
			return nil, err
		}
	}
	s := scored{Version: record.Version, Hash: hash, Settings: settings, Positions: []*record.Confidence{}}
	if a.End != nil {
		s.Finish = a.End.Reason.String()
	}
	headline := math.NaN()
	if p := a.Whole(); p != nil {
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
	out := bytes.ToValidUTF8(bytes.TrimSpace(line), []byte("\uFFFD"))
	out = bytes.TrimRight(bytes.TrimSuffix(out, []byte("}")), " \t")
	if !bytes.HasSuffix(out, []byte("{")) {
		out = append(out, ',')
	}
	return fmt.Appendf(out, `%q:%s,%q:%s}`, keyConfidence, number(headline), keyFinece, added), nil
}

// number is v as JSON, null if it is not a number.
func number(v float64) string {
	if math.IsNaN(v) {
		return "null"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// without is a JSON object without some of its members. The values of the others
// stay as they are.
func without(line []byte, keys ...string) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	out := []byte{'{'}
next:
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		for _, k := range keys {
			if key == k {
				continue next
			}
		}
		name, err := json.Marshal(key)
		if err != nil {
			return nil, err
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil
}
