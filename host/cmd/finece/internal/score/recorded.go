package score

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"path/filepath"

	"github.com/finece/finece/host/batch/answers"
	"github.com/finece/finece/host/batch/score"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/wasm/stream"
)

// recorded scores a recorded stream.
func (w *worker) recorded(ctx context.Context, r *result) error {
	s, err := w.follower.Open(ctx, w.config, r.Handler())
	if err != nil {
		return err
	}
	defer s.Close()
	sum := sha256.New()
	if err := s.Copy(ctx, io.TeeReader(r.recorded, sum)); err != nil {
		return err
	}
	r.hash = hex.EncodeToString(sum.Sum(nil)[:16])
	return nil
}

// finishStream writes a line for each choice of a recorded stream.
func (b *batch) finishStream(r *result) error {
	if r.err != nil {
		return r.in.Failed(r.err)
	}
	b.note(r, "")
	for _, a := range r.Ledger.Sorted() {
		line, err := json.Marshal(recorded{filepath.Base(r.in.Path), a.Choice})
		if err != nil {
			return err
		}
		// A stream has no line of its own. Its key is made of its bytes and the choice.
		if key := score.ChoiceKey(r.hash, a.Choice); !b.isDone(key) {
			if err := b.write(line, key, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// recorded is the line of output for a choice of a recorded stream.
type recorded struct {
	ID     string `json:"id"`
	Choice int    `json:"choice,omitempty"`
}

// looksRecorded reports, by the first bytes of the input, whether it is a recorded stream. rest
// reads the whole input.
func looksRecorded(in *input.Input, layout *answers.Layout) (recorded bool, rest io.Reader, err error) {
	const enough = 1 << 20
	r := bufio.NewReaderSize(in, enough)
	for size := 4 << 10; ; size *= 2 {
		head, err := r.Peek(min(size, enough))
		trimmed := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
		line, _, whole := bytes.Cut(trimmed, []byte("\n"))
		if !whole && err == nil && size < enough {
			continue
		}
		if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
			return false, nil, in.Failed(err)
		}
		return !layout.Holds(line) && isStream(head), r, nil
	}
}

// isStream reports whether head is the beginning of a stream in a provider's format, or of a
// provider's error.
func isStream(head []byte) bool {
	if stream.IsField(head) {
		return true
	}
	d, err := stream.New(stream.Options{MaxEvent: len(head) + 64})
	if err != nil {
		return false
	}
	var f finder
	d.Write(head, &f)
	return f.found || d.Format() != stream.Auto && d.Format() != stream.Text
}

// finder notes a fault that only a stream has.
type finder struct{ found bool }

func (f *finder) Fault(fault *stream.Fault) {
	f.found = f.found || fault.Code == stream.ProviderError || fault.Code == stream.InvalidFrame
}
func (*finder) Token(*stream.Token)       {}
func (*finder) Finish(int, stream.Reason) {}
func (*finder) Said(*stream.Said)         {}
func (*finder) Frame(*stream.Frame)       {}
func (*finder) Usage(*stream.Usage)       {}
