package score

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"

	"github.com/finece/finece/host/batch/members"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/session"
)

// The keys that score adds to a line.
const (
	KeyConfidence = "confidence"
	KeyFinece     = "finece"
)

// Hash is the hash that tells a line of input from others.
func Hash(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:16])
}

// Line is the line of input with the two keys that score adds. settings is a hash of
// the flags that the scores depend on.
func Line(line []byte, a *follow.Answer, hash, settings string) ([]byte, error) {
	headline, calibrated := math.NaN(), false
	var source *record.Source
	reason := session.NoReason
	if p := a.Headline(); p != nil {
		headline, calibrated, reason = p.Fused, p.Calibrated, p.Reason
		if p.HasValue() {
			source = &p.Source
		}
	}
	b := fmt.Appendf(nil, `{"version":%d,"calibrated":%t`, record.Version, calibrated)
	if source != nil {
		b = source.AppendJSON(append(b, `,"source":`...))
	}
	if reason != session.NoReason {
		b = jsonscan.AppendString(append(b, `,"reason":`...), []byte(reason.String()))
	}
	if a.End != nil {
		b = jsonscan.AppendString(append(b, `,"finish":`...), []byte(a.End.Reason.String()))
	}
	b = append(b, `,"positions":[`...)
	for i := range a.Places {
		if i > 0 {
			b = append(b, ',')
		}
		b = a.Places[i].Confidence.AppendJSON(b)
	}
	b = fmt.Appendf(b, `],"hash":%q,"settings":%q}`, hash, settings)
	return members.Set(line, members.Member{Key: KeyConfidence, Value: number(headline)}, members.Member{Key: KeyFinece, Value: b})
}

// number is v as JSON, null if it is not a number.
func number(v float64) []byte {
	if math.IsNaN(v) {
		return []byte("null")
	}
	return strconv.AppendFloat(nil, v, 'g', -1, 64)
}
