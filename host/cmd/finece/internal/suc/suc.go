// Package suc makes the baseline SuC: sub-question clusters.
package suc

import (
	"encoding/json"
	"io"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/lm/weights"
	"github.com/finece/finece/host/train"
	"github.com/finece/finece/wasm/estimate"
)

// BuiltIn is the baseline SuC of the built-in generator.
func BuiltIn() (*baseline.SuC, error) {
	suc := new(baseline.SuC)
	if err := json.Unmarshal(weights.SuC, suc); err != nil {
		return nil, err
	}
	return suc, nil
}

// Fit fits SuC to the states of finece construct. Only p(0) counts.
func Fit(r io.Reader) (*baseline.SuC, error) {
	var questions []construct.State
	err := train.EachState(r, func(s *construct.State) error {
		if train.StageOf(s) == estimate.QuestionOnly {
			questions = append(questions, *s)
		}
		return nil
	})
	if err != nil {
		return nil, exit.With(exit.Faults, err)
	}
	suc, err := baseline.FitSuC(questions, baseline.DefaultSuC())
	if err != nil {
		return nil, exit.With(exit.Faults, err)
	}
	return suc, nil
}
