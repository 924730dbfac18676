package stream

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkDecode decodes whole streams of chat completions: the demonstration, with five
// alternatives to each token; text without log-probabilities; and two long recordings, if they
// are on this machine.
func BenchmarkDecode(b *testing.B) {
	const text = `{"id":"chatcmpl-0123456789","object":"chat.completion.chunk","created":1700000000,"model":"m","system_fingerprint":"fp_0","choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}],"usage":null}`
	streams := map[string]string{"text": strings.Repeat(sse(text), 400)}
	for name, file := range map[string]string{
		"demo":              "../session/testdata/demo.sse",
		"recorded-logprobs": filepath.Join(recorded, "openai-chat-toplogprobs-long-a.sse"),
		"recorded-text":     filepath.Join(recorded, "openai-chat-long-nologprobs.sse"),
	} {
		if data, err := os.ReadFile(file); err == nil {
			streams[name] = string(data)
		}
	}
	for _, name := range []string{"demo", "text", "recorded-logprobs", "recorded-text"} {
		data := []byte(streams[name])
		if len(data) == 0 {
			continue
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			d, err := New(Options{})
			if err != nil {
				b.Fatal(err)
			}
			var n counter
			for b.Loop() {
				d.Reset()
				d.Write(data, &n)
				d.End(&n)
			}
			if n.tokens == 0 {
				b.Fatal("no token")
			}
		})
	}
}

// counter is a handler that counts tokens.
type counter struct{ tokens int }

func (c *counter) Token(*Token)       { c.tokens++ }
func (c *counter) Finish(int, Reason) {}
func (c *counter) Fault(*Fault)       {}
func (c *counter) Usage(*Usage)       {}
func (c *counter) Said(*Said)         {}
func (c *counter) Frame(*Frame)       {}
