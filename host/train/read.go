package train

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/finece/finece/wasm/estimate"
)

// ReadReplies reads replies of a confidence model. Each line of r is the body of a chat
// completion. Package estimate reads the confidence from it, and a JSON line is written for
// each reply: {"confidence","mass"}, or {"error"} if the reply has no confidence. The
// trainer reads replies to held-out states this way, so a model is measured as it is used.
func ReadReplies(w io.Writer, r io.Reader) error {
	m := estimate.DefaultModel()
	enc := json.NewEncoder(w)
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		body := bytes.TrimSpace(lines.Bytes())
		if len(body) == 0 {
			continue
		}
		var out struct {
			Confidence *float64 `json:"confidence,omitempty"`
			Mass       *float64 `json:"mass,omitempty"`
			Error      string   `json:"error,omitempty"`
		}
		reading, err := m.ReadReply(body)
		if err != nil {
			out.Error = err.Error()
		} else {
			out.Confidence = &reading.Confidence
			if reading.Basis == estimate.Expectation {
				out.Mass = &reading.Mass
			}
		}
		if err := enc.Encode(out); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}
