// Command cuts computes the cut points that wasm/contract uses to call a certainty low,
// medium or high:
//
//	go run ./host/experiment/internal/cuts [MMLU-PRO-CONF]
//
// The cut points are terciles of whole answers: a third of the answers is low, a third
// medium and a third high. Statistics are measured on answers of the built-in generator
// to problems that it was not trained on. The argument is the folder of the data set
// mmlu-pro-conf (Linwei94, LLM-Calibration-Study, MIT licence), which has published models'
// answers to MMLU-Pro. With it, the terciles of perplexity come from nine models. The
// terciles of confidences that a model writes as a number come from twelve. A test
// compares the table in wasm/contract with the output.
package main

import (
	"compress/gzip"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/finece/finece/host/lm"
	"github.com/finece/finece/host/lm/weights"
	"github.com/finece/finece/host/train/problems"
	"github.com/finece/finece/wasm/estimate"
)

// answers is how many answers of the built-in generator are measured.
const answers = 300

func main() {
	all, err := builtIn(answers)
	if err == nil && len(os.Args) > 1 {
		var said map[string]cut
		if said, err = published(os.Args[1]); err == nil {
			maps.Copy(all, said)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cuts:", err)
		os.Exit(1)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Printf("%-12s %.3f %.3f of %d answers\n", name, all[name].low, all[name].high, all[name].n)
	}
}

// cut has the terciles of n values.
type cut struct {
	low, high float64
	n         int
}

func terciles(values []float64) cut {
	slices.Sort(values)
	n := len(values)
	return cut{values[n/3], values[2*n/3], n}
}

// builtIn measures every statistic on answers of the built-in generator.
func builtIn(n int) (map[string]cut, error) {
	m, err := weights.Load(weights.Generator)
	if err != nil {
		return nil, err
	}
	e, err := lm.NewEngine(m, lm.DefaultOptions())
	if err != nil {
		return nil, err
	}
	defer e.Close()
	source := problems.NewSource(1, problems.InDomain, problems.Test)
	results := make([]*lm.Result, n)
	var group errgroup.Group
	group.SetLimit(32) // the engine computes up to 32 in one batch
	for i := range n {
		r := lm.Request{Temperature: 1, TopP: 1, Seed: uint64(i), N: 1, Logprobs: true}
		if r.Prompt, err = m.Tokenizer().Chat([]lm.Message{{Role: "user", Content: source.Next().Question}}, false); err != nil {
			return nil, err
		}
		group.Go(func() (err error) {
			results[i], err = e.Generate(context.Background(), r, nil)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	values := map[string][]float64{}
	for _, result := range results {
		for _, method := range estimate.Methods() {
			if v, why := follow(method, m.Tokenizer(), result.Choices[0].Probs); why == estimate.Available {
				values[method.String()] = append(values[method.String()], v)
			}
		}
	}
	all := map[string]cut{}
	for name, v := range values {
		all[name] = terciles(v)
	}
	return all, nil
}

// follow returns the value of a statistic at the end of an answer.
func follow(method estimate.Method, t *lm.Tokenizer, tokens []lm.TokenLogprob) (float64, estimate.Reason) {
	l := estimate.NewLogprob(method)
	for _, p := range tokens {
		l.Token(p.Logprob)
		if strings.HasSuffix(t.Decode([]int{p.ID}), "\n\n") {
			l.Step() // a paragraph ends
		}
	}
	return l.Confidence()
}

// published returns the terciles of the perplexity and of the stated confidences in a
// published data set.
func published(folder string) (map[string]cut, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.csv.gz"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no files *.csv.gz; want the folder of mmlu-pro-conf", folder)
	}
	columns := map[string]string{"perplexity": "logit_perplexity_confidence", "model": "verbal_numerical_confidence"}
	values := map[string][]float64{}
	for _, name := range files {
		rows, err := read(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for what, column := range columns {
			at := slices.Index(rows[0], column)
			if at < 0 {
				return nil, fmt.Errorf("%s: no column %s", name, column)
			}
			for _, row := range rows[1:] {
				if v, err := strconv.ParseFloat(row[at], 64); err == nil && v >= 0 && v <= 1 {
					values[what] = append(values[what], v)
				}
			}
		}
	}
	all := map[string]cut{}
	for name, v := range values {
		all[name] = terciles(v)
	}
	return all, nil
}

func read(name string) ([][]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(io.Reader(z)).ReadAll()
	if err == nil && len(rows) < 2 {
		err = io.ErrUnexpectedEOF
	}
	return rows, err
}
