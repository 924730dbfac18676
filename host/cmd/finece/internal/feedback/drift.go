package feedback

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/cmd/finece/internal/feedback/figures"
	drifts "github.com/finece/finece/metrics/calibrate/drift"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/calibration"
)

// Scorer returns an identifier of a calibration: the estimator, the model, the map and the card.
// Another map has another identifier, and so a new test.
func Scorer(c *host.Config) string {
	h := sha256.New()
	fmt.Fprintf(h, "%v\n%v\n%s\n%v\n%v\n", c.Estimator, c.Method, c.Model.Name, c.Model.Adapter, c.Fusion)
	if c.Trajectory != nil {
		h.Write(calibration.AppendTrajectory(nil, c.Trajectory, nil))
	}
	if c.Calibration != nil {
		h.Write(calibration.Append(nil, c.Calibration, nil))
	}
	if c.Card != nil {
		h.Write(calibration.AppendCard(nil, c.Card))
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// drift is the tests of the calibrations in use.
type drift struct {
	mu    sync.RWMutex
	tests map[string]*drifts.Test // by scorer; a test is not changed, but replaced
}

// Use sets the calibrations in use, by [Scorer]. It replaces those of an earlier call.
func (s *Store) Use(ctx context.Context, scorers []string) error {
	tests := map[string]*drifts.Test{}
	for _, scorer := range scorers {
		t, err := state(ctx, s.db, scorer)
		if err != nil {
			return err
		}
		tests[scorer] = t
	}
	s.drift.mu.Lock()
	defer s.drift.mu.Unlock()
	s.drift.tests = tests
	return nil
}

// state returns the state of a test, or a new one.
func state(ctx context.Context, q querier, scorer string) (*drifts.Test, error) {
	var data []byte
	err := q.QueryRowContext(ctx, "SELECT state FROM drifts WHERE scorer = ?", scorer).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return new(drifts.Test), nil
	}
	if err != nil {
		return nil, err
	}
	t, err := drifts.ParseTest(data)
	if errors.Is(err, drifts.ErrFormat) {
		return new(drifts.Test), nil // the state is of another version, so the test starts again
	}
	return t, err
}

// test adds the first label of an answer to the test of the answer's scorer, and returns the
// test.
func (s *Store) test(ctx context.Context, tx *sql.Tx, answer int64, choice int, scorer string, correct bool) (*drifts.Test, error) {
	var headline float64
	var calibrated bool
	// The headline of the whole answer, see follow.Answer: p(z), which is kept if it has a value.
	err := tx.QueryRowContext(ctx, "SELECT fused, calibrated FROM positions WHERE answer = ? AND choice = ? AND kinds & ? != 0", answer, choice, int(position.End)).Scan(&headline, &calibrated)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !calibrated {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	t, err := state(ctx, tx, scorer)
	if err != nil {
		return nil, err
	}
	if !t.Add(headline, correct) {
		return nil, nil
	}
	data, err := t.AppendBinary(nil)
	if err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO drifts (scorer, state) VALUES (?, ?) ON CONFLICT DO UPDATE SET state = excluded.state", scorer, data); err != nil {
		return nil, err
	}
	return t, nil
}

// tested takes the state of a test after it was written. Labels may be written at the same time,
// so an older state can come after a newer one.
func (s *Store) tested(scorer string, t *drifts.Test) {
	s.drift.mu.Lock()
	before := s.drift.tests[scorer]
	newer := before != nil && before.N() < t.N()
	if newer {
		s.drift.tests[scorer] = t
	}
	s.drift.mu.Unlock()
	if newer && t.Alarm(s.config.DriftRate) && !before.Alarm(s.config.DriftRate) {
		s.config.Report("the calibration has drifted", fmt.Errorf("after %d labels the evidence against it is %.3g: %s; fit a new map with finece calibrate --from %s", t.N(), t.Evidence(), t.Leaning().Says(), s.config.Path))
	}
}

// Drifted reports whether labels contradict a calibration in use.
func (s *Store) Drifted(scorer string) bool {
	s.drift.mu.RLock()
	defer s.drift.mu.RUnlock()
	t := s.drift.tests[scorer]
	return t != nil && t.Alarm(s.config.DriftRate)
}

// Drift returns the tests of the calibrations in use, in the order of their scorers.
func (s *Store) Drift() []figures.Drift {
	s.drift.mu.RLock()
	defer s.drift.mu.RUnlock()
	var all []figures.Drift
	for _, scorer := range slices.Sorted(maps.Keys(s.drift.tests)) {
		all = append(all, s.describe(scorer, true, s.drift.tests[scorer]))
	}
	return all
}

func (s *Store) describe(scorer string, current bool, t *drifts.Test) figures.Drift {
	return figures.Drift{
		Scorer: scorer, Current: current, N: t.N(), Evidence: figures.Number(t.Evidence()), Peak: figures.Number(t.Peak()),
		Alarm: t.Alarm(s.config.DriftRate), Rate: figures.Number(s.config.DriftRate), Leaning: string(t.Leaning()),
	}
}
