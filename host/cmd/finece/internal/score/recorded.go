package score

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"path/filepath"

	"github.com/finece/finece/host/cmd/finece/internal/answers"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/scoring"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
)

// stream scores a recorded stream, a line for each choice.
func (b *batch) stream(ctx context.Context, path string, in *input.Input, r io.Reader) error {
	id, err := json.Marshal(filepath.Base(path))
	if err != nil {
		return err
	}
	var l scoring.Ledger
	g, err := b.scorer.Open(ctx, b.config, l.Take)
	if err != nil {
		return exit.With(exit.IO, err)
	}
	defer g.Close()
	b.bar = terminal.Bytes(b.cmd, in.Size, "scoring")
	defer b.bar.Done()
	if err := scoring.Copy(ctx, g, in.Showing(b.bar, r)); err != nil {
		return in.Failed(err)
	}
	if err := g.Drain(ctx); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return exit.Errorf(exit.Interrupted, "interrupted")
	}
	b.note(g, &l, "")
	for _, a := range l.Sorted() {
		if b.skip(choiceKey(answers.Key(id, 1), a.Number)) {
			continue
		}
		if err := b.write(&answers.Answer{ID: id, Line: 1}, a); err != nil {
			return err
		}
	}
	return b.verdict()
}

// looksRecorded reports whether the input is a recorded stream and not answers,
// by its first line that is not blank. rest is the whole input.
func looksRecorded(in *input.Input) (recorded bool, rest io.Reader, err error) {
	const enough = 1 << 20
	r := bufio.NewReaderSize(in, enough)
	var first []byte
	for size := 4 << 10; ; size *= 2 {
		head, err := r.Peek(min(size, enough))
		trimmed := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
		line, _, whole := bytes.Cut(trimmed, []byte("\n"))
		first = bytes.TrimSpace(line)
		if whole || err != nil || size >= enough {
			if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
				return false, nil, in.Failed(err)
			}
			break
		}
	}
	return isStreamLine(first), r, nil
}

// isStreamLine reports whether a line begins a stream in a provider's format.
func isStreamLine(line []byte) bool {
	for _, field := range []string{"data:", "event:", "id:", "retry:", ":"} {
		if bytes.HasPrefix(line, []byte(field)) {
			return true
		}
	}
	var o map[string]json.RawMessage
	if json.Unmarshal(line, &o) != nil {
		return false
	}
	for _, key := range []string{"answer", "question"} {
		if _, ok := o[key]; ok {
			return false
		}
	}
	for _, key := range []string{"choices", "candidates", "type", "message", "response", "object", "done", "delta"} {
		if _, ok := o[key]; ok {
			return true
		}
	}
	return false
}
