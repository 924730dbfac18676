package lm

import (
	"math"
	"runtime"
	"sync"
)

// row is one position of one sequence in a step.
type row struct {
	token    int32
	position int
	pages    []*page // of the sequence, this position's among them
	want     bool    // whether its logits are wanted
	owner    int     // for the caller of step
}

// stepper runs steps: the forward pass of a batch of rows. Every worker takes a
// share of the rows through all layers, so the cores meet only where a row needs
// keys and values that another worker may have computed, and not even there if
// all rows are of different sequences.
//
// What comes out for a row depends on its sequence alone, bit for bit: not on
// the other rows, nor on how many workers share them.
type stepper struct {
	m       *Model
	rotate  rotation
	scale   float32 // of the scores: 1/sqrt(HeadDim)
	workers []*worker
	jobs    []chan struct{}
	done    sync.WaitGroup

	// of the step in progress
	rows  []row
	meet  bool
	gate  barrier
	visit func(r *row, logits []float32, w *worker)

	x, norm, qkv, att, gateUp, act []float32
}

// worker is what one share of the rows needs alone.
type worker struct {
	begin, end int
	scores     []float32
	hidden     []float32 // normalized rows whose logits are wanted
	logits     []float32
	wanted     []int
	sampling   scratch
	inverse    [attentionRows]float32
}

const (
	attentionRows = 32 // rows whose scores are in memory at a time
	logitRows     = 32
)

// newStepper makes a stepper for at most maxRows rows a step at positions below
// positions. close ends its goroutines.
func newStepper(m *Model, maxRows, positions int) *stepper {
	c := &m.config
	s := &stepper{m: m, rotate: newRotation(*c, positions), scale: float32(1 / math.Sqrt(float64(c.HeadDim)))}
	s.x, s.norm = make([]float32, maxRows*c.Hidden), make([]float32, maxRows*c.Hidden)
	s.qkv, s.att = make([]float32, maxRows*c.qkvWidth()), make([]float32, maxRows*c.queryWidth())
	s.gateUp, s.act = make([]float32, maxRows*2*c.Intermediate), make([]float32, maxRows*c.Intermediate)
	for i := range runtime.GOMAXPROCS(0) {
		s.workers = append(s.workers, &worker{
			scores: make([]float32, attentionRows*pagesFor(positions)*pageTokens),
			hidden: make([]float32, logitRows*c.Hidden),
			logits: make([]float32, logitRows*m.output.out),
		})
		if i == 0 {
			continue // is the caller of step
		}
		job := make(chan struct{}, 1)
		s.jobs = append(s.jobs, job)
		go func() {
			for range job {
				s.work(s.workers[i])
				s.done.Done()
			}
		}()
	}
	s.gate.init()
	return s
}

func (s *stepper) close() {
	for _, job := range s.jobs {
		close(job)
	}
}

// step writes the keys and values of rows to their pages and calls visit with
// the logits of those that want them, from several goroutines at once. Rows of
// one sequence are in order and side by side; meet says that there are sequences
// with several.
func (s *stepper) step(rows []row, meet bool, visit func(r *row, logits []float32, w *worker)) {
	s.rows, s.meet, s.visit = rows, meet, visit
	n := s.share()
	s.gate.parties = n
	s.done.Add(n - 1)
	for _, job := range s.jobs[:n-1] {
		job <- struct{}{}
	}
	s.work(s.workers[0])
	s.done.Wait()
	s.rows, s.visit = nil, nil
}

// rowCost is the cost of a row's matrix products in that of one position that
// it attends to, about: the products take 2*params operations, a position
// 4*Hidden*Layers.
func (s *stepper) rowCost() int {
	c := &s.m.config
	return max(1, s.m.params/(2*c.queryWidth()*c.Layers))
}

// share cuts the rows into ranges of about equal cost, and returns how many.
func (s *stepper) share() int {
	n, fixed, total := min(len(s.workers), len(s.rows)), s.rowCost(), 0
	for i := range s.rows {
		total += fixed + s.rows[i].position
	}
	at, sum := 0, 0
	for i := range n {
		w := s.workers[i]
		w.begin = at
		for at < len(s.rows)-(n-1-i) && (at == w.begin || sum+(fixed+s.rows[at].position)/2 < total*(i+1)/n) {
			sum += fixed + s.rows[at].position
			at++
		}
		w.end = at
	}
	s.workers[n-1].end = len(s.rows)
	return n
}

// work is a worker's part of a step.
func (s *stepper) work(w *worker) {
	c := &s.m.config
	for r := w.begin; r < w.end; r++ {
		token := int(s.rows[r].token)
		copy(s.x[r*c.Hidden:(r+1)*c.Hidden], s.m.embedding[token*c.Hidden:(token+1)*c.Hidden])
	}
	begin, end := w.begin, w.end
	for i := range s.m.layers {
		l := &s.m.layers[i]
		s.project(l, i, begin, end)
		if s.meet {
			s.gate.wait()
		}
		if i == len(s.m.layers)-1 { // what nobody wants the logits of needs no more
			for begin < end && !s.rows[begin].want {
				begin++
			}
			for begin < end && !s.rows[end-1].want {
				end--
			}
		}
		for r := begin; r < end; r += attentionRows {
			s.attend(w, i, r, min(r+attentionRows, end))
		}
		s.transform(l, begin, end)
	}
	s.logits(w, begin, end)
}

// project makes the queries, and writes the keys and values to the pages.
func (s *stepper) project(l *layer, index, begin, end int) {
	if begin == end {
		return
	}
	c := &s.m.config
	s.normalizeRows(l.attentionNorm, begin, end)
	width, kv := c.qkvWidth(), c.kvWidth()
	l.qkv.mul(end-begin, s.norm[begin*c.Hidden:], c.Hidden, s.qkv[begin*width:], width, false)
	for r := begin; r < end; r++ {
		at := &s.rows[r]
		all := s.qkv[r*width : (r+1)*width]
		for h := range c.Heads {
			s.rotate.turn(all[h*c.HeadDim:(h+1)*c.HeadDim], at.position, s.scale)
		}
		keys := all[c.queryWidth():]
		for h := range c.KVHeads {
			s.rotate.turn(keys[h*c.HeadDim:(h+1)*c.HeadDim], at.position, 1)
		}
		data := at.pages[at.position/pageTokens].data[index*2*kv*pageTokens:]
		slot := at.position % pageTokens
		for i, f := range all[c.queryWidth():] { // the keys, then the values
			data[i*pageTokens+slot] = f
		}
	}
}

func (s *stepper) normalizeRows(weight []float32, begin, end int) {
	h := s.m.config.Hidden
	for r := begin; r < end; r++ {
		normalize(s.norm[r*h:(r+1)*h], s.x[r*h:(r+1)*h], weight, float32(s.m.config.NormEps))
	}
}

// transform adds the attention's output to the residual stream, and then the
// MLP's.
func (s *stepper) transform(l *layer, begin, end int) {
	n := end - begin
	if n == 0 {
		return
	}
	c := &s.m.config
	x, norm := s.x[begin*c.Hidden:], s.norm[begin*c.Hidden:]
	l.attentionOut.mul(n, s.att[begin*c.queryWidth():], c.queryWidth(), x, c.Hidden, true)
	s.normalizeRows(l.mlpNorm, begin, end)
	f := c.Intermediate
	l.gateUp.mul(n, norm, c.Hidden, s.gateUp[begin*2*f:], 2*f, false)
	for r := begin; r < end; r++ {
		both := s.gateUp[r*2*f : (r+1)*2*f]
		gate(s.act[r*f:(r+1)*f], both[:f], both[f:])
	}
	l.down.mul(n, s.act[begin*f:], f, x, c.Hidden, true)
}

// logits hands out the logits that are wanted.
func (s *stepper) logits(w *worker, begin, end int) {
	c, out := &s.m.config, s.m.output.out
	for begin < end {
		w.wanted = w.wanted[:0]
		for ; begin < end && len(w.wanted) < logitRows; begin++ {
			if s.rows[begin].want {
				i := len(w.wanted)
				normalize(w.hidden[i*c.Hidden:(i+1)*c.Hidden], s.x[begin*c.Hidden:(begin+1)*c.Hidden], s.m.norm, float32(c.NormEps))
				w.wanted = append(w.wanted, begin)
			}
		}
		s.m.output.mul(len(w.wanted), w.hidden, c.Hidden, w.logits, out, false)
		for i, r := range w.wanted {
			s.visit(&s.rows[r], w.logits[i*out:(i+1)*out], w)
		}
	}
}

// barrier lets several goroutines wait for one another, again and again.
type barrier struct {
	parties, waiting, round int
	mu                      sync.Mutex
	all                     *sync.Cond
}

func (b *barrier) init() { b.all = sync.NewCond(&b.mu) }

func (b *barrier) wait() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting++; b.waiting == b.parties {
		b.waiting = 0
		b.round++
		b.all.Broadcast()
		return
	}
	for round := b.round; round == b.round; {
		b.all.Wait()
	}
}
