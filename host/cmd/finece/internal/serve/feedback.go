package serve

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/feedback"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/contract"
)

// feedbackFlags are the settings of the store of labels.
type feedbackFlags struct {
	path      string
	retention time.Duration
	max       int64
	driftRate float64
	onDrift   string
}

func (f *feedbackFlags) add(cmd *cobra.Command) {
	settings.Add(cmd, contract.FeedbackDB, &f.path)
	settings.Add(cmd, contract.FeedbackRetention, &f.retention)
	settings.Add(cmd, contract.FeedbackMax, &f.max)
	settings.Add(cmd, contract.DriftRate, &f.driftRate)
	settings.Add(cmd, contract.OnDrift, &f.onDrift)
	_ = cmd.MarkFlagFilename(contract.FeedbackDB.Flag())
}

// check returns an error for a setting that is out of its range.
func (f *feedbackFlags) check() error {
	switch {
	case f.retention < 0:
		return exit.Usagef("--%s %v: want at least 0", contract.FeedbackRetention.Flag(), f.retention)
	case f.max < int64(contract.FeedbackMax.Low):
		return exit.Usagef("--%s %d: want at least %.0f", contract.FeedbackMax.Flag(), f.max, contract.FeedbackMax.Low)
	case !(f.driftRate >= 0 && f.driftRate <= contract.DriftRate.High):
		return exit.Usagef("--%s %v: want %s", contract.DriftRate.Flag(), f.driftRate, contract.DriftRate.Range())
	}
	if err := contract.OnDrift.Check(f.onDrift); err != nil {
		return exit.Usagef("--%s %q: %w", contract.OnDrift.Flag(), f.onDrift, err)
	}
	return nil
}

// labels opens the store of labels, or returns nil without --feedback-db.
func (f *flags) labels(ctx context.Context, o *operations) (*feedback.Store, error) {
	if f.feedback.path == "" {
		return nil, nil
	}
	s, err := feedback.Open(ctx, feedback.Config{
		Path: f.feedback.path, Retention: f.feedback.retention, Max: f.feedback.max, DriftRate: f.feedback.driftRate, Report: o.log.Report,
	})
	if err != nil {
		return nil, exit.Errorf(exit.IO, "--%s: %w", contract.FeedbackDB.Flag(), err)
	}
	if f.feedback.driftRate > 0 {
		o.metrics.Drift(s.Drift)
	}
	return s, nil
}

// labelled connects the gateway to the store, so that its answers can be labelled.
func (f *flags) labelled(g *gateway.Config, s *feedback.Store) {
	if s == nil {
		return
	}
	g.Name = rand.Text
	if f.feedback.onDrift == "uncalibrate" {
		g.Drifted = s.Drifted
	}
}

// useLabels tells the store which calibrations are in use.
func (f *flags) useLabels(s *feedback.Store) error {
	if s == nil {
		return nil
	}
	scorers := []string{f.gateway.Scorer}
	for i := range f.gateway.Routes {
		scorers = append(scorers, f.gateway.Routes[i].Scorer)
	}
	if err := s.Use(context.Background(), scorers); err != nil {
		return exit.Errorf(exit.IO, "--%s: %w", contract.FeedbackDB.Flag(), err)
	}
	return nil
}

// labelHandler serves the store to the gateway's clients. It is nil without a store.
func (f *flags) labelHandler(s *feedback.Store, access gateway.Access) http.Handler {
	if s == nil {
		return nil
	}
	h := &feedback.Handler{Store: s, Wait: feedback.DefaultWait, Scope: func(r *http.Request) feedback.Scope {
		client := gateway.ClientOf(r.Context())
		return feedback.Scope{Everyone: client == "" || client == pageClient, Client: client}
	}}
	return f.gateway.Bound(access.GuardAPI(h))
}

// everyones serves the figures of all clients, on an address for operators.
func everyones(s *feedback.Store) http.Handler {
	return &feedback.Handler{Store: s, Scope: func(*http.Request) feedback.Scope { return feedback.Scope{Everyone: true} }}
}
