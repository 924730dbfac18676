package main

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/finece/finece/host/cmd/bench/internal/report"
)

const (
	answerTokens = 200
	scoreRounds  = 5
)

// kinds are the kinds of answers that are scored.
var kinds = []struct {
	name         string
	answers      int
	alternatives int // -1: numbers alone
	goal         float64
	speed        float64 // MB/s per core
}{{"5 top_logprobs", 1600, 5, 3, 100}, {"no top_logprobs", 8000, 0, 2, 100}, {"numbers", 32000, -1, 2, 60}}

// score compares finece score with json.loads and numpy's mean, on one core.
func score(r *report.Report) error {
	r.Title("Scoring", fmt.Sprintf("`finece score` of answers with %d tokens, on wazero with GOMAXPROCS=1 and --jobs 1, compared with Python that reads each line by json.loads\nand writes it with the mean probability by numpy. Python writes one number per line; finece writes every position.", answerTokens))
	r.Header("", "MB", "finece, CPU s", "MB/s per core", "Python, CPU s", "Python's CPU time / finece's", "2 jobs, times as fast by wall time")
	for _, kind := range kinds {
		path := filepath.Join(folder, fmt.Sprintf("answers-%d-%d.jsonl", kind.answers, kind.alternatives))
		if err := writeAnswers(path, kind.answers, kind.alternatives); err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		one := &contestant{name: "finece", args: []string{finece, "score", "--jobs", "1", path}, env: []string{"GOMAXPROCS=1"}, discard: true}
		two := &contestant{name: "finece, 2 jobs", args: []string{finece, "score", "--jobs", "2", path}, env: []string{"GOMAXPROCS=2"}, discard: true}
		theirs := &contestant{name: "Python", args: []string{python, peers, "score", path}, discard: true}
		if err := contest(scoreRounds, one, theirs, two); err != nil {
			return err
		}
		mb := float64(info.Size()) / 1e6
		faster := 1 / one.times(theirs, cpu)
		r.Line(kind.name, fmt.Sprintf("%.0f", mb), fmt.Sprintf("%.2f", one.median(cpu)), fmt.Sprintf("%.0f", mb/one.median(cpu)),
			fmt.Sprintf("%.2f", theirs.median(cpu)), report.Short(faster), report.Short(one.times(two, wall)))
		r.Target("score, "+kind.name+": times as fast as Python, by CPU time", faster, kind.goal, report.AtLeast)
		r.Target("score, "+kind.name+": 2 jobs, times as fast as 1 by wall time", one.times(two, wall), 1.8, report.AtLeast)
		r.Target("score, "+kind.name+": MB/s per core", mb/one.median(cpu), kind.speed, report.AtLeast)
	}
	return nil
}

// writeAnswers writes a file of answers, unless it exists.
func writeAnswers(path string, n, alternatives int) error {
	return once(path, func(w *bufio.Writer) {
		rng := rand.New(rand.NewPCG(3, 4))
		words := []string{" the", " answer", " is", " 42", ",", " so", " we", " multiply", " by", " seven", " and", " get", " it"}
		for i := range n {
			var text, entries strings.Builder
			for k := range answerTokens {
				word := words[rng.IntN(len(words))]
				if k%40 == 39 {
					word = ".\n\n"
				}
				text.WriteString(word)
				p := 0.2 + 0.8*rng.Float64()
				if k > 0 {
					entries.WriteByte(',')
				}
				if alternatives < 0 {
					fmt.Fprintf(&entries, "%v", math.Log(p))
					continue
				}
				entries.WriteString(entry(word, math.Log(p)) + `,"top_logprobs":[`)
				for a := range alternatives {
					if a > 0 {
						entries.WriteByte(',')
						p *= (1 - p) * 0.6
						word = words[(k+a)%len(words)]
					}
					entries.WriteString(entry(word, math.Log(p)) + "}")
				}
				entries.WriteString("]}")
			}
			list := "[" + entries.String() + "]"
			if alternatives >= 0 {
				list = `{"content":` + list + "}"
			}
			fmt.Fprintf(w, `{"id":"q%d","question":"What is 6 times 7?","answer":%q,"logprobs":%s}`+"\n", i, text.String(), list)
		}
	})
}

// entry returns the beginning of a token's JSON object, as in OpenAI's replies.
func entry(token string, logprob float64) string {
	codes := strings.ReplaceAll(strings.Trim(fmt.Sprint([]byte(token)), "[]"), " ", ",")
	return fmt.Sprintf(`{"token":%q,"logprob":%v,"bytes":[%s]`, token, logprob, codes)
}

// once writes a file completely, unless it exists.
func once(path string, write func(*bufio.Writer)) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path + ".part")
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	write(w)
	if err := w.Flush(); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}
