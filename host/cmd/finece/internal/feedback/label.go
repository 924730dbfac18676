package feedback

import (
	"context"
	"database/sql"
	"errors"
	"time"

	drifts "github.com/finece/finece/metrics/calibrate/drift"
)

// Label is what a client says about an answer.
type Label struct {
	ID      string // the gateway's or the upstream's id of the answer
	Choice  int    // the number of the choice, from 0
	Correct bool
	Note    string
}

// ErrNotFound is the error of an id that no answer of the client has, or of a choice
// without a confidence.
var ErrNotFound = errors.New("feedback: not found")

// Put stores a label. It replaces an earlier label of the same choice, so a client may repeat a request.
func (s *Store) Put(ctx context.Context, client string, l Label) error {
	if err := s.flush(ctx); err != nil {
		return err
	}
	var tested *drifts.Test // nil if the label is not tested
	var scorer string
	err := s.change(ctx, func(tx *sql.Tx) error {
		var n int64
		var err error
		if n, scorer, err = find(ctx, tx, client, l.ID); err != nil {
			return err
		}
		var places, labels int
		err = tx.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM positions WHERE answer = ?1 AND choice = ?2), (SELECT count(*) FROM labels WHERE answer = ?1)", n, l.Choice).Scan(&places, &labels)
		if err != nil {
			return err
		}
		if places == 0 {
			return ErrNotFound
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO labels (answer, choice, correct, note, labelled) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET correct = excluded.correct, note = excluded.note`, n, l.Choice, l.Correct, l.Note, s.config.now().UnixMilli())
		if err != nil || labels > 0 {
			return err
		}
		tested, err = s.test(ctx, tx, n, l.Choice, scorer, l.Correct)
		return err
	})
	if err == nil && tested != nil {
		s.tested(scorer, tested)
	}
	return err
}

// find returns the number of a client's answer, and its scorer. The upstream's ids need not be
// unique; of several answers, find returns the newest.
func find(ctx context.Context, q querier, client, id string) (n int64, scorer string, err error) {
	if id == "" {
		return 0, "", ErrNotFound
	}
	err = q.QueryRowContext(ctx, "SELECT n, scorer FROM answers WHERE client = ?1 AND (own = ?2 OR id = ?2) ORDER BY own = ?2 DESC, n DESC LIMIT 1", client, id).Scan(&n, &scorer)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return n, scorer, err
}

// PutSoon is Put for an answer that may be ending: the client may have its last bytes before the
// store has the answer. It waits up to limit for the answer.
func (s *Store) PutSoon(ctx context.Context, client string, l Label, limit time.Duration) error {
	over := time.NewTimer(limit)
	defer over.Stop()
	for {
		next := s.kept.wait()
		err := s.Put(ctx, client, l)
		if !errors.Is(err, ErrNotFound) || limit == 0 {
			return err
		}
		select {
		case <-next:
		case <-over.C:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Forget deletes an answer, with its confidences and labels.
func (s *Store) Forget(ctx context.Context, client, id string) error {
	if err := s.flush(ctx); err != nil {
		return err
	}
	err := s.change(ctx, func(tx *sql.Tx) error {
		n, _, err := find(ctx, tx, client, id)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM answers WHERE n = ?", n)
		return err
	})
	if err != nil {
		return err
	}
	// The deleted rows are still in the write-ahead log.
	_, err = s.db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}
