package host_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/finece/finece/host"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/abi"
	"github.com/finece/finece/wasm/session"
)

// FuzzSession sends any bytes, in any cutting, and any replies through both
// engines: neither may fail, and their events must be the same bytes. The first
// bytes of the input steer the configuration and the cutting.
func FuzzSession(f *testing.F) {
	data, err := os.ReadFile(demo)
	if err != nil {
		f.Fatal(err)
	}
	for i, seed := range [][]byte{
		data[:4000],
		[]byte(threeParagraphs),
		[]byte("data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"<think>a\\n\\nb</think>\\u00e9\"}}]}\n\ndata: {\"error\":{}}\n\n"),
		[]byte("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"x\\n\\ny\"}}\n\n"),
		[]byte("{\"message\":{\"content\":\"x\"},\"done\":false}\n{\"done\":true}\n"),
	} {
		f.Add(uint8(i), uint8(3*i+1), seed, []byte("0.5"))
	}
	wazero := newWazero(f)
	f.Fuzz(func(t *testing.T, setting, size uint8, data, answer []byte) {
		c := host.DefaultConfig()
		c.Positions.Strategy = position.Kind(1+setting%15) << 1
		c.Positions.Every, c.Positions.MinGap = 1+int(setting%7), int(setting%3)
		c.Fusion.Depth = int(setting % 4)
		c.Text = setting&1 != 0
		c.MaxPending = 8
		if setting&64 != 0 {
			c.Estimator, c.Question = session.Model, "Why?"
		}
		want := play(t, host.Native(), c, data, int(size)+1, answer)
		if got := play(t, wazero, c, data, int(size)+1, answer); !bytes.Equal(got, want) {
			t.Fatalf("other events through wazero than natively for %q", data)
		}
	})
}

// play runs a stream, answers every request in reverse order of asking, and
// returns the bytes of all that the session said.
func play(t *testing.T, engine host.Engine, c host.Config, data []byte, size int, answer []byte) []byte {
	t.Helper()
	s, events, err := engine.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all := clone(nil, events)
	for len(data) > 0 {
		n := min(size, len(data))
		events, err := s.Write(data[:n])
		if err != nil {
			t.Fatal(err)
		}
		all = clone(all, events)
		data = data[n:]
	}
	if events, err = s.End(); err != nil {
		t.Fatal(err)
	}
	all = clone(all, events)
	record := abi.AppendEvents(nil, all)
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Kind != session.Ask {
			continue
		}
		body, err := s.Request(nil, all[i].ID)
		record = append(record, body...)
		if err != nil {
			continue // given up in the meantime
		}
		events, err := s.Resolve(all[i].ID, reply(string(answer)))
		if err != nil {
			t.Fatal(err)
		}
		all = clone(all, events)
	}
	choices := map[int]bool{}
	for _, e := range all {
		choices[e.Choice] = true
	}
	for choice := range choices {
		collect(t, choice, all)
	}
	return abi.AppendEvents(record, all)
}
