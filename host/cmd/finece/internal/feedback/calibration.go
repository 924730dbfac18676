package feedback

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/finece/finece/host/cmd/finece/internal/feedback/figures"
	drifts "github.com/finece/finece/metrics/calibrate/drift"
	"github.com/finece/finece/position"
)

// Scope says whose answers a figure covers.
type Scope struct {
	Everyone bool
	Client   string // if not Everyone
}

// Calibration measures the confidences of labelled answers. Only the scope of everyone has the
// tests of drift, which cover all clients together.
func (s *Store) Calibration(ctx context.Context, scope Scope) (*figures.Reply, error) {
	if err := s.flush(ctx); err != nil {
		return nil, err
	}
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // a snapshot of the database
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }()
	set := figures.Set{}
	err = tx.QueryRowContext(ctx, `SELECT count(*), coalesce(sum((SELECT count(*) FROM labels WHERE answer = n)), 0) FROM answers WHERE ?1 OR client = ?2`,
		scope.Everyone, scope.Client).Scan(&set.Answers, &set.Labels)
	if err != nil {
		return nil, err
	}
	err = eachLabelled(ctx, tx, scope, func(p *place, l *labelled) error {
		set.Add(figures.Key{
			Kinds: p.kinds.String(), Estimator: p.estimator, Method: p.method, Model: p.model_, Map: p.map_, Band: p.band, Calibrated: p.calibrated,
		}, p.fused, l.correct)
		return nil
	})
	if err != nil {
		return nil, err
	}
	reply, err := set.Reply()
	if err != nil || !scope.Everyone {
		return reply, err
	}
	reply.Drift, err = s.drifts(ctx, tx)
	return reply, err
}

// labelled is the answer that a position belongs to, with its label.
type labelled struct {
	answer    int64
	generator string
	correct   bool
}

// eachLabelled visits the positions of answers' texts that have a label, answer by answer.
func eachLabelled(ctx context.Context, q querier, scope Scope, visit func(*place, *labelled) error) error {
	rows, err := q.QueryContext(ctx, `SELECT l.answer, a.generator, l.correct, p.choice, p.place, p.kinds, p.token, p.raw, p.fused, p.calibrated, p.estimator, p.method, p.model, p.map, p.band
		FROM labels l JOIN answers a ON a.n = l.answer JOIN positions p ON p.answer = l.answer AND p.choice = l.choice
		WHERE (?1 OR a.client = ?2) AND p.segment = ?3 ORDER BY l.answer, l.choice, p.place`, scope.Everyone, scope.Client, int(position.Answer))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p place
		var l labelled
		var kinds int
		if err := rows.Scan(&l.answer, &l.generator, &l.correct, &p.choice, &p.index, &kinds, &p.token, &p.raw, &p.fused, &p.calibrated, &p.estimator, &p.method, &p.model_, &p.map_, &p.band); err != nil {
			return err
		}
		p.kinds = position.Kind(kinds)
		if err := visit(&p, &l); err != nil {
			return err
		}
	}
	return rows.Err()
}

// drifts returns every test, those of the calibrations in use first.
func (s *Store) drifts(ctx context.Context, q querier) (all []figures.Drift, err error) {
	if s.config.DriftRate == 0 {
		return nil, nil
	}
	all = s.Drift()
	rows, err := q.QueryContext(ctx, "SELECT scorer, state FROM drifts ORDER BY scorer")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var scorer string
		var data []byte
		if err := rows.Scan(&scorer, &data); err != nil {
			return nil, err
		}
		t, err := drifts.ParseTest(data)
		if errors.Is(err, drifts.ErrFormat) || slices.ContainsFunc(all, func(d figures.Drift) bool { return d.Scorer == scorer }) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, s.describe(scorer, false, t))
	}
	return all, rows.Err()
}
