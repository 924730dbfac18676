package gateway_test

import (
	"strings"
	"testing"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/wazero"
	"github.com/finece/finece/wasm/contract/record"
)

// TestALostCoreCostsNoByte: under annotate the stream passes whole, and the client is told
// once that nothing is scored from here on, wherever the core is lost.
func TestALostCoreCostsNoByte(t *testing.T) {
	small, err := wazero.New(t.Context(), wazero.WithMemoryLimit(320<<10))
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	data := string(demo(t))
	huge := chunkOf(`"delta":{"content":"` + strings.Repeat("much ", 80_000) + `"}`)
	middle := strings.Index(data[20_000:], "\n\n") + 20_002
	for name, at := range map[string]int{"at the beginning": 0, "in the middle": middle} {
		stream := data[:at] + huge + data[at:]
		u := newUpstream(t, replay([]byte(stream), bytewise(10_000)))
		for _, carrier := range []gateway.Carrier{gateway.Field, gateway.Comment} {
			engine := func(c *gateway.Config) { c.Engine, c.Carrier = small, carrier }
			got := read(t, post(t, newGateway(t, u, engine), ask))
			all, rest := told(t, got)
			if rest != stream {
				t.Errorf("%s, %s: %s", name, carrier, difference(rest, stream))
			}
			skips := 0
			for _, r := range all {
				if d, ok := r.(*record.Decision); ok && d.Action == record.ActionSkip && d.Reason == "core-lost" {
					skips++
				}
			}
			if skips != 1 {
				t.Errorf("%s, %s: told %d times that nothing is scored", name, carrier, skips)
			}
			if c := latest(all, 0)[0]; c == nil {
				t.Errorf("%s, %s: nothing told about p(0)", name, carrier)
			}
		}
	}
}
