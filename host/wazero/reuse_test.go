package wazero

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/finece/finece/bci"
	"github.com/finece/finece/host"
	"github.com/finece/finece/metrics"
	"github.com/finece/finece/wasm/abi"
	"github.com/finece/finece/wasm/session"
)

// bare is an instance without a session, for the calls that browsers make and
// that no Session has.
func bare(t *testing.T) *instance {
	t.Helper()
	w, err := New(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	i, err := w.instance()
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func (i *instance) ask(t *testing.T, name string, data []byte) []byte {
	t.Helper()
	answer, err := i.send(i.module.ExportedFunction(name), nil, data)
	if err != nil {
		t.Fatal(err)
	}
	if status := binary.LittleEndian.Uint32(answer); abi.Status(status) != abi.StatusOK {
		t.Fatalf("%s answers status %d: %s", name, status, answer[8:])
	}
	return answer[8:]
}

// flat calls f often and checks that the instance's memory stays what it was
// after the first few calls: there is no collector to mend it.
func flat(t *testing.T, i *instance, times int, f func(n int)) {
	t.Helper()
	for n := range times / 10 {
		f(n)
	}
	before := i.memory.Size()
	for n := range times {
		f(n)
	}
	if after := i.memory.Size(); after != before {
		t.Errorf("memory went from %d to %d KiB", before>>10, after>>10)
	}
}

func TestNoBytesAreBytes(t *testing.T) {
	i := bare(t)
	for _, name := range []string{"finece_fuse", "finece_open"} {
		at, err := i.call(i.input, 0)
		if err != nil || at == 0 {
			t.Errorf("room for no bytes is at %d, %v", at, err)
		}
		answer, err := i.send(i.module.ExportedFunction(name), nil, nil)
		if err != nil || binary.LittleEndian.Uint32(answer) == 0 {
			t.Errorf("%s takes no bytes for an input, %v", name, err)
		}
	}
	w := bare(t)
	c := host.DefaultConfig()
	w.ask(t, "finece_open", session.AppendConfig(nil, &c))
	if events := w.ask(t, "finece_write", nil); len(events) != 0 {
		t.Errorf("no bytes give the events %x", events)
	}
}

func TestFusingInTheModuleIsFusingNatively(t *testing.T) {
	i := bare(t)
	rng := rand.New(rand.NewPCG(5, 6))
	flat(t, i, 1000, func(int) {
		n := 1 + rng.IntN(300)
		tree := bci.Tree{Conf: make([]float64, n), Parent: make([]int32, n)}
		for k := range n {
			tree.Conf[k], tree.Parent[k] = rng.Float64(), int32(rng.IntN(k+1)-1)
			if rng.IntN(10) == 0 {
				tree.Conf[k] = math.NaN()
			}
		}
		p := bci.Params{Alpha: rng.Float64(), Depth: rng.IntN(4), Width: rng.IntN(5)}
		want, err := bci.Fuse(nil, tree, p)
		if err != nil {
			t.Fatal(err)
		}
		got := i.ask(t, "finece_fuse", abi.AppendFuseInput(nil, tree, p))
		if !bytes.Equal(got, abi.AppendFloats(nil, want)) {
			t.Fatalf("%d nodes, %+v: other values than natively", n, p)
		}
	})
}

func TestEvaluatingInTheModuleIsEvaluatingNatively(t *testing.T) {
	i := bare(t)
	rng := rand.New(rand.NewPCG(7, 8))
	flat(t, i, 300, func(n int) {
		conf, correct := make([]float64, rng.IntN(1000)), []bool(nil)
		for k := range conf {
			if conf[k] = rng.Float64(); n%2 == 0 {
				conf[k] = math.Round(10*conf[k]) / 10
			}
			correct = append(correct, rng.Float64() < conf[k])
		}
		b := metrics.Binning{Rule: metrics.Rule(rng.IntN(6)), Bins: 1 + rng.IntN(30)}
		want, err := abi.Evaluate(conf, correct, b)
		if err != nil {
			t.Fatal(err)
		}
		got := i.ask(t, "finece_evaluate", abi.AppendEvaluateInput(nil, conf, correct, b))
		if !bytes.Equal(got, abi.AppendEvaluation(nil, &want)) {
			t.Fatalf("%d pairs, %+v: other figures than natively", len(conf), b)
		}
	})
}

func TestAnInstanceServesOneSessionAfterTheOther(t *testing.T) {
	i := bare(t)
	c := host.DefaultConfig()
	c.Estimator, c.Question, c.Text = session.Model, "What is 6 times 7?", true
	config := session.AppendConfig(nil, &c)
	var want []byte
	flat(t, i, 200, func(n int) {
		record := append([]byte(nil), i.ask(t, "finece_open", config)...)
		for k := range 60 {
			text := fmt.Sprintf("data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Step %d.\\n\\n\"}}]}\n\n", k)
			record = append(record, i.ask(t, "finece_write", []byte(text))...)
		}
		if want == nil {
			want = record
		}
		if !bytes.Equal(record, want) {
			t.Fatalf("session %d has other events than the first", n)
		}
	})
}

func TestRepliesLeaveNothingBehind(t *testing.T) {
	w, err := New(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	c := host.DefaultConfig()
	c.Estimator, c.Question = session.Model, "What is 6 times 7?"
	s, _, err := w.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	i := s.(*host.Instance).Module().(*lease).instance
	reply := func(text string) []byte {
		return fmt.Appendf(nil, `{"choices":[{"index":0,"message":{"role":"assistant","content":%q},"finish_reason":"stop"}]}`, text)
	}
	flat(t, i, 2000, func(n int) {
		events, err := s.Write([]byte("data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"A.\\n\\n\"}}]}\n\n"))
		if err != nil {
			t.Fatal(err)
		}
		var ids []uint32
		for _, e := range events {
			if e.Kind == session.Ask {
				ids = append(ids, e.ID)
			}
		}
		if n > 0 && len(ids) != 1 {
			t.Fatalf("%d requests, want one", len(ids))
		}
		for _, id := range ids {
			answer := "0.5"
			if n%2 == 0 {
				answer = "very sure, since the text before me says so: " + string(bytes.Repeat([]byte("x"), 500))
			}
			if _, err := s.Resolve(id, reply(answer)); err != nil {
				t.Fatal(err)
			}
		}
	})
}
