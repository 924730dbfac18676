package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/finece/finece/host/cmd/bench/internal/report"
	"github.com/finece/finece/wasm/contract/defaults"
)

const rounds = 7

// turns lets every system read n answers of a size in each round, after a warm-up round. between
// runs once per round.
func (b *bench) turns(all []*system, body []byte, l *load, n, slowly, atOnce int, between func(counts bool) error) (map[string]*lap, error) {
	b.upstream.load.Store(l)
	laps := map[string]*lap{}
	for round := range rounds + 1 {
		if between != nil {
			if err := between(round > 0); err != nil {
				return nil, err
			}
		}
		for _, s := range all {
			n := n
			if s.short {
				n = slowly
			}
			if n == 0 {
				continue
			}
			m, err := s.run(len(body), n, min(atOnce, n))
			if err != nil {
				return nil, err
			}
			if laps[s.name] == nil {
				laps[s.name] = &lap{}
			}
			if round > 0 {
				laps[s.name].add(m)
			}
		}
	}
	return laps, nil
}

// burst sends whole answers at once, to eight clients.
func burst(b *bench) error {
	all, err := b.all()
	if err != nil {
		return err
	}
	body, err := demo()
	if err != nil {
		return err
	}
	alone, err := newCores()
	if err != nil {
		return err
	}
	laps, err := b.turns(all, body, &load{body: body}, 160, 8, 8, func(counts bool) error { return alone.run(body, 50, counts) })
	if err != nil {
		return err
	}
	b.report.Title("Whole answers at once", fmt.Sprintf("159 events in %d KB, 8 clients. CPU time is that of the proxy's process. The core without a gateway reads the same answer in\none thread: scoring costs a gateway at least that, besides what a proxy costs.", len(body)>>10))
	b.rates(all, laps)
	plain, ours, their := laps[reverse], laps[wasm], laps[portkey]
	for _, name := range []string{wasm, native} {
		l := alone.laps[name]
		b.report.Line("the core of "+name+", without a gateway", "", "", fmt.Sprintf("%.2f ms", l.perStream()), fmt.Sprintf("%.2f", l.perStream()/plain.perStream()))
	}
	b.report.Target("wazero: CPU time per stream, relative to ReverseProxy", ours.perStream()/plain.perStream(), 2.5, report.AtMost)
	b.report.Target("native: CPU time per stream, relative to ReverseProxy", laps[native].perStream()/plain.perStream(), 2, report.AtMost)
	b.report.Target("wazero: MB/s, relative to ReverseProxy", ours.rate()/plain.rate(), 0.6, report.AtLeast)
	if their != nil {
		b.report.Target("wazero: MB/s, relative to Portkey", ours.rate()/their.rate(), 10, report.AtLeast)
	}
	return nil
}

// rates reports laps as a table.
func (b *bench) rates(all []*system, laps map[string]*lap) {
	b.report.Header("", "MB/s", "relative to ReverseProxy", "CPU per stream", "relative to ReverseProxy")
	plain := laps[reverse]
	for _, s := range all {
		l := laps[s.name]
		switch {
		case l == nil:
		case s.cmd == nil:
			b.report.Line(s.name, fmt.Sprintf("%.1f", l.rate()), fmt.Sprintf("%.2f", l.rate()/plain.rate()), "", "")
		default:
			b.report.Line(s.name, fmt.Sprintf("%.1f", l.rate()), fmt.Sprintf("%.2f", l.rate()/plain.rate()),
				fmt.Sprintf("%.2f ms", l.perStream()), fmt.Sprintf("%.2f", l.perStream()/plain.perStream()))
		}
	}
}

// adversarial sends small pieces, and huge events.
func adversarial(b *bench) error {
	all, err := b.all()
	if err != nil {
		return err
	}
	body, err := demo()
	if err != nil {
		return err
	}
	laps, err := b.turns(all, body, &load{body: body, piece: 50}, 8, 1, 4, nil)
	if err != nil {
		return err
	}
	b.report.Title("Answers in pieces of 50 bytes", "The same answer; events, strings and characters are cut anywhere.")
	b.rates(all, laps)
	huge := hugeEvents()
	var fast []*system
	for _, s := range all {
		if s.name != litellm { // LiteLLM would take minutes
			fast = append(fast, s)
		}
	}
	if laps, err = b.turns(fast, huge, &load{body: huge}, 8, 1, 2, nil); err != nil {
		return err
	}
	b.report.Title("Huge events", fmt.Sprintf("Four events of %d KB each.", len(huge)/4>>10))
	b.rates(fast, laps)
	return nil
}

const (
	pacedCount = 500
	pacedEvery = 50 * time.Millisecond
)

// pacedStreams measures the delay of events in many streams at once.
func pacedStreams(b *bench) error {
	all, err := b.all()
	if err != nil {
		return err
	}
	got, cpu := map[string]*paced{}, map[string]time.Duration{}
	for range 3 {
		for _, s := range all {
			if s.name == litellm { // LiteLLM is too slow for it
				continue
			}
			before := s.cpu()
			p, err := s.runPaced(b.upstream, &load{paced: 60, every: pacedEvery}, pacedCount, nil)
			if err != nil {
				return err
			}
			cpu[s.name] += s.cpu() - before
			if got[s.name] == nil {
				got[s.name] = &paced{}
			}
			got[s.name].add(p)
		}
	}
	b.report.Title(fmt.Sprintf("%d streams, an event every %d ms", pacedCount, pacedEvery.Milliseconds()), "Delay from the writing of an event to its arrival. The upstream and the client use the same cores.")
	b.report.Header("", "median", "p99", "median minus ReverseProxy's", "lost events", "CPU per event")
	plain := quantile(got[reverse].delays, 0.5)
	for _, s := range all {
		if p := got[s.name]; p != nil {
			b.report.Line(s.name, ms(quantile(p.delays, 0.5)), ms(quantile(p.delays, 0.99)), ms(quantile(p.delays, 0.5)-plain), fmt.Sprint(p.lost),
				fmt.Sprintf("%.0f µs", float64(cpu[s.name].Microseconds())/float64(len(p.delays))))
		}
	}
	ours := got[wasm]
	b.report.Target("wazero: median delay, minus ReverseProxy's, ms", float64((quantile(ours.delays, 0.5)-plain).Microseconds())/1000, 0.2, report.AtMost)
	b.report.Target("wazero: p99 of the delay at 500 streams, ms", float64(quantile(ours.delays, 0.99).Microseconds())/1000, 2, report.AtMost)
	return nil
}

// memory measures the memory of an open stream.
func memory(b *bench) error {
	const streams = 1000
	b.report.Title(fmt.Sprintf("Memory of %d open streams", streams), "Resident memory of a new process with the streams open, minus its memory before.")
	b.report.Header("", "per stream", "minus ReverseProxy's")
	plain := 0
	for _, name := range []string{reverse, wasm, native, asking} {
		err := b.fresh(named(name), func(s *system) error {
			l := &load{paced: 6, every: time.Second}
			b.upstream.load.Store(&load{body: []byte(last)})
			if _, err := s.run(len(last), 20, 4); err != nil {
				return err
			}
			before, after := s.memory("VmRSS"), 0
			if _, err := s.runPaced(b.upstream, l, streams, func() {
				time.Sleep(3 * time.Second) // the streams are in their middle
				after = s.memory("VmRSS")
			}); err != nil {
				return err
			}
			each := (after - before) / streams
			if name == reverse {
				plain = each
			}
			b.report.Line(name, fmt.Sprintf("%d KB", each>>10), fmt.Sprintf("%d KB", (each-plain)>>10))
			if name == wasm {
				b.report.Target("wazero: memory per stream, minus ReverseProxy's, KB", float64(each-plain)/1024, 200, report.AtMost)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// leaving measures how soon the upstream is told that a client has disconnected.
func leaving(b *bench) error {
	b.report.Title("A client that disconnects", "From the moment when the client disconnects to the end of the request to the upstream, 30 times.")
	b.report.Header("", "median", "highest")
	for _, name := range []string{reverse, wasm} {
		err := b.fresh(named(name), func(s *system) error {
			var all []time.Duration
			for i := range 30 {
				took, err := s.leave(b.upstream, i)
				if err != nil {
					return err
				}
				all = append(all, took)
			}
			b.report.Line(name, ms(quantile(all, 0.5)), ms(quantile(all, 1)))
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// leave disconnects from a stream, and returns how long it took until the upstream was told.
func (s *system) leave(u *upstream, number int) (time.Duration, error) {
	l := &load{paced: 1_000_000, every: 10 * time.Millisecond}
	u.load.Store(l)
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	resp, err := s.ask(ctx, number)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if _, err := resp.Body.Read(make([]byte, 100)); err != nil {
		return 0, err
	}
	begun := u.now()
	leave()
	for limit := time.Now().Add(timeout); time.Now().Before(limit); time.Sleep(100 * time.Microsecond) {
		if v, ok := l.streams.Load(number); ok {
			if left := v.(*stamps).left.Load(); left > 0 {
				return time.Duration(left - begun), nil
			}
		}
	}
	return 0, fmt.Errorf("%s: the upstream still sends", s.name)
}

// faults measures how long a dead or slow confidence model delays the end of an answer.
func faults(b *bench) error {
	b.report.Title("The end of an answer, with a dead or slow confidence model", "From the upstream's last event to the end of the answer.")
	b.report.Header("", "answers", "median", "highest")
	dead := func(name, address string, skip int) error {
		return b.fresh(&system{name: name, launch: serve("--estimator", address)}, func(s *system) error {
			var p paced
			for i := range skip + 20 {
				q, err := s.runPaced(b.upstream, &load{paced: 20, every: 2 * time.Millisecond}, 1, nil)
				if err != nil {
					return err
				}
				if i >= skip {
					p.add(q)
				}
			}
			b.report.Line(name, fmt.Sprint(len(p.ends)), ms(quantile(p.ends, 0.5)), ms(quantile(p.ends, 1)))
			b.report.Target("wazero: "+name+", median ms at the end", float64(quantile(p.ends, 0.5).Microseconds())/1000, 50, report.AtMost)
			return nil
		})
	}
	if err := dead("a model that refuses connections", "http://127.0.0.1:1/v1", 0); err != nil {
		return err
	}
	if err := dead("a model that hangs, after 3 answers that waited for it", "MODEL/hangs/v1", 3); err != nil {
		return err
	}
	for _, requests := range []int{defaults.ModelRequests, defaults.GatewayRequests} {
		err := b.fresh(&system{name: "slow", launch: serve("--estimator", "MODEL/slow/v1", "--requests", strconv.Itoa(requests))}, func(s *system) error {
			p, err := s.runPaced(b.upstream, &load{paced: 60, every: pacedEvery}, 100, nil)
			if err != nil {
				return err
			}
			name := fmt.Sprintf("a model that takes 200 ms, 100 streams that end at once, --requests %d", requests)
			b.report.Line(name, fmt.Sprint(len(p.ends)), ms(quantile(p.ends, 0.5)), ms(quantile(p.ends, 1)))
			if requests == defaults.GatewayRequests {
				b.report.Target("wazero: "+name+", median ms at the end", float64(quantile(p.ends, 0.5).Microseconds())/1000, 400, report.AtMost)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// open holds 5,000 streams open in 2 GB.
func open(b *bench) error {
	const streams, limit = 5000, 2 << 30
	limited := func(u *upstream) (*exec.Cmd, string, error) {
		os.Setenv("GOMEMLIMIT", "1900MiB")
		defer os.Unsetenv("GOMEMLIMIT")
		return serve()(u)
	}
	return b.fresh(&system{name: wasm, launch: limited}, func(s *system) error {
		p, err := s.runPaced(b.upstream, &load{paced: 12, every: 2 * time.Second}, streams, nil)
		if err != nil {
			return err
		}
		peak := s.memory("VmHWM")
		b.report.Title(fmt.Sprintf("%d open streams", streams), "On wazero, with GOMEMLIMIT=1900MiB; an event every 2 s in each.")
		b.report.Header("", "")
		b.report.Line("events that arrived", fmt.Sprint(len(p.delays)))
		b.report.Line("events lost", fmt.Sprint(p.lost))
		b.report.Line("streams torn", fmt.Sprint(p.torn))
		b.report.Line("highest resident memory", fmt.Sprintf("%d MB", peak>>20))
		b.report.Target("5,000 open streams: lost events and torn streams", float64(p.lost+p.torn), 0, report.AtMost)
		b.report.Target("5,000 open streams: memory, MB", float64(peak>>20), limit>>20, report.AtMost)
		return nil
	})
}

// long is one stream of a million events.
func long(b *bench) error {
	const events = 1_000_000
	b.report.Title("A stream of a million events", "Resident memory of the process while the stream passes.")
	b.report.Header("", "MB/s", "at a tenth", "at the end")
	for _, name := range []string{reverse, wasm, native} {
		err := b.fresh(named(name), func(s *system) error {
			b.upstream.load.Store(&load{many: events})
			ctx, cancel := context.WithTimeout(context.Background(), timeout)
			defer cancel()
			begun := time.Now()
			resp, err := s.ask(ctx, 0)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			buf, n, tenth, end := make([]byte, 256<<10), 0, 0, 0
			for {
				k, err := resp.Body.Read(buf)
				n += k
				if tenth == 0 && n > events*len(small)/10 {
					tenth = s.memory("VmRSS")
				}
				if n > events*len(small)*9/10 {
					end = max(end, s.memory("VmRSS"))
				}
				if err != nil {
					break
				}
			}
			if n < events*len(small) {
				return fmt.Errorf("%d bytes of %d", n, events*len(small))
			}
			b.report.Line(name, fmt.Sprintf("%.0f", float64(n)/time.Since(begun).Seconds()/1e6), fmt.Sprintf("%d MB", tenth>>20), fmt.Sprintf("%d MB", end>>20))
			if name == wasm {
				b.report.Target("a million events: memory at the end / at a tenth", float64(end)/float64(tenth), 1.2, report.AtMost)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
