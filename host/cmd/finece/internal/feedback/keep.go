package feedback

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/session"
)

// answer is an answer to be kept.
type answer struct {
	client, own, id, generator, scorer string

	ended     int64
	positions []place
}

// place is a position with its last confidence.
type place struct {
	choice, index             int
	kinds                     position.Kind
	segment                   position.Segment
	token                     int64
	raw                       sql.NullFloat64
	fused                     float64
	calibrated                bool
	estimator, method, model_ string
	map_, band                string
}

// mostPlaces is the most positions of a choice that are stored: the first ones, and p(z).
const mostPlaces = 256

// Keep is a [gateway.Observer] that stores the confidences of an answer. If the disk is slower
// than the answers, some answers are left out, and Keep reports that.
func (s *Store) Keep(_ context.Context, x *gateway.Exchange) {
	a := &answer{client: x.Client, own: x.Own, id: x.ID, generator: x.Generator, scorer: x.Scorer, ended: s.config.now().UnixMilli()}
	if x.Own == "" {
		return
	}
	for i := range x.Answers {
		a.take(&x.Answers[i])
	}
	if len(a.positions) == 0 {
		return
	}
	select {
	case s.waiting <- a:
	default:
		s.dropped.note(s.config.Report)
	}
}

func (a *answer) take(of *gateway.Answer) {
	first := len(a.positions)
	for i := range of.Places {
		c := &of.Places[i]
		if !c.HasValue() || c.State == session.Pending || len(a.positions)-first >= mostPlaces && c.Kinds&position.End == 0 {
			continue
		}
		a.positions = append(a.positions, place{
			choice: c.Choice, index: c.Index, kinds: c.Kinds, segment: c.Segment, token: c.Token,
			raw: sql.NullFloat64{Float64: c.Raw, Valid: !math.IsNaN(c.Raw)}, fused: c.Fused, calibrated: c.Calibrated,
			estimator: c.Source.Estimator, method: cmp.Or(c.Source.Method, c.Source.Basis), model_: c.Source.Model,
			map_: c.Source.Map, band: c.Source.Band,
		})
	}
}

// dropped counts answers that were not kept, and reports that once a minute at most.
type dropped struct {
	mu   sync.Mutex
	n    int
	last time.Time
}

func (d *dropped) note(report func(string, error)) {
	d.mu.Lock()
	d.n++
	n := d.n
	due := time.Since(d.last) >= time.Minute
	if due {
		d.n, d.last = 0, time.Now()
	}
	d.mu.Unlock()
	if due {
		report("feedback", fmt.Errorf("answers end faster than the database stores them; %d answers were not stored, so they cannot be labelled", n))
	}
}

// kept lets goroutines wait until further answers are written.
type kept struct {
	mu   sync.Mutex
	next chan struct{}
}

// wait returns a channel that is closed when further answers are written.
func (k *kept) wait() <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.next == nil {
		k.next = make(chan struct{})
	}
	return k.next
}

func (k *kept) tell() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.next != nil {
		close(k.next)
		k.next = nil
	}
}

const (
	// batch is how many answers are written at once.
	batch = 256
	// pause lets answers collect into a batch.
	pause = 50 * time.Millisecond
	// pruneEvery is how often old answers are deleted.
	pruneEvery = time.Minute
)

// write writes waiting answers until the store is closed.
func (s *Store) write() {
	defer close(s.stopped)
	prune := time.NewTicker(pruneEvery)
	defer prune.Stop()
	for {
		select {
		case <-s.stop:
			s.drain(nil)
			return
		case done := <-s.flushes:
			s.drain(nil)
			close(done)
		case a := <-s.waiting:
			select {
			case <-time.After(pause):
			case <-s.stop:
			case done := <-s.flushes:
				s.drain(a)
				close(done)
				continue
			}
			s.drain(a)
		case <-prune.C:
			if err := s.prune(context.Background()); err != nil {
				s.config.Report("feedback: deleting old answers", err)
			}
		}
	}
}

// drain writes first, and then all waiting answers.
func (s *Store) drain(first *answer) {
	var all []*answer
	if first != nil {
		all = append(all, first)
	}
	for {
		select {
		case a := <-s.waiting:
			if all = append(all, a); len(all) < batch {
				continue
			}
		default:
			if len(all) == 0 {
				return
			}
		}
		if err := s.insert(context.Background(), all); err != nil {
			s.config.Report(fmt.Sprintf("feedback: %d answers were not kept", len(all)), err)
		}
		all = all[:0]
		s.kept.tell()
	}
}

// flush returns when all waiting answers are written.
func (s *Store) flush(ctx context.Context) error {
	done := make(chan struct{})
	select {
	case s.flushes <- done:
	case <-s.stopped:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errClosed = errors.New("feedback: the database is closed")

// insert writes answers in one transaction.
func (s *Store) insert(ctx context.Context, all []*answer) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		answers, err := tx.PrepareContext(ctx, "INSERT INTO answers (client, own, id, generator, scorer, ended) VALUES (?, ?, ?, ?, ?, ?)")
		if err != nil {
			return err
		}
		defer answers.Close()
		places, err := tx.PrepareContext(ctx, `INSERT INTO positions (answer, choice, place, kinds, segment, token, raw, fused, calibrated, estimator, method, model, map, band)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
		if err != nil {
			return err
		}
		defer places.Close()
		for _, a := range all {
			made, err := answers.ExecContext(ctx, a.client, a.own, a.id, a.generator, a.scorer, a.ended)
			if err != nil {
				return err
			}
			n, err := made.LastInsertId()
			if err != nil {
				return err
			}
			for i := range a.positions {
				p := &a.positions[i]
				if _, err := places.ExecContext(ctx, n, p.choice, p.index, int(p.kinds), int(p.segment), p.token, p.raw, p.fused, p.calibrated, p.estimator, p.method, p.model_, p.map_, p.band); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// change makes changes in one transaction.
func (s *Store) change(ctx context.Context, f func(tx *sql.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
