// Package settings is the settings of a session on the command line.
package settings

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/bci"
	"github.com/finece/finece/host"
	"github.com/finece/finece/host/cmd/finece/internal/completion"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/samples"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/calibration"
	"github.com/finece/finece/wasm/contract"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// Flags are the settings of a session. Each command adds the groups of flags that it needs.
type Flags struct {
	Config     host.Config
	Estimator  string // "logprob", "trajectory", "samples", or the URL of a confidence model
	Samples    bool   // the command has the estimator samples
	Generator  string // samples: the --model, which answers again
	Format     string
	EngineName string // "wazero" or "native"

	Timeout  time.Duration // for one estimate
	Requests int           // to the confidence model at once
	Key      model.Secret  // of the confidence model's server; "" is that of the environment
	Hedge    time.Duration // until a second request is sent; 0 sends none
	Cache    int           // replies that are kept

	strategy string

	calibration string
	trajectory  string
	modelCard   string
	method      string
	adapter     string
	activation  string
}

// New returns the default settings for input from files, with wide bounds.
func New() *Flags {
	f := &Flags{Config: host.DefaultConfig(), Format: stream.Auto.String()}
	f.Config.MaxPositions = 1 << 20
	f.Config.MaxEvent = 4 << 20
	f.Config.MaxText = 1 << 20
	return f
}

// AddStream adds the flags about the input and the engine.
func (f *Flags) AddStream(cmd *cobra.Command) {
	Add(cmd, contract.Format, &f.Format)
	Add(cmd, contract.Engine, &f.EngineName)
}

// AddPositions adds the flags that say where to estimate.
func (f *Flags) AddPositions(cmd *cobra.Command) {
	o := &f.Config.Positions
	Add(cmd, contract.Strategy, &f.strategy)
	More(cmd, contract.Strategy, fmt.Sprintf("; --%s alone means periodic, --%s alone entropy", contract.Every.Flag(), contract.EntropyThreshold.Flag()))
	Add(cmd, contract.Every, &o.Every)
	Add(cmd, contract.EntropyThreshold, &o.EntropyThreshold)
	Add(cmd, contract.MinLength, &o.MinLength)
	Add(cmd, contract.MinGap, &o.MinGap)
	completion.Values(cmd, contract.Strategy.Flag(), "paragraph", "line", "periodic", "entropy", "paragraph+entropy", "paragraph+periodic")
}

// AddEstimator adds the flags of the estimator. requests is the setting for requests at once,
// whose default for the gateway differs from that of the other commands.
func (f *Flags) AddEstimator(cmd *cobra.Command, requests *contract.Setting) {
	Add(cmd, contract.EstimatorURL, &f.Estimator)
	Add(cmd, contract.CalibrationFile, &f.calibration)
	Add(cmd, contract.TrajectoryFile, &f.trajectory)
	Add(cmd, contract.ModelCard, &f.modelCard)
	Add(cmd, contract.Method, &f.method)
	Add(cmd, contract.ModelAdapter, &f.adapter)
	Add(cmd, contract.Activation, &f.activation)
	Add(cmd, contract.Class, &f.Config.Model.Class)
	Add(cmd, contract.Label, &f.Config.Model.Label)
	Add(cmd, contract.ModelName, &f.Config.Model.Name)
	More(cmd, contract.ModelName, "; a URL here is the same as one for --estimator")
	Add(cmd, contract.Timeout, &f.Timeout)
	Add(cmd, requests, &f.Requests)
	Fusion(cmd, &f.Config.Fusion)
	_ = cmd.MarkFlagFilename(contract.Calibration.Flag(), "json")
	_ = cmd.MarkFlagFilename(contract.TrajectoryFile.Flag(), "json")
	_ = cmd.MarkFlagFilename(contract.ModelCard.Flag(), "json")
}

// Resolve reads the flags that are names and checks all settings.
func (f *Flags) Resolve(cmd *cobra.Command) (err error) {
	c := &f.Config
	if IsURL(c.Model.Name) && f.Estimator == contract.EstimatorURL.Default {
		f.Estimator, c.Model.Name = c.Model.Name, ""
	}
	if c.Format, err = stream.ParseFormat(f.Format); err != nil {
		return exit.Usagef("--format: %w", err)
	}
	if f.strategy != "" {
		if c.Positions.Strategy, err = f.wanted(cmd); err != nil {
			return exit.Usagef("--strategy: %w", err)
		}
		if c.Positions.Every < 1 {
			return exit.Usagef("--every %d: want at least 1", c.Positions.Every)
		}
	}
	if f.EngineName != "wazero" && f.EngineName != "native" {
		return exit.Usagef("--engine %q: want wazero or native", f.EngineName)
	}
	if f.method != "" {
		if c.Method, err = estimate.ParseMethod(f.method); err != nil {
			return exit.Usagef("--method: %w", err)
		}
	}
	if f.adapter != "" {
		if c.Model.Adapter, err = estimate.ParseAdapter(f.adapter); err != nil {
			return exit.Usagef("--adapter: %w", err)
		}
	}
	if f.activation != "" {
		if c.Model.Activation, err = estimate.ParseActivation(f.activation); err != nil {
			return exit.Usagef("--activation: %w", err)
		}
	}
	if f.AsksModel() {
		c.Estimator = session.Model
	}
	if err = f.followTrajectory(); err != nil {
		return err
	}
	if f.Estimator == record.EstimatorSamples {
		if !f.Samples {
			return exit.Usagef("--estimator %s needs a server that answers again: finece score, finece-beam score and finece serve have it", f.Estimator)
		}
		f.Generator = c.Model.Name
		samples.Configure(c)
	}
	if err = f.Calibrate(); err != nil {
		return err
	}
	if f.modelCard != "" {
		if !f.AsksModel() {
			return exit.Usagef("--model-card describes a confidence model: it needs --estimator URL")
		}
		if c.Card, err = ReadCard("--model-card", f.modelCard); err != nil {
			return err
		}
		// By passing a card, the user states that it fits the answers.
		c.Asked = calibrate.Asked{}
	}
	if err := c.Validate(); err != nil {
		return exit.With(exit.Usage, err)
	}
	return nil
}

// followTrajectory reads the trajectory model, which the estimator trajectory needs.
func (f *Flags) followTrajectory() (err error) {
	switch follows := f.Estimator == record.EstimatorTrajectory; {
	case follows && f.trajectory == "":
		return exit.Usagef("--estimator %s needs --trajectory FILE; finece calibrate --estimator %[1]s makes one from labelled answers", record.EstimatorTrajectory)
	case !follows && f.trajectory != "":
		return exit.Usagef("--trajectory needs --estimator %s", record.EstimatorTrajectory)
	case follows:
		f.Config.Estimator = session.Trajectory
		f.Config.Trajectory, err = ReadTrajectory("--trajectory", f.trajectory)
	}
	return err
}

// Calibrate reads the calibration maps, if a file is given.
func (f *Flags) Calibrate() (err error) {
	if f.calibration != "" {
		f.Config.Calibration, err = ReadCalibration("--calibration", f.calibration)
	}
	return err
}

// wanted returns the strategy: the one of --strategy, else the one that the other flags imply.
func (f *Flags) wanted(cmd *cobra.Command) (position.Kind, error) {
	var implied position.Kind
	if cmd.Flags().Changed(contract.Every.Flag()) {
		implied |= position.Periodic
	}
	if cmd.Flags().Changed(contract.EntropyThreshold.Flag()) || cmd.Flags().Changed(contract.MinGap.Flag()) {
		implied |= position.Entropy
	}
	if implied != 0 && !cmd.Flags().Changed(contract.Strategy.Flag()) {
		return implied, nil
	}
	return position.ParseStrategy(f.strategy)
}

// AsksModel reports whether a confidence model is asked.
func (f *Flags) AsksModel() bool {
	switch f.Estimator {
	case "", contract.EstimatorURL.Default, record.EstimatorTrajectory, record.EstimatorSamples:
		return IsURL(f.Config.Model.Name)
	}
	return true
}

// Fusion adds the flags of Backward Confidence Integration that every input has.
func Fusion(cmd *cobra.Command, p *bci.Params) {
	Add(cmd, contract.Alpha, &p.Alpha)
	Add(cmd, contract.Depth, &p.Depth)
}

// ReadCalibration reads the file of a flag.
func ReadCalibration(flag, path string) (*calibrate.Calibration, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, exit.Errorf(exit.IO, "%s: %w", flag, err)
	}
	c, _, err := calibration.Parse(text)
	if err != nil {
		return nil, exit.Usagef("%s: %s: %w", flag, path, err)
	}
	return c, nil
}

// ReadTrajectory reads the trajectory model in the file of a flag.
func ReadTrajectory(flag, path string) (*estimate.TrajectoryModel, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, exit.Errorf(exit.IO, "%s: %w", flag, err)
	}
	m, _, err := calibration.ParseTrajectory(text)
	if err != nil {
		return nil, exit.Usagef("%s: %s: %w", flag, path, err)
	}
	return m, nil
}

// ReadCard reads the card in the file of a flag.
func ReadCard(flag, path string) (*calibrate.Card, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, exit.Errorf(exit.IO, "%s: %w", flag, err)
	}
	c, err := calibration.ParseCard(text)
	if err != nil {
		return nil, exit.Usagef("%s: %s: %w", flag, path, err)
	}
	return c, nil
}

// IsURL reports whether a value of the command line is an address.
func IsURL(value string) bool {
	return strings.HasPrefix(value, "http://") || strings.HasPrefix(value, "https://")
}
