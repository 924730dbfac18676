package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/lm/weights"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/train/problems"
	"github.com/finece/finece/wasm/session"
)

const (
	answers   = 5 // to a question
	questions = 100
	drawn     = 2000 // resamples of the questions
)

// way is a way to get one answer to a question.
type way struct {
	name   string
	right  []float64 // 1 or 0 for each question
	tokens int64     // tokens that the generator wrote, also in answers that were cancelled
}

// policies compares the gateway's policies with the first answer and a majority vote, on
// questions of a domain. All ways use the same seeds, so they choose among the same answers.
func policies(domain problems.Domain) func(*models, *strings.Builder) error {
	return func(m *models, b *strings.Builder) error { return compare(m, b, domain) }
}

func compare(m *models, b *strings.Builder, domain problems.Domain) error {
	first, majority := &way{name: "first answer"}, &way{name: "majority vote"}
	ways := []*way{first, majority}
	at := map[*way]string{}
	for _, p := range []gateway.Policy{gateway.BestOf, gateway.Vote} {
		s, err := m.through(p)
		if err != nil {
			return err
		}
		defer s.Close()
		w := &way{name: "`" + string(p) + "`"}
		ways, at[w] = append(ways, w), s.URL+"/v1"
	}
	source, any := problems.NewSource(5, domain, problems.Test), 0
	for i := range questions {
		p, seed := source.Next(), 1000*(i+1)
		texts := make([]string, answers)
		for k := range texts {
			text, tokens, err := m.ask(m.URL+"/v1", p.Question, seed+k)
			if err != nil {
				return err
			}
			texts[k] = text
			majority.tokens += tokens
			if k == 0 {
				first.tokens += tokens
			}
		}
		first.right = append(first.right, right(&p, texts[0]))
		majority.right = append(majority.right, right(&p, mostFrequent(texts)))
		if slices.ContainsFunc(texts, func(t string) bool { return right(&p, t) == 1 }) {
			any++
		}
		for w, url := range at {
			text, tokens, err := m.ask(url, p.Question, seed)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			w.tokens += tokens
			w.right = append(w.right, right(&p, text))
		}
		if i%20 == 19 {
			fmt.Fprintf(os.Stderr, "%s: %d of %d questions\n", domain, i+1, questions)
		}
	}
	fmt.Fprintf(b, "\n## Policies: questions of the domain %q\n\n", domain)
	fmt.Fprintf(b, "%d questions, %d answers to each at temperature 1; one of these is right for %.1f%% of the questions. All ways choose among\nthe same answers (the same seeds). Tokens are those that the generator wrote. Differences are in points, with 95%%\nintervals by resampling the questions. Measured on DAY.\n\n", questions, answers, 100*float64(any)/questions)
	b.WriteString("| | right | over the first answer | over the majority vote | tokens per question |\n| --- | --- | --- | --- | --- |\n")
	for _, w := range ways {
		fmt.Fprintf(b, "| %s | %.1f%% | %s | %s | %.0f |\n", w.name, 100*mean(w.right), difference(w, first), difference(w, majority), float64(w.tokens)/questions)
	}
	return nil
}

// through serves the models through a gateway with a policy.
func (m *models) through(p gateway.Policy) (*httptest.Server, error) {
	client, err := model.New(model.DefaultConfig(m.URL + "/v1"))
	if err != nil {
		return nil, err
	}
	c := gateway.DefaultConfig()
	c.Upstream, c.Engine, c.Failure = m.URL+"/v1", host.Native(), gateway.Open
	c.Session.Estimator, c.Session.Model.Name, c.Model = session.Model, weights.Confidence, client
	if c.Session.Card, err = weights.Card(weights.Confidence); err != nil {
		return nil, err
	}
	c.Policy, c.Answers = p, answers
	c.Final = func(question, answer string) (string, bool) {
		return grade.NumberGrader{}.Final(&grade.Question{Text: question}, answer)
	}
	h, err := gateway.New(c)
	if err != nil {
		return nil, err
	}
	return httptest.NewServer(h), nil
}

// mostFrequent returns the first of the answers with the most frequent final answer.
func mostFrequent(texts []string) string {
	count, best := map[string]int{}, 0
	finals := make([]string, len(texts))
	for i, text := range texts {
		if final, ok := (grade.NumberGrader{}).Final(nil, text); ok {
			finals[i] = final
			count[final]++
		}
	}
	for i := range texts {
		if count[finals[i]] > count[finals[best]] {
			best = i
		}
	}
	return texts[best]
}

// ask asks for an answer. tokens is the number of tokens that the generator wrote meanwhile.
func (m *models) ask(url, question string, seed int) (text string, tokens int64, err error) {
	before := m.generator.Stats().CompletionTokens
	request, err := json.Marshal(map[string]any{
		"model": weights.Generator, "messages": []map[string]string{{"role": "user", "content": question}},
		"temperature": 1, "max_tokens": 300, "seed": seed,
	})
	if err != nil {
		return "", 0, err
	}
	resp, err := http.Post(url+"/chat/completions", "application/json", bytes.NewReader(request))
	if err != nil {
		return "", 0, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", 0, err
	}
	var reply struct {
		Choices []struct{ Message struct{ Content string } }
	}
	if err := json.Unmarshal(body, &reply); err != nil || resp.StatusCode != http.StatusOK || len(reply.Choices) != 1 {
		return "", 0, fmt.Errorf("HTTP %d %s (%v)", resp.StatusCode, body, err)
	}
	for s := m.generator.Stats(); s.Active+s.Waiting > 0; s = m.generator.Stats() {
		time.Sleep(time.Millisecond) // until the cancelled answers have ended
	}
	return reply.Choices[0].Message.Content, m.generator.Stats().CompletionTokens - before, nil
}

// right returns 1 for a correct answer, else 0.
func right(p *problems.Problem, text string) float64 {
	v, _ := grade.NumberGrader{}.Grade(context.Background(), &grade.Question{Text: p.Question, Gold: []string{strconv.Itoa(p.Answer)}}, text)
	if v == grade.Right {
		return 1
	}
	return 0
}

func mean(all []float64) (m float64) {
	for _, v := range all {
		m += v / float64(len(all))
	}
	return m
}

// difference returns how many more questions a answers correctly than b, in points, with an interval.
func difference(a, b *way) string {
	if a == b {
		return ""
	}
	each := make([]float64, len(a.right))
	for i := range each {
		each[i] = 100 * (a.right[i] - b.right[i])
	}
	rng := rand.New(rand.NewPCG(1, 2))
	means := make([]float64, drawn)
	for i := range means {
		for range each {
			means[i] += each[rng.IntN(len(each))] / float64(len(each))
		}
	}
	slices.Sort(means)
	return fmt.Sprintf("%+.1f [%+.1f, %+.1f]", mean(each), means[drawn*25/1000], means[drawn*975/1000])
}
