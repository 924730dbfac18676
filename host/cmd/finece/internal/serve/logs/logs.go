// Package logs writes the log of finece serve: one line about each answer, and errors. No line
// contains the text of a question or an answer, or a key.
package logs

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/guardrail"
	"github.com/finece/finece/host/model"
)

// Log is the log of one server.
type Log struct {
	*slog.Logger
	answers bool
}

// New makes a log in a format of the setting "log". With "off", only errors are logged, as text.
func New(w io.Writer, format string) Log {
	if format == "json" {
		return Log{slog.New(slog.NewJSONHandler(w, nil)), true}
	}
	return Log{slog.New(slog.NewTextHandler(w, nil)), format != "off"}
}

// Report logs an error. It leaves out the text of the confidence model's server, which may
// repeat the question or the answer.
func (l Log) Report(message string, err error) {
	var failed *model.Error
	if errors.As(err, &failed) && failed.Status != 0 {
		l.Warn(message, "err", &model.Error{Reason: failed.Reason, URL: failed.URL, Status: failed.Status, Hint: failed.Hint})
		return
	}
	l.Warn(message, "err", err)
}

// Guardrail logs the decision about a text from LiteLLM.
func (l Log) Guardrail(v guardrail.Verdict) {
	if !l.answers {
		return
	}
	action := "pass"
	if v.Blocked {
		action = "block"
	}
	attrs := []any{"action", action, "client", v.Client}
	if v.Reason != "" {
		attrs = append(attrs, "reason", v.Reason)
	}
	if v.Reason == "" || v.Reason == "low" {
		attrs = append(attrs, "confidence", v.Confidence)
	}
	l.Info("guardrail", attrs...)
}

// Answer is a [gateway.Observer] that logs one line. Absent values have no key in the line.
func (l Log) Answer(ctx context.Context, x *gateway.Exchange) {
	if !l.answers {
		return
	}
	level := slog.LevelInfo
	if x.Fate == gateway.Broken || x.Status >= 500 {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{slog.String("route", x.Route), slog.Int("status", x.Status), slog.String("fate", string(x.Fate))}
	for _, a := range []struct{ key, value string }{
		{"checked", x.Checked}, {"reason", x.Reason}, {"error", x.Code}, {"policy", string(x.Policy)},
		{"client", x.Client}, {"id", x.ID}, {"model", x.Asked}, {"generator", x.Generator},
	} {
		if a.value != "" {
			attrs = append(attrs, slog.String(a.key, a.value))
		}
	}
	if len(x.Answers) > 0 {
		if c := &x.Answers[0].Headline; c.HasValue() {
			attrs = append(attrs, slog.Float64("confidence", c.Fused), slog.Bool("calibrated", c.Calibrated), slog.String("estimator", c.Source.Estimator))
		}
	}
	if len(x.Answers) > 1 {
		attrs = append(attrs, slog.Int("choices", len(x.Answers))) // the confidence is the first one's
	}
	for _, d := range x.Decisions {
		attrs = append(attrs, slog.String("decision", d.Action), slog.String("because", d.Reason))
		break // of several choices the first one
	}
	for _, a := range []struct {
		key   string
		value time.Duration
	}{{"upstream_ms", x.Upstream}, {"header_ms", x.Header}, {"end_wait_ms", x.Settled}, {"held_ms", x.Held}, {"total_ms", x.Total}} {
		attrs = append(attrs, slog.Float64(a.key, float64(a.value.Microseconds())/1000))
	}
	for _, a := range []struct {
		key   string
		value int64
	}{{"model_calls", int64(x.ModelCalls)}, {"model_errors", int64(x.ModelErrors)}, {"model_tokens", x.ModelTokens}, {"rollout_tokens", x.RolloutTokens}, {"logprob_bytes", x.LogprobBytes}, {"events", int64(x.Events)}, {"read_bytes", x.Read}, {"sent_bytes", x.Sent}} {
		if a.value > 0 {
			attrs = append(attrs, slog.Int64(a.key, a.value))
		}
	}
	l.LogAttrs(ctx, level, "answer", attrs...)
}
