package stream

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestChecksumIsThatOfTheStandardLibrary(t *testing.T) {
	pick := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(pick.Uint32())
		}
		if got, want := checksum(b), crc32.ChecksumIEEE(b); got != want {
			t.Fatalf("%d bytes: %08x, want %08x", n, got, want)
		}
	}
}

func TestBase64IsThatOfTheStandardLibrary(t *testing.T) {
	pick := rand.New(rand.NewPCG(3, 4))
	for n := range 300 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(pick.Uint32())
		}
		for _, coding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			text := []byte("1234" + coding.EncodeToString(b))
			if got := decodeBase64(text, text[4:]); string(got) != string(b) {
				t.Fatalf("%d bytes: %q, want %q", n, got, b)
			}
		}
	}
}

// framed returns a message of AWS's event stream. headers has the bytes of the headers.
func framed(headers, payload string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(16+len(headers)+len(payload)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(headers)))
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	b = append(append(b, headers...), payload...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

const startOfMessage = "\x0b:event-type\x07\x00\x0cmessageStart"

func TestHeadersOfEveryKind(t *testing.T) {
	others := "\x01a\x00\x01b\x01\x01c\x02x\x01d\x03xx\x01e\x04xxxx\x01f\x05xxxxxxxx\x01g\x06\x00\x03xxx\x01h\x07\x00\x03xxx\x01i\x08xxxxxxxx\x01j\x09xxxxxxxxxxxxxxxx"
	for _, c := range []struct{ name, headers, want string }{
		{"before", others + startOfMessage, "messageStart"},
		{"after", startOfMessage + others, "messageStart"},
		{"missing", others, ""},
		{"not a string", "\x0b:event-type\x06\x00\x01x", ""},
		{"of an unknown kind", "\x01a\x0a" + startOfMessage, ""},
		{"cut in a name", startOfMessage[:5], ""},
		{"cut in a length", startOfMessage[:13], ""},
		{"cut in a value", startOfMessage[:20], ""},
	} {
		m := messages{limit: 100}
		if n, found := m.next(framed(c.headers, "{}")); found != messagesFound || n != 18+len(c.headers) {
			t.Fatalf("%s: found %d in %d bytes", c.name, found, n)
		}
		if got := string(m.header(":event-type")); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if got := string(m.payload()); got != "{}" {
			t.Errorf("%s: the payload is %q", c.name, got)
		}
	}
}

func TestMessagesOverTheLimitAreSkipped(t *testing.T) {
	text := func(s string) []byte { return framed("", `{"contentBlockIndex":0,"delta":{"text":"`+s+`"}}`) }
	input := append(framed(startOfMessage, `{"role":"assistant"}`), text("Hi")...)
	long := make([]byte, 1000)
	for i := range long {
		long[i] = 'x'
	}
	input = append(append(input, text(string(long))...), text("!")...)
	input = append(input, framed("", `{"stopReason":"end_turn"}`)...)
	r := checkCuts(t, Options{MaxEvent: 100}, input)
	if codes := r.codes(); len(codes) != 1 || codes[0] != EventTooLarge || r.answer(0) != "Hi!" {
		t.Errorf("faults %v, text %q", codes, r.answer(0))
	}
}

func FuzzMessages(f *testing.F) {
	f.Add("", `{"role":"assistant"}`, uint16(0), byte(0), uint64(1))
	f.Add(startOfMessage, `{"role":"assistant"}`, uint16(40), byte(1), uint64(2))
	f.Add("\x0b:event-type\x07\x00\x05chunk", `{"bytes":"eyJyZXNwb25zZSI6ImEifQ=="}`, uint16(0), byte(0), uint64(3))
	f.Add("\x0d:message-type\x07\x00\x09exception\x0f:exception-type\x07\x00\x01x", `{"message":"\\u0041"}`, uint16(3), byte(128), uint64(4))
	// Whole messages with any headers and payload and with right checksums, and one changed bit.
	f.Fuzz(func(t *testing.T, headers, payload string, at uint16, flip byte, seed uint64) {
		one := framed(headers, payload)
		one[int(at)%len(one)] ^= flip
		input := append(framed(startOfMessage, `{"role":"assistant"}`), one...)
		input = append(input, framed("", `{"contentBlockIndex":0,"delta":{"text":"Hi"}}`)...)
		want := decode(t, Options{}, input, whole)
		for _, next := range []func() int{every(1), randomly(seed)} {
			if got := decode(t, Options{}, input, next); !slices.Equal(got.calls, want.calls) {
				t.Fatalf("another cutting gives other calls:\n%q\n%q", got.calls, want.calls)
			}
		}
	})
}
