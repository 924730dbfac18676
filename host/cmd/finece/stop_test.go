package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAThresholdOfStopIsWhatServeTakes scores answers with a trajectory model that was
// fitted on others, and finds the threshold.
func TestAThresholdOfStopIsWhatServeTakes(t *testing.T) {
	dir := t.TempDir()
	model, config := filepath.Join(dir, "trajectory.json"), filepath.Join(dir, "stop.json")
	finece(t, toldByTheEnd(100), "calibrate", "--estimator", "trajectory", "--resamples", "20", "-o", model, "-").wants(t, 0)
	score := []string{"score", "--strategy", "periodic", "--every", "4", "--estimator", "trajectory", "--trajectory", model, "-"}
	scored := finece(t, toldByTheEnd(300), append(score, "--depth", "0")...)
	scored.wants(t, 0)
	r := finece(t, scored.out, "calibrate", "--stop", "0.15", "--resamples", "100", "-o", config, "-")
	r.wants(t, 0)
	lines := linesOf(r.out)
	if len(lines) != 5 || !strings.HasPrefix(lines[0], "alpha  threshold  bound") || !strings.HasPrefix(lines[3], "0.15") || !strings.Contains(lines[3], "%") {
		t.Errorf("the table is\n%s", r.out)
	}
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Policy    string
		StopBelow float64 `json:"stop_below"`
		StopAfter int     `json:"stop_after"`
		Depth     int
	}
	if err := json.Unmarshal(text, &file); err != nil || file.Policy != "stop" || !(file.StopBelow > 0 && file.StopBelow < 1) || file.StopAfter != 1 || file.Depth != 0 {
		t.Errorf("%v, %s", err, text)
	}
	// No upstream runs, but the settings are accepted, as those of a calibrated source.
	check := []string{"serve", "--check", "--config", config, "--upstream", "http://127.0.0.1:1/v1", "--estimator", "trajectory", "--trajectory", model}
	if checked := finece(t, "", check...); !strings.Contains(checked.out, "ok    settings") {
		t.Errorf("serve: exit %d, %s%s", checked.code, checked.out, checked.err)
	}

	revised := finece(t, toldByTheEnd(3), score...)
	for _, c := range []struct {
		name, in string
		args     []string
		code     int
		want     string
	}{
		{"with integration", revised.out, nil, 3, "score with --depth 0"},
		{"not scored", toldByTheEnd(3), nil, 3, "the line has to be one of finece score"},
		{"few", strings.Join(strings.SplitAfter(scored.out, "\n")[:20], ""), []string{"--stop", "0.01"}, 3, "needs at least 99"},
		{"a share that is none", scored.out, []string{"--stop", "1"}, 2, "--stop 1: want a share between 0 and 1"},
		{"with a fit", scored.out, []string{"--estimator", "trajectory"}, 2, "--stop cannot be used with --estimator"},
	} {
		r := finece(t, c.in, append([]string{"calibrate", "--stop", "0.2", "-"}, c.args...)...)
		if r.code != c.code || !strings.Contains(r.err, c.want) {
			t.Errorf("%s: exit %d, %s, want %d, %q", c.name, r.code, r.err, c.code, c.want)
		}
	}
}
