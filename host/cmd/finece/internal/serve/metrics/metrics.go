// Package metrics is the Prometheus metrics of finece serve. No label contains the text of a
// question or an answer, a key, a path or the name of a model: the values of labels are words of
// the gateway, or the names in the file of client keys.
package metrics

import (
	"context"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/finece/finece/host/cmd/finece/internal/feedback/figures"
	"github.com/finece/finece/host/gateway"
)

// Metrics are the metrics of one gateway.
type Metrics struct {
	registry *prometheus.Registry

	requests, answers, unchecked, decisions  *prometheus.CounterVec
	sent, read, events                       *prometheus.CounterVec
	modelCalls, modelErrors, modelRefusals   prometheus.Counter
	modelTokens, rolloutTokens, logprobBytes prometheus.Counter
	confidence, added, upstreamDelay, answer *prometheus.HistogramVec
}

// New makes the metrics of a gateway. breaker returns the state of the gateway's breaker.
func New(breaker func() gateway.Breaker) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),

		requests:  counters("requests_total", "Requests for the API that have ended, by HTTP status and, for an error of the gateway, its code.", "route", "client", "status", "error"),
		answers:   counters("answers_total", "Answers of an upstream that have ended, by whether they were checked and how they ended.", "route", "policy", "checked", "fate"),
		unchecked: counters("unchecked_total", "Answers without a confidence, by the reason.", "route", "checked", "reason"),
		decisions: counters("decisions_total", "Decisions of policies.", "route", "policy", "action", "reason"),
		sent:      counters("sent_bytes_total", "Bytes of answers that were sent to clients.", "route", "client"),
		read:      counters("read_bytes_total", "Bytes of scored answers from the upstream.", "route"),
		events:    counters("events_total", "Events of scored streams.", "route"),

		modelCalls:    counter("model_calls_total", "Requests to the confidence model that have ended."),
		modelErrors:   counter("model_errors_total", "Requests to the confidence model that failed or were given up."),
		modelRefusals: counter("model_refusals_total", "Requests that the confidence model refused with status 429."),
		modelTokens:   counter("model_tokens_total", "Tokens of requests to the confidence model, if its server counts them."),
		rolloutTokens: counter("rollout_tokens_total", "Tokens of sampled continuations, prompts included, as the upstream counts them."),
		logprobBytes:  counter("logprob_bytes_total", "Bytes of log-probabilities that the gateway asked for and removed."),

		confidence:    histograms("confidence", "The confidence of a whole answer. Only a calibrated one is a probability.", prometheus.LinearBuckets(0.05, 0.05, 20), "estimator", "calibrated"),
		added:         histograms("added_seconds", "Time that the gateway adds to a scored answer: header (from the upstream's header to the client's), end (the end waits for the confidence model), held (the longest time that text was held).", prometheus.ExponentialBuckets(0.00025, 4, 10), "part", "policy"),
		upstreamDelay: histograms("upstream_seconds", "Time until the upstream's header came.", prometheus.ExponentialBuckets(0.005, 3, 10), "route"),
		answer:        histograms("answer_seconds", "Time of a whole answer.", prometheus.ExponentialBuckets(0.01, 3, 10), "route"),
	}
	m.registry.MustRegister(
		m.requests, m.answers, m.unchecked, m.decisions, m.sent, m.read, m.events,
		m.modelCalls, m.modelErrors, m.modelRefusals, m.modelTokens, m.rolloutTokens, m.logprobBytes, m.confidence, m.added, m.upstreamDelay, m.answer,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	for _, state := range []gateway.Breaker{gateway.BreakerClosed, gateway.BreakerHalfOpen, gateway.BreakerOpen} {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "finece_breaker", Help: "1 for the breaker's present state: closed (the confidence model is asked), half-open (one answer asks, to see whether the model replies), open (the model is not asked).",
			ConstLabels: prometheus.Labels{"state": string(state)},
		}, func() float64 {
			if breaker() == state {
				return 1
			}
			return 0
		}))
	}
	return m
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: "finece_" + name, Help: help})
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "finece_" + name, Help: help}, labels)
}

func histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "finece_" + name, Help: help, Buckets: buckets}, labels)
}

// Drift adds the tests of the calibrations in use, which now returns.
func (m *Metrics) Drift(now func() []figures.Drift) { m.registry.MustRegister(driftCollector(now)) }

// driftCollector collects the tests when the metrics are read.
type driftCollector func() []figures.Drift

// driftGauges are the metrics of each test. The label scorer is a hash.
var driftGauges = []struct {
	*prometheus.Desc
	value func(d *figures.Drift) float64
}{
	{driftGauge("drift_labels", "Labels of calibrated answers that a calibration in use was tested on."), func(d *figures.Drift) float64 { return float64(d.N) }},
	{driftGauge("drift_evidence", "Evidence of these labels against the calibration: 1 at the beginning, and about 1 or less while the calibration holds."), func(d *figures.Drift) float64 { return float64(d.Evidence) }},
	{driftGauge("drift_alarm", "1 after the calibration has drifted."), func(d *figures.Drift) float64 {
		if d.Alarm {
			return 1
		}
		return 0
	}},
}

func driftGauge(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("finece_"+name, help, []string{"scorer"}, nil)
}

// Describe implements prometheus.Collector.
func (driftCollector) Describe(to chan<- *prometheus.Desc) {
	for _, g := range driftGauges {
		to <- g.Desc
	}
}

// Collect implements prometheus.Collector.
func (now driftCollector) Collect(to chan<- prometheus.Metric) {
	for _, d := range now() {
		for _, g := range driftGauges {
			to <- prometheus.MustNewConstMetric(g.Desc, prometheus.GaugeValue, g.value(&d), d.Scorer)
		}
	}
}

// Handler serves the metrics without access control.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Observe is a [gateway.Observer].
func (m *Metrics) Observe(_ context.Context, x *gateway.Exchange) {
	m.requests.WithLabelValues(x.Route, x.Client, strconv.Itoa(x.Status), x.Code).Inc()
	m.sent.WithLabelValues(x.Route, x.Client).Add(float64(x.Sent))
	if x.Upstream > 0 {
		m.upstreamDelay.WithLabelValues(x.Route).Observe(x.Upstream.Seconds())
		m.answer.WithLabelValues(x.Route).Observe(x.Total.Seconds())
	}
	if x.Checked == "" {
		return
	}
	policy := string(x.Policy)
	m.answers.WithLabelValues(x.Route, policy, x.Checked, string(x.Fate)).Inc()
	if x.Reason != "" {
		m.unchecked.WithLabelValues(x.Route, x.Checked, x.Reason).Inc()
	}
	if policy == "" {
		return // it was not scored
	}
	for _, d := range x.Decisions {
		m.decisions.WithLabelValues(x.Route, d.Policy, d.Action, d.Reason).Inc()
	}
	for i := range x.Answers {
		if c := &x.Answers[i].Headline; c.HasValue() && x.Reason != gateway.Skipped {
			m.confidence.WithLabelValues(c.Source.Estimator, strconv.FormatBool(c.Calibrated)).Observe(c.Fused)
		}
	}
	m.read.WithLabelValues(x.Route).Add(float64(x.Read))
	m.events.WithLabelValues(x.Route).Add(float64(x.Events))
	m.modelCalls.Add(float64(x.ModelCalls))
	m.modelErrors.Add(float64(x.ModelErrors))
	m.modelRefusals.Add(float64(x.ModelRefusals))
	m.modelTokens.Add(float64(x.ModelTokens))
	m.rolloutTokens.Add(float64(x.RolloutTokens))
	m.logprobBytes.Add(float64(x.LogprobBytes))
	if x.Header > 0 {
		m.added.WithLabelValues("header", policy).Observe(max(x.Header-x.Upstream, 0).Seconds())
	}
	m.added.WithLabelValues("end", policy).Observe(x.Settled.Seconds())
	if x.Policy == gateway.Withhold {
		m.added.WithLabelValues("held", policy).Observe(x.Held.Seconds())
	}
}
