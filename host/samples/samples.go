package samples

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/session"
)

// Estimator compares an answer with further answers. It is safe for concurrent use if Ask
// is.
type Estimator struct {
	Reader grade.Reader
	Number int // number of answers, including the one that is judged; at least 2
	// Ask returns n further answers to a question. They must have other seeds than the answer
	// that is judged.
	Ask func(ctx context.Context, question, answer string, n int) ([]string, error)
}

// Configure makes a session ask for the confidence of the whole answer only, with
// [Estimator.Post] as its confidence model.
func Configure(c *host.Config) {
	c.Estimator, c.Model = session.Model, asked()
	c.Positions.Strategy, c.Positions.Every = position.Periodic, math.MaxInt32 // no answer is as long
	c.Fusion.Depth = 0
}

// asked returns the confidence model that Post implements: its request has the question and
// the answer, and its reply is a number.
func asked() estimate.Model {
	m := estimate.DefaultModel()
	m.Adapter, m.Activation = estimate.Reward, estimate.NoActivation
	return m
}

// Unavailable says why there is no confidence.
type Unavailable struct {
	Why  session.Reason
	Text string
}

func (u *Unavailable) Error() string { return u.Text }

// SessionReason returns Why; see model.ReasonOf.
func (u *Unavailable) SessionReason() session.Reason { return u.Why }

// Errors of [Estimator.Post].
var (
	// ErrNotWhole is about a position that is not the whole answer. It is not a failure.
	ErrNotWhole = &Unavailable{session.NoText, "there is no whole answer yet to compare others with"}
	// ErrNoFinal means that the answer, or every further answer, has no final answer.
	ErrNoFinal = &Unavailable{session.BadReply, "no final answer was found, so no other can agree with it"}
)

// Post replies to a request of a session that [Configure] has set up. It is a model.Post. The
// confidence is the share of the further answers that have the same final answer. A further
// answer without a final answer agrees with nothing. The error is [ErrNotWhole], [ErrNoFinal]
// or that of Ask.
func (e *Estimator) Post(ctx context.Context, body []byte) ([]byte, error) {
	question, answer, err := read(body)
	if err != nil {
		return nil, err
	}
	q := &grade.Question{Text: question}
	final, ok := e.Reader.Final(q, answer)
	if !ok {
		return nil, ErrNoFinal
	}
	further, err := e.Ask(ctx, question, answer, e.Number-1)
	if err != nil {
		return nil, err
	}
	same, found := 0, 0
	for _, text := range further {
		switch other, ok := e.Reader.Final(q, text); {
		case !ok:
		case other == final:
			same, found = same+1, found+1
		default:
			found++
		}
	}
	if found == 0 {
		return nil, ErrNoFinal
	}
	return fmt.Appendf(nil, `[{"label":"same","score":%s}]`, strconv.FormatFloat(float64(same)/float64(len(further)), 'g', -1, 64)), nil
}

// read returns the question and the whole answer of a request.
func read(body []byte) (question, answer string, err error) {
	var r struct{ Inputs string }
	if err := json.Unmarshal(body, &r); err != nil {
		return "", "", fmt.Errorf("samples: %w", err)
	}
	question, ok := between(r.Inputs, "<question>\n", "\n</question>")
	if !ok {
		return "", "", errors.New("samples: a request without a question")
	}
	if answer, ok = between(r.Inputs, "<answer>\n", "\n</answer>"); !ok {
		return "", "", ErrNotWhole
	}
	return question, answer, nil
}

// between returns the text between two tags. The last such text counts, because an
// instruction before it may name the tags.
func between(text, begin, end string) (string, bool) {
	i := strings.LastIndex(text, begin)
	if i < 0 {
		return "", false
	}
	text = text[i+len(begin):]
	if i = strings.LastIndex(text, end); i < 0 {
		return "", false
	}
	return unquote.Replace(text[:i]), true
}

// unquote undoes estimate.AppendQuoted.
var unquote = func() *strings.Replacer {
	pairs := []string{"&lt;", "<", "&#91;", "[", "&#35;", "#", "&amp;", "&"}
	for b := 0x80; b <= 0xff; b++ {
		pairs = append(pairs, fmt.Sprintf("&#x%X;", b), string([]byte{byte(b)}))
	}
	return strings.NewReplacer(pairs...)
}()
