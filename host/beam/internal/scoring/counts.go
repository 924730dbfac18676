package scoring

import (
	"encoding/json"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
)

// Counts is what became of the lines of some shards.
type Counts struct {
	Lines    int64            `json:"lines"`
	Scored   int64            `json:"scored"` // lines of output
	Without  int64            `json:"without_logprobs,omitempty"`
	Rejected int64            `json:"rejected,omitempty"`
	Reasons  map[string]int64 `json:"reasons,omitempty"` // of the rejected lines
	Failed   int64            `json:"failed_requests,omitempty"`
	// Undecided answers had no final answer, or none to compare with.
	Undecided int64  `json:"undecided,omitempty"`
	Failure   string `json:"failure,omitempty"` // one of them
	Faults    int64  `json:"faults,omitempty"`
}

// A reason may quote the input, so there can be as many as lines. Those beyond the first
// ones are counted together.
const (
	mostReasons = 100
	otherReason = "other reasons"
)

func (c *Counts) reject(why string) {
	c.Rejected++
	c.because(why, 1)
}

func (c *Counts) because(why string, n int64) {
	if c.Reasons == nil {
		c.Reasons = map[string]int64{}
	}
	if _, known := c.Reasons[why]; !known && len(c.Reasons) >= mostReasons {
		why = otherReason
	}
	c.Reasons[why] += n
}

func (c *Counts) add(o *Counts) {
	c.Lines += o.Lines
	c.Scored += o.Scored
	c.Without += o.Without
	c.Rejected += o.Rejected
	c.Failed += o.Failed
	c.Undecided += o.Undecided
	c.Faults += o.Faults
	for why, n := range o.Reasons {
		c.because(why, n)
	}
	if c.Failure == "" {
		c.Failure = o.Failure
	}
}

func init() { register.Combiner1[[]byte](&total{}) }

// total adds up counts.
type total struct{}

// MergeAccumulators adds up two counts.
func (*total) MergeAccumulators(a, b []byte) ([]byte, error) {
	var x, y Counts
	if err := json.Unmarshal(a, &x); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &y); err != nil {
		return nil, err
	}
	x.add(&y)
	return json.Marshal(&x)
}
