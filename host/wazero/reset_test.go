package wazero

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/finece/finece/host"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/abi"
	"github.com/finece/finece/wasm/session"
)

// run is what a session is given: a configuration and a stream, which it may leave
// before its end.
type run struct {
	name   string
	config host.Config
	stream []byte
	end    bool
}

func runs(t *testing.T) []run {
	demo, err := os.ReadFile("../../wasm/session/testdata/demo.sse")
	if err != nil {
		t.Fatal(err)
	}
	all := host.DefaultConfig()
	all.Text = true
	all.Positions.Strategy = position.Paragraph | position.Line | position.Periodic | position.Entropy
	model := host.DefaultConfig()
	model.Estimator, model.Question = session.Model, strings.Repeat("What is 6 times 7? ", 500)
	small := host.DefaultConfig()
	small.MaxEvent, small.MaxPositions, small.MaxPending = 1<<10, 3, 8
	var long, choices strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&long, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Step %d.\\n\\n\"}}]}\n\n", i)
	}
	for i := range 400 {
		fmt.Fprintf(&choices, "data: {\"choices\":[{\"index\":%d,\"delta\":{\"content\":\"Step %d.\\n\\n\"}}]}\n\n", i%16, i)
	}
	large := "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + strings.Repeat("x", 200<<10) + "\"}}]}\n\n"
	return []run{
		{"the demonstration", all, demo, true},
		{"the demonstration, left in the middle of an event", all, demo[:50_001], false},
		{"a long stream for a confidence model", model, []byte(long.String()), true},
		{"sixteen choices", all, []byte(choices.String()), true},
		{"a large event", all, []byte(large), true},
		{"small limits", small, append(demo[:20_000:20_000], large...), true},
		{"plain text", all, bytes.Repeat([]byte("One line of text.\n\n"), 2000), true},
		{"broken JSON", all, []byte("data: {\"choices\":[}\n\ndata: \xff\xfe\n\n"), true},
		{"nothing", all, nil, false},
	}
}

// play is the answers of all calls, one after the other.
func (i *instance) play(t *testing.T, r *run) []byte {
	t.Helper()
	answers := append([]byte(nil), i.ask(t, "finece_open", session.AppendConfig(nil, &r.config))...)
	for rest := r.stream; len(rest) > 0; {
		n := min(len(rest), 9000)
		answers = append(answers, i.ask(t, "finece_write", rest[:n])...)
		rest = rest[n:]
	}
	if r.end {
		answer, err := i.answer(i.call(i.module.ExportedFunction("finece_end")))
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, answer...)
	}
	return answers
}

// TestResetIsAFreshInstance opens 1,000 sessions in one instance, with streams of up
// to 200 KB. All answers are those of a fresh instance, and the memory stays as large
// as the largest session made it.
func TestResetIsAFreshInstance(t *testing.T) {
	all := runs(t)
	want := make([][]byte, len(all))
	largest := uint32(0)
	for k := range all {
		fresh := bare(t)
		want[k] = fresh.play(t, &all[k])
		largest = max(largest, fresh.memory.Size())
	}
	i := bare(t)
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 1000 {
		if n%10 == 9 { // a configuration that is refused
			config := `{"question":"` + strings.Repeat("x", rng.IntN(1000)) + `","depth":-1}`
			answer, err := i.send(i.module.ExportedFunction("finece_open"), nil, []byte(config))
			if err != nil || abi.Status(answer[0]) != abi.StatusConfig {
				t.Fatalf("a depth of -1 is answered with %x, %v", answer, err)
			}
		}
		k := rng.IntN(len(all))
		if got := i.play(t, &all[k]); !bytes.Equal(got, want[k]) {
			t.Fatalf("session %d, %s: other answers than those of a fresh instance", n, all[k].name)
		}
	}
	// Room for the input comes first in memory, where a fresh instance has its
	// configuration: one page of 64 KiB may come to that.
	if size := i.memory.Size(); size > largest+64<<10 {
		t.Errorf("1,000 sessions take %d KiB of memory, the largest one %d KiB", size>>10, largest>>10)
	}
}
