package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// timeout ends a lap that hangs.
const timeout = 5 * time.Minute

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 10_000, DisableCompression: true}}

// ask asks a system for an answer, as the number-th stream.
func (s *system) ask(ctx context.Context, number int) (*http.Response, error) {
	body := fmt.Sprintf(`{"model":"demo","messages":[{"role":"user","content":"This is stream %d. How many loaves?"}],"stream":true,"logprobs":true,"top_logprobs":5}`, number)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+chatPath, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer none")
	for name, value := range s.header {
		r.Header.Set(name, value)
	}
	resp, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		resp.Body.Close()
		return nil, fmt.Errorf("%s: HTTP %d %s", s.name, resp.StatusCode, text)
	}
	return resp, nil
}

// lap is the cost of a number of whole answers.
type lap struct {
	wall, cpu time.Duration
	bytes     int64 // that the upstream sent
	streams   int
}

func (l *lap) add(m lap) {
	l.wall += m.wall
	l.cpu += m.cpu
	l.bytes += m.bytes
	l.streams += m.streams
}

func (l *lap) rate() float64      { return float64(l.bytes) / l.wall.Seconds() / 1e6 }
func (l *lap) perStream() float64 { return float64(l.cpu.Microseconds()) / float64(l.streams) / 1000 }

// run reads n answers of a load, some at once.
func (s *system) run(size, n, atOnce int) (lap, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var group sync.WaitGroup
	var mu sync.Mutex
	var failure error
	client.CloseIdleConnections() // Node closes them after 5 s, which would race with a request
	next := make(chan int)
	cpu, begun := s.cpu(), time.Now()
	for range atOnce {
		group.Go(func() {
			for i := range next {
				if err := s.whole(ctx, i, size); err != nil {
					mu.Lock()
					failure = err
					mu.Unlock()
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	group.Wait()
	return lap{wall: time.Since(begun), cpu: s.cpu() - cpu, bytes: int64(size) * int64(n), streams: n}, failure
}

// whole reads one answer and checks that it ends.
func (s *system) whole(ctx context.Context, number, size int) error {
	resp, err := s.ask(ctx, number)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	buf := make([]byte, 64<<10)
	end, n := "", 0
	for {
		k, err := resp.Body.Read(buf)
		n += k
		end = (end + string(buf[:k]))[max(0, len(end)+k-100):]
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	if !strings.Contains(end, "[DONE]") {
		return fmt.Errorf("%s: %d bytes of %d, which end with %q", s.name, n, size, end)
	}
	return nil
}

// paced is the outcome of the events of paced streams.
type paced struct {
	delays []time.Duration // of each event, from its writing to its arrival
	ends   []time.Duration // of each stream, from the last event's writing to the end of the answer
	lost   int             // events
	torn   int             // streams
}

func (p *paced) add(q paced) {
	p.delays, p.ends = append(p.delays, q.delays...), append(p.ends, q.ends...)
	p.lost += q.lost
	p.torn += q.torn
}

func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000) }

// runPaced opens streams and reads them to their ends. during is called when all are open.
func (s *system) runPaced(u *upstream, l *load, streams int, during func()) (paced, error) {
	u.load.Store(l)
	client.CloseIdleConnections() // Node closes them after 5 s, which would race with a request
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var group, open sync.WaitGroup
	var mu sync.Mutex
	var all paced
	var failure error
	open.Add(streams)
	gate := make(chan struct{}, 200) // connections that are opened at once
	for i := range streams {
		group.Go(func() {
			gate <- struct{}{}
			resp, err := s.ask(ctx, i)
			<-gate
			open.Done()
			if err == nil {
				p := u.follow(resp.Body, l, i)
				resp.Body.Close()
				mu.Lock()
				all.add(p)
				mu.Unlock()
				return
			}
			mu.Lock()
			failure = err
			mu.Unlock()
		})
	}
	open.Wait()
	if during != nil {
		during()
	}
	group.Wait()
	return all, failure
}

// follow reads a paced stream.
func (u *upstream) follow(body io.Reader, l *load, number int) (p paced) {
	came := make([]int64, l.paced)
	buf := make([]byte, 32<<10)
	rest, ended := 0, false
	for {
		n, err := body.Read(buf[rest:])
		now := u.now()
		text := buf[:rest+n]
		for _, m := range mark.FindAllSubmatchIndex(text, -1) {
			if i, _ := strconv.Atoi(string(text[m[2]:m[3]])); i < len(came) && came[i] == 0 {
				came[i] = now
			}
		}
		ended = ended || strings.Contains(string(text), "[DONE]")
		keep := min(len(text), 16) // a mark may be cut
		rest = copy(buf, text[len(text)-keep:])
		if err != nil {
			v, ok := l.streams.Load(number)
			if !ok {
				p.torn++
				return p
			}
			s := v.(*stamps)
			for i, at := range came {
				if at == 0 {
					p.lost++
					continue
				}
				p.delays = append(p.delays, time.Duration(at-s.written[i].Load()))
			}
			if err != io.EOF || !ended {
				p.torn++
			} else {
				p.ends = append(p.ends, time.Duration(now-s.ended.Load()))
			}
			return p
		}
	}
}
