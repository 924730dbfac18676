package metrics

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/feedback/figures"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/contract/record"
)

// exposed returns the text of /metrics after one answer that sets every metric.
func exposed(t *testing.T) string {
	t.Helper()
	m := New(func() gateway.Breaker { return gateway.BreakerOpen })
	m.Observe(t.Context(), &gateway.Exchange{
		Route: "/v1/chat/completions", Client: "laptop", Status: 200, Fate: gateway.Complete, Checked: "unavailable", Reason: "timeout", Policy: gateway.Withhold,
		Upstream: 1, Answers: []gateway.Answer{{Headline: record.Confidence{Fused: 0.5, Source: record.Source{Estimator: "model"}}}},
		Decisions: []*record.Decision{record.NewDecision(0, "withhold", record.ActionEnd, "low")},
	})
	m.Drift(func() []figures.Drift { return []figures.Drift{{Scorer: "a1b2", N: 120, Evidence: 0.4}} })
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

// TestTheDashboardShowsTheMetrics: the dashboard uses only metrics and labels that exist, and
// every metric of ours.
func TestTheDashboardShowsTheMetrics(t *testing.T) {
	text, err := os.ReadFile("../../../grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			ID      int
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr, LegendFormat string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	labels := map[string][]string{} // by series
	for line := range strings.Lines(exposed(t)) {
		if m := regexp.MustCompile(`^(finece_\w+)(\{.*\})? `).FindStringSubmatch(line); m != nil {
			labels[m[1]] = nil
			for _, l := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(m[2], -1) {
				labels[m[1]] = append(labels[m[1]], l[1])
			}
		}
	}
	shown := map[string]bool{}
	ids := map[int]bool{}
	for _, p := range dashboard.Panels {
		if ids[p.ID] || len(p.Targets) == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %q: %+v", p.Title, p)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			names := regexp.MustCompile(`finece_\w+`).FindAllString(target.Expr, -1)
			if len(names) == 0 {
				t.Errorf("panel %q shows no metric: %s", p.Title, target.Expr)
			}
			for _, name := range names {
				known, ok := labels[name]
				if !ok {
					t.Errorf("panel %q shows %s, which is not there", p.Title, name)
				}
				shown[base(name)] = true
				used := regexp.MustCompile(`\{\{(\w+)\}\}|(\w+)=`).FindAllStringSubmatch(target.LegendFormat+target.Expr, -1)
				for _, by := range regexp.MustCompile(`by \(([^)]*)\)`).FindAllStringSubmatch(target.Expr, -1) {
					for l := range strings.SplitSeq(by[1], ", ") {
						used = append(used, []string{"", l, ""})
					}
				}
				for _, l := range used {
					if !slices.Contains(known, l[1]+l[2]) {
						t.Errorf("panel %q uses the label %q, which %s has not: %v", p.Title, l[1]+l[2], name, known)
					}
				}
			}
		}
	}
	for name := range labels {
		if !shown[base(name)] {
			t.Errorf("no panel shows %s", name)
		}
	}
}

// base is a histogram's name without what its series add.
func base(name string) string {
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		name = strings.TrimSuffix(name, suffix)
	}
	return name
}
