package baseline_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
)

// Statistics are collected once. Every estimator derives its confidence from them.
func Example() {
	generator, err := openai.NewGenerator(openai.GeneratorConfig{
		Server: config("http://127.0.0.1:8000/v1", func(c *model.Config) { c.Concurrency = 16 }), Model: "small",
		Temperature: 1, MaxTokens: 256,
	})
	if err != nil {
		log.Fatal(err)
	}
	config := baseline.DefaultConfig()
	config.Generator = generator
	config.Equivalence = grade.ByFinal{Reader: grade.NumberGrader{}}
	config.Scoring = baseline.Scoring{Method: baseline.Echo, Prompt: "<|user|>{question}<|end|><|assistant|>"}
	collector, err := baseline.NewCollector(config)
	if err != nil {
		log.Fatal(err)
	}
	score := func(ctx context.Context, state *construct.State) error {
		all := baseline.Estimators(nil)
		s, err := collector.Collect(ctx, baseline.StateOf(state), baseline.NeedsOf(all...))
		if err != nil {
			return err
		}
		for _, e := range all {
			confidence, err := e.Confidence(s)
			switch {
			case errors.Is(err, baseline.ErrUnavailable):
				fmt.Println(e.Name(), err)
			case err != nil:
				return err
			default:
				fmt.Println(e.Name(), confidence, s.Cost(e.Needs()).CompletionTokens)
			}
		}
		return nil
	}
	_ = score // for each state of finece construct's file
}

// Recorded answers need no server.
func ExampleSemanticEntropy() {
	s := &baseline.Statistics{
		State: baseline.State{Question: &grade.Question{Text: "What is 3 + 4?"}},
		Have:  baseline.Samples | baseline.Classes,
	}
	answers := []string{"#### 7", "3 + 4 = 7\n#### 7", "#### 12", "#### 8"}
	classes, err := grade.ByFinal{Reader: grade.NumberGrader{}}.Classes(context.Background(), s.State.Question, answers)
	if err != nil {
		log.Fatal(err)
	}
	for i, a := range answers {
		s.Samples = append(s.Samples, baseline.Answer{Text: a, Class: classes.Of[i]})
	}
	for _, e := range []baseline.Estimator{baseline.SemanticEntropy{Weighting: baseline.Discrete}, baseline.SelfConsistency{}, baseline.SemanticEntropy{}} {
		confidence, err := e.Confidence(s)
		fmt.Printf("%s %.2f %v\n", e.Name(), confidence, err)
	}
	// Output:
	// se-discrete 0.25 <nil>
	// self-consistency 0.50 <nil>
	// se 0.00 unavailable: sample 1 of 4 has no log-probabilities
}

// config returns a configuration with changes.
func config(url string, change func(*model.Config)) model.Config {
	c := model.DefaultConfig(url)
	change(&c)
	return c
}
