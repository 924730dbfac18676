package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// sessionFlags are the settings of a session on the command line. A command
// adds the groups that it has.
type sessionFlags struct {
	config   host.Config
	strategy string
	format   string
	engine   string

	estimator   string
	calibration string
	method      string
	adapter     string
	timeout     time.Duration
	requests    int
}

func newSessionFlags() *sessionFlags {
	f := &sessionFlags{config: host.DefaultConfig()}
	f.config.MaxPositions = 1 << 20
	f.config.MaxEvent = 4 << 20
	f.config.MaxText = 1 << 20
	return f
}

func (f *sessionFlags) addStream(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.format, "format", stream.Auto.String(), "format of the stream: "+strings.Join(formatNames(), ", "))
	flags.StringVar(&f.engine, "engine", "wazero", "what scores: wazero (finece.wasm) or native; both give the same bits")
	complete(cmd, "format", formatNames()...)
	complete(cmd, "engine", "wazero", "native")
}

func (f *sessionFlags) addPositions(cmd *cobra.Command) {
	flags := cmd.Flags()
	o := &f.config.Positions
	flags.StringVar(&f.strategy, "strategy", o.Strategy.String(), "where to estimate: paragraph, line, periodic, entropy, or a union such as paragraph+entropy; --every alone means periodic, --threshold alone entropy")
	flags.IntVar(&o.Every, "every", o.Every, "periodic: tokens from one position to the next")
	flags.Float64Var(&o.Threshold, "threshold", o.Threshold, "entropy: nats that a token's entropy has to exceed")
	flags.IntVar(&o.MinLength, "min-length", o.MinLength, "paragraph, line: characters that one needs for a position of its own")
	flags.IntVar(&o.MinGap, "gap", o.MinGap, "entropy: tokens from one position to the next at least")
	complete(cmd, "strategy", "paragraph", "line", "periodic", "entropy", "paragraph+entropy", "paragraph+periodic")
}

func (f *sessionFlags) addEstimator(cmd *cobra.Command) {
	flags := cmd.Flags()
	m := &f.config.Model
	flags.StringVar(&f.estimator, "estimator", "logprob", "logprob (the stream's own log-probabilities), or the base URL of a confidence model's server, such as http://127.0.0.1:8000/v1")
	flags.StringVar(&f.calibration, "calibration", "", "calibrate estimates by the maps in this file, which finece calibrate has made")
	flags.StringVar(&f.method, "method", f.config.Method.String(), "logprob: "+strings.Join(methodNames(), ", "))
	flags.StringVar(&f.adapter, "adapter", m.Adapter.String(), "URL: the API to ask: "+strings.Join(adapterNames(), ", "))
	flags.StringVar(&m.Name, "model", "", "URL: the confidence model's name there")
	flags.DurationVar(&f.timeout, "timeout", time.Minute, "URL: time for one estimate, retries included")
	flags.IntVar(&f.requests, "requests", 8, "URL: requests at once")
	fusionFlags(cmd, &f.config.Fusion)
	complete(cmd, "method", methodNames()...)
	complete(cmd, "adapter", adapterNames()...)
	_ = cmd.MarkFlagFilename("calibration", "json")
}

func formatNames() []string {
	return namesUntilUnknown(func(i uint8) string { return stream.Format(i).String() })
}
func methodNames() []string {
	return namesUntilUnknown(func(i uint8) string { return estimate.Method(i).String() })
}
func adapterNames() []string {
	return namesUntilUnknown(func(i uint8) string { return estimate.Adapter(i).String() })
}

func namesUntilUnknown(name func(uint8) string) (names []string) {
	for i := uint8(0); name(i) != "unknown"; i++ {
		names = append(names, name(i))
	}
	return names
}

// resolve reads the names among the flags and checks the whole.
func (f *sessionFlags) resolve(cmd *cobra.Command) (err error) {
	c := &f.config
	if c.Format, err = stream.ParseFormat(f.format); err != nil {
		return usagef("--format: %w", err)
	}
	if f.strategy != "" {
		if c.Positions.Strategy, err = f.wanted(cmd); err != nil {
			return usagef("--strategy: %w", err)
		}
		if c.Positions.Every < 1 {
			return usagef("--every %d: want at least 1", c.Positions.Every)
		}
	}
	if f.engine != "wazero" && f.engine != "native" {
		return usagef("--engine %q: want wazero or native", f.engine)
	}
	if f.method != "" {
		if c.Method, err = estimate.ParseMethod(f.method); err != nil {
			return usagef("--method: %w", err)
		}
	}
	if f.adapter != "" {
		if c.Model.Adapter, err = estimate.ParseAdapter(f.adapter); err != nil {
			return usagef("--adapter: %w", err)
		}
	}
	if f.asksModel() {
		c.Estimator = session.Model
	}
	if f.calibration != "" {
		if c.Calibration, err = readCalibration("--calibration", f.calibration); err != nil {
			return err
		}
	}
	if err := c.Validate(); err != nil {
		return &exitError{exitUsage, err}
	}
	return nil
}

// wanted is the strategy: the one that is named, or else the one that the other
// flags are about.
func (f *sessionFlags) wanted(cmd *cobra.Command) (position.Kind, error) {
	var implied position.Kind
	if cmd.Flags().Changed("every") {
		implied |= position.Periodic
	}
	if cmd.Flags().Changed("threshold") || cmd.Flags().Changed("gap") {
		implied |= position.Entropy
	}
	if implied != 0 && !cmd.Flags().Changed("strategy") {
		return implied, nil
	}
	return position.ParseStrategy(f.strategy)
}

// asksModel reports whether a confidence model is asked.
func (f *sessionFlags) asksModel() bool { return f.estimator != "" && f.estimator != "logprob" }
