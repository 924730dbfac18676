// Package pace reads an input as it comes, or at a limited pace that people can follow.
package pace

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"time"
)

// Chunk is a piece of the input, or the error that ended it.
type Chunk struct {
	Data []byte
	Err  error
}

// Read reads in into a channel, which it closes at the end. With a pace, each piece is an event,
// a line or a word, and pace is the number of pieces per second.
func Read(ctx context.Context, in io.Reader, pace float64) <-chan Chunk {
	out := make(chan Chunk)
	go func() {
		defer close(out)
		next := whatever(in)
		var beat <-chan time.Time
		if pace > 0 {
			next = pieces(in)
			t := time.NewTicker(time.Duration(float64(time.Second) / pace))
			defer t.Stop()
			beat = t.C
		}
		for {
			data, err := next()
			if len(data) > 0 && !send(ctx, out, Chunk{Data: data}) {
				return
			}
			if err == io.EOF {
				return
			}
			if err != nil {
				send(ctx, out, Chunk{Err: err})
				return
			}
			if beat != nil {
				select {
				case <-beat:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out
}

func send(ctx context.Context, out chan<- Chunk, c Chunk) bool {
	select {
	case out <- c:
		return true
	case <-ctx.Done():
		return false
	}
}

// whatever reads the bytes that are available.
func whatever(r io.Reader) func() ([]byte, error) {
	return func() ([]byte, error) {
		buf := make([]byte, 32<<10)
		n, err := r.Read(buf)
		return buf[:n], err
	}
}

// pieces reads one piece at a time: an event up to its blank line, a line of JSON,
// or a word of plain text.
func pieces(r io.Reader) func() ([]byte, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	var kind byte
	return func() ([]byte, error) {
		if kind == 0 {
			kind = kindOf(b)
		}
		switch kind {
		case 'e':
			return readEvent(b)
		case 'j':
			return readLine(b)
		}
		return readWord(b)
	}
}

// kindOf distinguishes events, JSON lines and text by their first bytes.
func kindOf(b *bufio.Reader) byte {
	head, _ := b.Peek(256)
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	if bytes.HasPrefix(head, []byte("{")) {
		return 'j'
	}
	for _, field := range []string{"data:", "event:", "id:", "retry:", ":"} {
		if bytes.HasPrefix(head, []byte(field)) {
			return 'e'
		}
	}
	return 'w'
}

// readLine reads a line, or as much of it as the buffer holds.
func readLine(b *bufio.Reader) ([]byte, error) {
	line, err := b.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		err = nil
	}
	return bytes.Clone(line), err
}

func readEvent(b *bufio.Reader) ([]byte, error) {
	var event []byte
	for {
		line, err := readLine(b)
		event = append(event, line...)
		if err != nil || len(bytes.TrimRight(line, "\r\n")) == 0 || len(event) > 64<<10 {
			return event, err
		}
	}
}

// readWord reads white space and the word after it.
func readWord(b *bufio.Reader) ([]byte, error) {
	var word []byte
	for {
		c, err := b.ReadByte()
		if err != nil {
			return word, err
		}
		white := c == ' ' || c == '\n' || c == '\t' || c == '\r'
		if white && len(word) > 0 && !bytes.HasSuffix(word, []byte{c}) || len(word) >= 4<<10 {
			return word, b.UnreadByte()
		}
		word = append(word, c)
	}
}
