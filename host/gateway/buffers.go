package gateway

import (
	"io"
	"sync"
)

// piece is the result of one read of the upstream.
type piece struct {
	buf *[]byte // of pieceBuffers
	n   int
	err error
}

const (
	pieceSize = 32 << 10  // the most bytes of one read
	writeSize = 16 << 10  // the most bytes that a session is given at once: an instance has room for so many
	maxReused = 256 << 10 // the largest buffer, in bytes, that is kept for another answer
)

var pieceBuffers = sync.Pool{New: func() any { b := make([]byte, pieceSize); return &b }}

// buffers are reused: when an answer has ended, another one gets them.
type buffers struct {
	store []byte // bytes of the upstream's stream
	out   []byte // bytes for the client
}

var answerBuffers = sync.Pool{New: func() any { return new(buffers) }}

// release gives the buffers back.
func (b *body) release() {
	if b.buffers == nil {
		return
	}
	if cap(b.store) <= maxReused && cap(b.out) <= maxReused {
		answerBuffers.Put(b.buffers)
	}
	b.buffers, b.buf = nil, nil
}

// readPiece waits for an upstream's next bytes.
func readPiece(upstream io.Reader) piece {
	buf := pieceBuffers.Get().(*[]byte)
	n, err := upstream.Read(*buf)
	return piece{buf, n, err}
}

// extend appends data to buf. The array doubles, so that the bytes of a large event are
// moved a few times and not with each piece.
func (b *body) extend(data []byte) {
	if need := len(b.buf) + len(data); cap(b.buf) < need {
		if cap(b.store) < 2*need {
			b.store = make([]byte, 0, 2*need)
		}
		b.buf = append(b.store[:0], b.buf...)
	}
	b.buf = append(b.buf, data...)
}
