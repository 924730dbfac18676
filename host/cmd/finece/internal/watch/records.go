package watch

import (
	"encoding/json"
	"io"

	"github.com/finece/finece/host/cmd/finece/internal/ledger"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
)

// recordView prints records as JSON Lines. The first line is a record of the type
// start.
type recordView struct {
	w    io.Writer
	line []byte
	err  error
}

func (v *recordView) record(r record.Record) {
	if v.err != nil {
		return
	}
	v.line = append(r.AppendJSON(v.line[:0]), '\n')
	_, v.err = v.w.Write(v.line)
}

func (v *recordView) live() bool                                         { return false }
func (v *recordView) text(*ledger.Ledger, int, position.Segment, []byte) {}
func (v *recordView) draw(*ledger.Ledger) error                          { return v.err }
func (v *recordView) close(*ledger.Ledger) error                         { return v.err }

// generatorIn returns the name of the model in a chat request, or "".
func generatorIn(body []byte) string {
	var request struct {
		Model string `json:"model"`
	}
	_ = json.Unmarshal(body, &request)
	return request.Model
}
