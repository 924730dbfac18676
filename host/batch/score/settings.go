package score

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/finece/finece/host"
	"github.com/finece/finece/wasm/calibration"
	"github.com/finece/finece/wasm/contract/defaults"
	"github.com/finece/finece/wasm/session"
)

// keyVersion begins what is hashed. Change it when a default changes: scores by the
// old default then have another key.
const keyVersion = "finece score 1\n"

// SettingsKey is a short hash of everything that the scores depend on besides the
// answers. All lines of a file have the same key. Only settings that differ from
// their defaults count, by their names, so a new setting of the core changes no key. more is
// the settings of the estimator samples.
func SettingsKey(c host.Config, estimator string, more ...string) string {
	standard := host.DefaultConfig()
	normal := map[string]string{}
	for _, s := range session.Settings(&standard) {
		normal[s.Name] = valueOf(&s)
	}
	var lines []string
	for _, s := range session.Settings(&c) {
		if v := valueOf(&s); v != normal[s.Name] {
			lines = append(lines, s.Name+" "+v+"\n")
		}
	}
	if c.Calibration != nil {
		lines = append(lines, "calibration "+string(calibration.Append(nil, c.Calibration, nil))+"\n")
	}
	if c.FallbackCalibration != nil {
		lines = append(lines, "fallback_calibration "+string(calibration.Append(nil, c.FallbackCalibration, nil))+"\n")
	}
	if c.Trajectory != nil {
		lines = append(lines, "trajectory "+string(calibration.AppendTrajectory(nil, c.Trajectory, nil))+"\n")
	}
	if c.Card != nil {
		lines = append(lines, "card "+string(calibration.AppendCard(nil, c.Card))+"\n")
	}
	if estimator != defaults.ScoringEstimator {
		lines = append(lines, "server "+strconv.Quote(estimator)+"\n")
	}
	lines = append(lines, more...)
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(keyVersion + strings.Join(lines, "")))
	return hex.EncodeToString(sum[:8])
}

// valueOf is the value of a setting on one line, "" for an object.
func valueOf(s *session.Setting) string {
	switch {
	case s.Text != nil:
		return strconv.Quote(*s.Text)
	case s.Truth != nil:
		return strconv.FormatBool(*s.Truth)
	case s.Whole != nil:
		return strconv.Itoa(*s.Whole)
	case s.Number != nil:
		return strconv.FormatFloat(*s.Number, 'g', -1, 64)
	case s.Get != nil:
		return strconv.Quote(s.Get())
	}
	return ""
}
