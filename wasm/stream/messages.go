package stream

// messages splits AWS's binary event stream (application/vnd.amazon.eventstream) into
// its messages:
//
//	4 bytes  length of the message
//	4 bytes  length of its headers
//	4 bytes  CRC32 of these two
//	headers, payload
//	4 bytes  CRC32 of all before it
//
// Numbers are big-endian.
type messages struct {
	limit int

	buf     []byte // the message so far
	headers int    // length of its headers, after its prelude was read
	skip    int    // how many bytes of a message over the limit are still skipped
	taken   bool   // next returned the message in buf
	lost    bool   // the beginning of the next message is not known
	offset  int64  // offset of the next input
}

// The results of messages.next.
const (
	messagesMore   = iota // more input is needed
	messagesFound         // a message
	messagesLong          // a message over the limit, which is skipped
	messagesBroken        // a message with a wrong checksum
	messagesLost          // a wrong prelude, so the rest cannot be read
)

const (
	preludeBytes = 12
	crcBytes     = 4
	maxHeaders   = 1 << 17 // AWS's limit
)

// next reads n bytes of input, up to the end of what it finds.
func (m *messages) next(input []byte) (n, found int) {
	if m.taken {
		m.buf, m.taken = m.buf[:0], false
	}
	for n < len(input) && !m.lost {
		if m.skip > 0 {
			k := min(m.skip, len(input)-n)
			m.skip -= k
			n += k
			continue
		}
		want := preludeBytes
		if len(m.buf) >= preludeBytes {
			want = m.length()
		}
		k := min(want-len(m.buf), len(input)-n)
		m.buf = append(m.buf, input[n:n+k]...)
		n += k
		if len(m.buf) < want {
			break
		}
		if want > preludeBytes {
			m.taken = true
			m.offset += int64(n)
			if checksum(m.buf[:want-crcBytes]) != bigEndian(m.buf[want-crcBytes:]) {
				return n, messagesBroken
			}
			return n, messagesFound
		}
		if !isPrelude(m.buf) {
			m.lost = true
			m.offset += int64(n)
			return n, messagesLost
		}
		m.headers = int(bigEndian(m.buf[4:]))
		if payload := m.length() - m.headers - preludeBytes - crcBytes; payload > m.limit || m.headers > maxHeaders {
			m.skip, m.taken = m.length()-preludeBytes, true
			m.offset += int64(n)
			return n, messagesLong
		}
	}
	if m.lost {
		n = len(input)
	}
	m.offset += int64(n)
	return n, messagesMore
}

// length returns the length of the message in buf. Its prelude must be in buf.
func (m *messages) length() int { return int(bigEndian(m.buf)) }

// payload returns the payload of the message that was found.
func (m *messages) payload() []byte {
	return m.buf[preludeBytes+m.headers : len(m.buf)-crcBytes]
}

// at returns the offset of that payload.
func (m *messages) at() int64 {
	return m.offset - int64(len(m.buf)) + int64(preludeBytes+m.headers)
}

// header returns the value of a header if it is a string, and nil if there is no such header.
func (m *messages) header(name string) []byte {
	b := m.buf[preludeBytes : preludeBytes+m.headers]
	for len(b) > 0 {
		n := int(b[0])
		if n+2 > len(b) {
			return nil
		}
		found := is(b[1:1+n], name)
		kind := b[1+n]
		b = b[2+n:]
		size := 0
		switch kind {
		case 0, 1: // true, false
		case 2:
			size = 1
		case 3:
			size = 2
		case 4:
			size = 4
		case 5, 8: // a long number, a time
			size = 8
		case 9: // a UUID
			size = 16
		case 6, 7: // bytes, a string
			if len(b) < 2 {
				return nil
			}
			size = int(b[0])<<8 | int(b[1])
			b = b[2:]
		default:
			return nil
		}
		if size > len(b) {
			return nil
		}
		if found && kind == 7 {
			return b[:size]
		}
		b = b[size:]
	}
	return nil
}

// isPrelude reports whether b begins with the prelude of a message.
//
//go:noinline
func isPrelude(b []byte) bool {
	length, headers := bigEndian(b), bigEndian(b[4:])
	return length <= 1<<24 && headers <= length && headers+preludeBytes+crcBytes <= length && checksum(b[:8]) == bigEndian(b[8:])
}

func bigEndian(b []byte) uint32 {
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// crcs are the remainders of all values of four bits.
var crcs = [16]uint32{
	0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
	0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
}

// checksum is the checksum of IEEE 802.3, with a small table. Package hash/crc32 would make the
// core 8 KB larger.
//
//go:noinline
func checksum(b []byte) uint32 {
	c := ^uint32(0)
	for _, x := range b {
		c ^= uint32(x)
		c = c>>4 ^ crcs[c&15]
		c = c>>4 ^ crcs[c&15]
	}
	return ^c
}

// message takes what the splitter of messages has found.
//
//go:noinline
func (d *Decoder) message(found int, h Handler) {
	m := &d.messages
	switch found {
	case messagesLong:
		d.report(EventTooLarge, m.offset, "a shorter event", h)
		return
	case messagesBroken:
		d.report(InvalidFrame, m.offset-int64(len(m.buf)), "a message whose CRC32 is right", h)
		return
	case messagesLost:
		d.report(InvalidFrame, m.offset-preludeBytes, "the beginning of a message", h)
		return
	}
	payload, at := m.payload(), m.at()
	switch kind := m.header(":message-type"); {
	case is(kind, "exception"):
		d.readUnknown(payload)
		if r := &d.reader; !r.scanner.End() || len(r.message) == 0 {
			r.message = m.header(":exception-type")
		}
		d.fail(at, h)
	case is(kind, "error"):
		d.reader.message = m.header(":error-message")
		if len(d.reader.message) == 0 {
			d.reader.message = m.header(":error-code")
		}
		d.fail(at, h)
	case is(m.header(":event-type"), "initial-response"): // about the connection, without content
	default:
		d.kind = m.header(":event-type")
		if is(d.kind, "chunk") {
			payload = d.inner(payload)
		}
		d.payload(payload, at, h)
	}
	d.object = object{} // its bytes are decoded, so they have no place in the stream
}

// inner returns the payload of a chunk of InvokeModelWithResponseStream, which is in base64. It
// is decoded into the memory of the chunk. A chunk of another form is returned unchanged.
//
//go:noinline
func (d *Decoder) inner(chunk []byte) []byte {
	s := &d.reader.scanner
	s.Reset(chunk)
	if !s.EnterObject() {
		return chunk
	}
	for {
		switch s.NextField(keys) {
		case -1:
			return chunk
		case kBytes:
			if text, ok := s.Text(); ok {
				return decodeBase64(chunk, text)
			}
		default:
			s.Skip()
		}
	}
}

// decodeBase64 decodes text into dst, up to the first byte that is not base64. dst must be as
// long as text. If they share memory, dst must not begin after text.
//
//go:noinline
func decodeBase64(dst, text []byte) []byte {
	n, bits, have := 0, uint32(0), 0
	for _, c := range text {
		switch {
		case c-'A' < 26:
			c -= 'A'
		case c-'a' < 26:
			c = c - 'a' + 26
		case c-'0' < 10:
			c = c - '0' + 52
		case c == '+' || c == '-':
			c = 62
		case c == '/' || c == '_':
			c = 63
		default:
			return dst[:n]
		}
		bits = bits<<6 | uint32(c)
		if have += 6; have >= 8 {
			have -= 8
			dst[n] = byte(bits >> have)
			n++
		}
	}
	return dst[:n]
}
