package construct

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode"

	"github.com/finece/finece/host/grade"
)

// newID makes an id from a question's text, for data sets without ids.
func newID(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}

// withChoices returns a question with its options below it, one on each line.
func withChoices(stem string, choices []string) string {
	var b strings.Builder
	b.WriteString(stem)
	for i, c := range choices {
		fmt.Fprintf(&b, "\n%s. %s", grade.Letter(i), c)
	}
	return b.String()
}

// Split assigns questions to training, development and test.
type Split struct{ Train, Dev, Test float64 } // shares in [0,1] that sum to 1

// Validate returns what is wrong with s, or nil.
func (s Split) Validate() error {
	for _, v := range []float64{s.Train, s.Dev, s.Test} {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("construct: a split of %v: want shares in [0,1]", v)
		}
	}
	if sum := s.Train + s.Dev + s.Test; math.Abs(sum-1) > 1e-9 {
		return errors.New("construct: the shares of a split have to sum to 1")
	}
	return nil
}

// Of returns "train", "dev" or "test". It depends only on the seed and on the letters,
// digits and symbols such as "+" of the question's text. Copies of a question with
// another id, case or punctuation are always in the same part.
func (s Split) Of(seed uint64, q *grade.Question) string {
	h := sha256.New()
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], seed)
	h.Write(b[:])
	for _, r := range strings.ToLower(q.Text) {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsSymbol(r) {
			h.Write([]byte(string(r)))
		}
	}
	u := float64(binary.LittleEndian.Uint64(h.Sum(nil))>>11) / (1 << 53)
	switch {
	case u < s.Train:
		return "train"
	case u < s.Train+s.Dev || s.Test == 0 && s.Dev > 0:
		return "dev"
	case s.Test == 0:
		return "train"
	}
	return "test"
}
