package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/finece/finece/host"
	"github.com/finece/finece/wasm/stream/fixture"
)

// FuzzStream sends any bytes through, in any cutting: what comes out does not
// depend on the cutting, and under Annotate with comments it is what went in.
func FuzzStream(f *testing.F) {
	data, err := os.ReadFile("../../wasm/session/testdata/demo.sse")
	if err != nil {
		f.Fatal(err)
	}
	const chunk = `{"choices":[{"index":0,"delta":{"content":"a\n\nb"},"logprobs":{"content":[{"token":"a","logprob":-1,"top_logprobs":[{"token":"a"},{"token":"b"}]}]}}]}`
	for i, seed := range []string{
		string(data[:6000]),
		"data: " + chunk + "\r\n\r\ndata: " + chunk + "\r\n\r\ndata: [DONE]\r\n\r\n",
		"data:" + chunk + "\r\rdata: " + chunk + "\r\r\n",
		"\ufeffid: 7\ndata: {\"choices\":\ndata: [{\"delta\":\ndata: {\"content\":\"x\"}}]}\n\n: ping\n\nevent: error\ndata: {}\n\n",
		"data: {\"choices\":[]}\n\ndata: {\"error\":{}}\n\ndata: [DONE]\n\nrest",
		": a\r\n\n\r\n data: {}\n\ndata: [DONE]",
		" \nevent:output\ndata:\ndata",
	} {
		f.Add(uint8(i), uint8(i*5+1), []byte(seed))
	}
	for i, s := range fixture.All() {
		if len(s.Data) < 2000 && strings.HasSuffix(s.Name, ".sse") {
			f.Add(uint8(i), uint8(i*5+1), s.Data)
		}
	}
	f.Fuzz(func(t *testing.T, setting, size uint8, data []byte) {
		c := DefaultConfig()
		c.Upstream, c.Engine, c.Failure = "http://x/v1", host.Native(), Open
		c.CarrierDelay, c.MaxDelay, c.MaxEvent, c.WithholdBelow = time.Hour, time.Hour, 1000, 0.3
		c, _, err := c.checked()
		if err != nil {
			t.Fatal(err)
		}
		if setting&1 != 0 {
			c.Carrier = Comment
		}
		if setting&2 != 0 {
			c.Policy = Withhold
		}
		if setting&4 != 0 {
			c.Failure = Closed
		}
		var a asked
		if setting&8 != 0 {
			a = asked{more: true, logprobs: setting&16 != 0, top: int(setting >> 5)}
		}
		for _, on := range []surface{chat{}, messages{}, responses{}} {
			whole := through(t, &c, on, a, bytes.NewReader(data))
			if cut := through(t, &c, on, a, &pieces{data, int(size) + 1}); !bytes.Equal(cut, whole) {
				t.Fatalf("%s, in pieces of %d: %q\nwhole: %q", on.path(), int(size)+1, cut, whole)
			}
			if one := through(t, &c, on, a, iotest.OneByteReader(bytes.NewReader(data))); !bytes.Equal(one, whole) {
				t.Fatalf("%s, byte by byte: %q\nwhole: %q", on.path(), one, whole)
			}
			if c.Carrier == Comment && c.Policy == Annotate && !a.more {
				if rest := withoutComments(whole); !bytes.Equal(rest, withoutComments(data)) {
					t.Fatalf("%s: got %q, want %q", on.path(), rest, data)
				}
			}
		}
	})
}

// pieces reads data n bytes at a time.
type pieces struct {
	data []byte
	n    int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(p.n, len(b))], p.data)
	p.data = p.data[n:]
	return n, nil
}

func through(t *testing.T, c *Config, on surface, a asked, upstream io.Reader) []byte {
	t.Helper()
	c.rule = c.Policy.rule()
	r := &request{surface: on, config: c, n: 1, asked: a, usage: true, deadline: func(time.Time) {}}
	config := c.Session
	config.Format = on.format()
	b, err := newBody(context.Background(), c, config, io.NopCloser(upstream), r)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	watch := time.AfterFunc(2*time.Minute, func() { panic("hung: the stream does not end") })
	defer watch.Stop()
	out, err := io.ReadAll(b)
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return created.ReplaceAll(out, nil)
}

// created is the time of a chunk that the gateway makes for lack of another.
var created = regexp.MustCompile(`,"created(_at)?":1[0-9]{9},"model":""|,"created_at":1[0-9]{9}`)

// ours is a comment line of the gateway's.
var ours = regexp.MustCompile(`: finece \{[^\r\n]*\}\n`)

func withoutComments(data []byte) []byte { return ours.ReplaceAll(data, nil) }
