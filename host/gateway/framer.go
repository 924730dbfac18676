package gateway

import "bytes"

// framer splits an event stream into its events. Each includes its blank line, so that
// the events joined give the input again. The result does not depend on the sizes of
// the pieces that the input comes in.
type framer struct {
	limit int // bytes of an event; a longer one is returned in parts

	buf     []byte
	base    []byte // the whole array of buf if it can be reused, else nil
	line    int    // offset of the unfinished line
	scanned int    // no line ends before here
	style   byte   // how the first line ended: '\n', '\r', or 0 before that
	inParts bool   // the current event is being returned in parts
	inLine  bool   // the beginning of the unfinished line was returned
}

// frame is an event, or a part of one that is over the limit.
type frame struct {
	raw     []byte
	part    bool // of an event over the limit
	partial bool // more parts follow
}

// feed takes the next bytes. With reuse, events that were returned before are
// overwritten.
func (f *framer) feed(p []byte, reuse bool) {
	if !reuse {
		f.buf, f.base = append(f.buf, p...), nil
		return
	}
	f.base = append(append(f.base[:0], f.buf...), p...)
	f.buf = f.base
}

// next returns the next event, or as much of it as the limit allows.
func (f *framer) next() (frame, bool) {
	for {
		end, after := f.lineEnd()
		if end < 0 || after > f.limit {
			break
		}
		blank := end == f.line && !f.inLine
		f.line, f.scanned, f.inLine = after, after, false
		if blank {
			return f.take(after, false), true
		}
	}
	if len(f.buf) <= f.limit {
		return frame{}, false
	}
	f.inLine = f.line < f.limit
	return f.take(f.limit, true), true
}

// take returns the first n bytes.
func (f *framer) take(n int, partial bool) frame {
	fr := frame{raw: f.buf[:n:n], part: partial || f.inParts, partial: partial}
	f.inParts = partial
	f.buf = f.buf[n:]
	f.line, f.scanned = max(f.line-n, 0), max(f.scanned-n, 0)
	return fr
}

// rest returns the remaining bytes at the end of the input: an event without its
// blank line.
func (f *framer) rest() []byte {
	raw := f.buf
	f.buf = nil
	return raw
}

// lineEnd returns the end of the unfinished line and the beginning of the next one,
// or -1 if the line's end has not come yet.
func (f *framer) lineEnd() (end, after int) {
	b := f.buf
	lf := bytes.IndexByte(b[f.scanned:], '\n')
	if lf >= 0 {
		lf += f.scanned
	} else {
		lf = len(b)
	}
	if cr := bytes.IndexByte(b[f.scanned:lf], '\r'); cr >= 0 {
		cr += f.scanned
		switch {
		case f.style == '\r' || cr+1 < len(b) && b[cr+1] != '\n':
			// If all line ends so far were lone CRs, an LF may never come.
			f.note('\r')
			return cr, cr + 1
		case cr+1 < len(b):
			f.note('\n')
			return cr, cr + 2
		}
		f.scanned = cr
		return -1, 0
	}
	if lf < len(b) {
		f.note('\n')
		return lf, lf + 1
	}
	f.scanned = len(b)
	return -1, 0
}

func (f *framer) note(style byte) {
	if f.style == 0 {
		f.style = style
	}
}
