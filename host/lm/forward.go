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
	pages    []*page // pages of the sequence; they include the one of this position
	want     bool    // the logits are wanted
	owner    int     // free for the caller of step
}

// stepper runs steps. A step is the forward pass of a batch of rows. Every worker takes a
// share of the rows through all layers. Workers wait for each other only if a row may need
// keys and values that another worker computes: if all rows are of different sequences,
// they never wait.
//
// The output of a row depends only on its sequence, in every bit: not on the other rows,
// and not on the number of workers.
type stepper struct {
	m       *Model
	rotate  rotation
	scale   float32 // of the scores: 1/sqrt(HeadDim)
	workers []*worker
	jobs    []chan struct{}
	done    sync.WaitGroup

	// of the current step
	rows  []row
	meet  bool // workers wait for each other in each layer
	gate  barrier
	visit func(r *row, logits []float32, w *worker)

	x, norm, qkv, att, gateUp, act []float32
}

// worker has the memory that one share of the rows needs.
type worker struct {
	begin, end int
	scores     []float32
	hidden     []float32 // normalized hidden states of the rows in wanted
	logits     []float32
	wanted     []int // rows whose logits are wanted, at most logitRows at a time
	sampling   scratch
	inverse    [attentionRows]float32
}

const (
	attentionRows = 32 // rows whose scores are in memory at the same time
	logitRows     = 32 // rows whose logits are in memory at the same time
)

// newStepper returns a stepper for steps of at most maxRows rows. positions is the number
// of positions of a sequence. close ends the stepper's goroutines.
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
			continue // the caller of step runs the first worker
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

// step writes the keys and values of rows to their pages. It calls visit with the logits of
// the rows that want them, from several goroutines at once. Rows of one sequence must be in
// order and next to each other. meet says that some sequence has several rows.
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

// rowCost returns about how many attended positions cost as much as a row's matrix
// products. The products take 2*params operations, a position 4*queryWidth*Layers.
func (s *stepper) rowCost() int {
	c := &s.m.config
	return max(1, s.m.params/(2*c.queryWidth()*c.Layers))
}

// share divides the rows into ranges of about equal cost, and returns their number.
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
		if i == len(s.m.layers)-1 { // rows at the ends whose logits are not wanted are done
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

// project computes the queries, and writes the keys and values to the pages.
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

// transform adds the output of the attention to the residual stream, and then that of the
// MLP.
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

// logits calls visit with the logits that are wanted.
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

// barrier lets several goroutines wait until all of them have arrived. It can be used again.
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
