//go:build train

package train_test

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/lm"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/train"
	"github.com/finece/finece/wasm/calibration"
	"github.com/finece/finece/wasm/estimate"
)

// workshop has the folder in which a test makes tiny models.
type workshop struct {
	*testing.T
	folder, finece, python string
}

func newWorkshop(t *testing.T) *workshop {
	python := os.Getenv("FINECE_PYTHON")
	if python == "" {
		python = "../../build/venv/bin/python"
	}
	python, err := filepath.Abs(python)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(python); err != nil {
		t.Fatalf("%v: make train-env makes it", err)
	}
	w := &workshop{t, t.TempDir(), "", python}
	w.finece = w.path("finece")
	if out, err := exec.Command("go", "build", "-o", w.finece, "../cmd/finece").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return w
}

func (w *workshop) path(name ...string) string {
	return filepath.Join(append([]string{w.folder}, name...)...)
}

// run runs finece.
func (w *workshop) run(args ...string) string {
	w.Helper()
	cmd := exec.CommandContext(w.Context(), w.finece, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		w.Fatalf("finece %s: %v: %s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return string(out)
}

// train runs the trainer and returns what it reports.
func (w *workshop) train(args ...string) []train.Report {
	w.Helper()
	var log bytes.Buffer
	var all []train.Report
	t := train.Trainer{Python: w.python, Finece: w.finece, Log: &log}
	if err := t.Run(w.Context(), func(r train.Report) { all = append(all, r) }, args...); err != nil {
		w.Fatalf("%s: %v: %s", strings.Join(args, " "), err, log.Bytes())
	}
	return all
}

// losses returns the first and the last reported loss.
func losses(all []train.Report) (first, last float64) {
	first, last = math.NaN(), math.NaN()
	for _, r := range all {
		if r.Loss != nil {
			if last = *r.Loss; math.IsNaN(first) {
				first = last
			}
		}
	}
	return first, last
}

// serve serves a model.
func (w *workshop) serve(name string, m *lm.Model, err error) string {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
	e, err := lm.NewEngine(m, lm.DefaultOptions())
	if err != nil {
		w.Fatal(err)
	}
	s, err := lm.NewServer(lm.Served{Name: name, Engine: e})
	if err != nil {
		w.Fatal(err)
	}
	server := httptest.NewServer(s)
	w.Cleanup(func() {
		server.Close()
		e.Close()
	})
	return server.URL
}

// TestBase makes a tokenizer and a tiny generator from a corpus, and host/lm runs it. It
// also stops a training early and trains that model further, as a whole and by an adapter.
func TestBase(t *testing.T) {
	w := newWorkshop(t)
	corpus, prompts := w.path("corpus.jsonl"), w.path("prompts.jsonl")
	w.run("train", "corpus", "-n", "1600", "-o", corpus)
	w.run("train", "corpus", "--prompts", "-n", "60", "-o", prompts)
	w.train("tokenizer", "--corpus", corpus, prompts, "--out", w.path("tokenizer"), "--vocab", "400")
	args := []string{
		"base", "--corpus", corpus, "--tokenizer", w.path("tokenizer"),
		"--hidden", "32", "--ffn", "64", "--layers", "2", "--heads", "2", "--batch", "16", "--lr", "1e-2", "--log-every", "10",
	}
	all := w.train(append(slices.Clone(args), "--out", w.path("base"))...)
	if first, last := losses(all); !(last < first/2) {
		t.Errorf("the loss went from %v to %v", first, last)
	}
	if last := all[len(all)-2]; last.Step != 100 || last.Of != 100 {
		t.Errorf("the last step is %+v, want 100 of 100", last)
	}
	early := w.train(append(slices.Clone(args), "--out", w.path("early"), "--stop", "20")...)
	if last := early[len(early)-2]; last.Step != 20 || last.Of != 100 || *last.Loss != *all[2].Loss {
		t.Errorf("the last step is %+v, want 20 of 100, as in %+v", last, all[2])
	}
	further := w.train("base", "--corpus", corpus, "--model", w.path("early", "best"), "--batch", "16", "--lr", "5e-3", "--log-every", "10", "--out", w.path("further"))
	_, stopped := losses(early)
	if first, last := losses(further); !(first < stopped*1.2 && last < stopped*0.8) {
		t.Errorf("further on the loss went from %v to %v, from %v before", first, last, stopped)
	}
	remembers := w.train("base", "--corpus", corpus, prompts, "--model", w.path("early", "best"), "--prompt-loss", "1", "--remember", "1", "--batch", "16", "--lr", "5e-3", "--log-every", "10", "--out", w.path("remembers"))
	if first, last := losses(remembers); !(last < first/2) {
		t.Errorf("with all losses it went from %v to %v", first, last)
	}
	adapted := w.train("base", "--corpus", prompts, "--model", w.path("further", "best"), "--lora-rank", "4", "--epochs", "10", "--batch", "16", "--lr", "2e-2", "--log-every", "4", "--out", w.path("adapted"))
	if first, last := losses(adapted); !(last < first*0.7) {
		t.Errorf("with an adapter the loss on other texts went from %v to %v", first, last)
	}
	for _, name := range []string{"base", "early", "further", "remembers", "adapted"} {
		m, err := lm.Load(os.DirFS(w.path(name, "best")))
		if name == "adapted" {
			m, err = lm.LoadAdapter(os.DirFS(w.path("further", "best")), os.DirFS(w.path(name, "best")))
		}
		url := w.serve("generator", m, err)
		client, err := model.New(model.DefaultConfig(url + "/v1"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Post(t.Context(), []byte(`{"messages":[{"role":"user","content":"Hello"}],"max_tokens":8}`)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// shipped is the generator that the project ships.
const shipped = "../lm/weights/generator"

// labels samples labels from a generator with finece construct and exports them.
func (w *workshop) labels(generator string) (train, dev string, held []construct.State) {
	questions, states := w.path("questions.jsonl"), w.path("states.jsonl")
	w.run("train", "problems", "--pool", "confidence", "-n", "60", "--seed", "9", "-o", questions)
	m, err := lm.Load(os.DirFS(generator))
	url := w.serve("generator", m, err)
	w.run("construct", "--server", url+"/v1", "--model", "generator", "--grader", "number", "--prompt", "{question}", "--max-tokens", "200",
		"--k", "6", "--m", "2", "--T", "1", "--split", "0.7,0.3,0", "--seed", "4", "-o", states, questions)
	for _, split := range []string{"train", "dev"} {
		w.run("train", "export", "--split", split, "-o", w.path(split+".jsonl"), states)
	}
	f, err := os.Open(states)
	if err != nil {
		w.Fatal(err)
	}
	defer f.Close()
	unsure := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var s construct.State
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			w.Fatal(err)
		}
		if s.K > 0 && s.K < s.N {
			unsure++
		}
		if s.Split != "dev" {
			continue
		}
		held = append(held, s)
		if s.Position == "p(z)" { // exported as often as it was sampled
			held = append(held, slices.Repeat([]construct.State{s}, s.Count-1)...)
		}
	}
	if lines, err := os.ReadFile(w.path("dev.jsonl")); err != nil || bytes.Count(lines, []byte("\n")) != len(held) {
		w.Fatalf("%v: %d states are held out, the file has %d lines", err, len(held), bytes.Count(lines, []byte("\n")))
	}
	if unsure < 10 || len(held) < 50 {
		w.Fatalf("%d states are neither sure nor hopeless, %d are held out", unsure, len(held))
	}
	return w.path("train.jsonl"), w.path("dev.jsonl"), held
}

// epoch is a line of heldout.jsonl.
type epoch struct {
	Epoch, States, Unavailable int
	ECE, AUROC, Brier          *float64
	Best                       bool
}

// reports reads heldout.jsonl and compares it with finece eval.
func (w *workshop) reports(out string, epochs int) (all []epoch) {
	w.Helper()
	raw, err := os.ReadFile(filepath.Join(out, "heldout.jsonl"))
	if err != nil {
		w.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSpace(string(raw)), "\n") {
		var e, eval epoch
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Epoch != i+1 {
			w.Fatalf("%v: line %d is %s", err, i+1, line)
		}
		all = append(all, e)
		if e.States == 0 {
			continue
		}
		report := w.run("eval", "--format", "json", filepath.Join(out, fmt.Sprintf("heldout-%d.csv", e.Epoch)))
		same := func(a, b *float64) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }
		if err := json.Unmarshal([]byte(report), &eval); err != nil || e.ECE == nil || e.Brier == nil || e.AUROC == nil && e.Best && e.Epoch == epochs ||
			!same(eval.ECE, e.ECE) || !same(eval.AUROC, e.AUROC) || !same(eval.Brier, e.Brier) {
			w.Errorf("%v: %s, but finece eval says %s", err, line, report)
		}
	}
	if len(all) != epochs {
		w.Fatalf("%d epochs, want %d: %s", len(all), epochs, raw)
	}
	return all
}

// confidences returns the confidences of the best epoch, by the number of the held-out state.
func (w *workshop) confidences(out string, all []epoch) map[int]float64 {
	w.Helper()
	best := 0
	for _, e := range all {
		if e.Best {
			best = e.Epoch
		}
	}
	f, err := os.Open(filepath.Join(out, fmt.Sprintf("heldout-%d.csv", best)))
	if err != nil {
		w.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		w.Fatal(err)
	}
	by := map[int]float64{}
	for _, row := range rows[1:] {
		state, _ := strconv.Atoi(row[2])
		if by[state], err = strconv.ParseFloat(row[0], 64); err != nil {
			w.Fatal(err)
		}
	}
	return by
}

// compare asks a served model for the confidences of held-out states, as a session does. They
// must be close to those that the trainer found; the served weights have 16 bits.
func (w *workshop) compare(url string, m estimate.Model, held []construct.State, want map[int]float64) {
	w.Helper()
	if len(want) < 30 {
		w.Fatalf("the trainer found %d confidences", len(want))
	}
	client, err := model.NewFor(&m, model.DefaultConfig(url+"/v1"))
	if err != nil {
		w.Fatal(err)
	}
	worst, spread := 0.0, map[float64]bool{}
	for i, s := range held {
		p, ok := want[i]
		if !ok {
			continue
		}
		reply, err := client.Post(w.Context(), m.AppendRequest(nil, train.StageOf(&s), []byte(s.Question), []byte(s.Text)))
		if err != nil {
			w.Fatal(err)
		}
		r, err := m.ReadReply(reply)
		if err != nil {
			w.Fatalf("%v: %s", err, reply)
		}
		spread[math.Round(r.Confidence*100)] = true
		worst = max(worst, math.Abs(r.Confidence-p))
		if math.Abs(r.Confidence-p) > 5e-3 {
			w.Errorf("state %d, %s: host/lm says %v, the trainer found %v", i, s.Position, r.Confidence, p)
		}
	}
	w.Logf("%d states, %d different confidences, at most %.2g apart", len(want), len(spread), worst)
	if len(spread) < 10 {
		w.Errorf("the confidences are about the same: %v", spread)
	}
}

// TestTrainer trains a confidence model of each kind on labels sampled from the shipped
// generator, and asks each model as it is asked in use.
func TestTrainer(t *testing.T) {
	w := newWorkshop(t)
	generator, err := filepath.Abs(shipped)
	if err != nil {
		t.Fatal(err)
	}
	data, dev, held := w.labels(generator)
	common := []string{"--model", generator, "--data", data, "--dev", dev, "--batch", "8", "--log-every", "20", "--generator", "generator", "--domain", "word problems"}
	chat := estimate.DefaultModel()
	value := estimate.Model{Adapter: estimate.Pooling, Activation: estimate.Sigmoid}
	for _, c := range []struct {
		name   string
		m      estimate.Model
		epochs int
		falls  float64 // the loss to this share
		args   []string
	}{
		{"ift", chat, 3, 0.7, []string{"ift", "--lr", "2e-3", "--beta2", "0.95"}},
		{"ift-grown", chat, 3, 0.7, []string{"ift", "--lr", "2e-3", "--grow", "2", "--prompt-loss", "0.3", "--surprise", "1"}},
		{"ift-frozen", chat, 3, 0.7, []string{"ift", "--lr", "4e-3", "--grow", "2", "--freeze", "--surprise", "1"}},
		{"ift-lora", chat, 3, 0.7, []string{"ift", "--lr", "1e-2", "--beta2", "0.95", "--lora-rank", "8"}},
		{"value", value, 3, 0.97, []string{"value", "--lr", "1e-3", "--beta2", "0.95"}},
		{"value-lora", value, 3, 0.97, []string{"value", "--lr", "5e-3", "--beta2", "0.95", "--lora-rank", "8"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &workshop{t, w.folder, w.finece, w.python}
			out := w.path(c.name)
			all := w.train(slices.Concat(c.args, common, []string{"--epochs", fmt.Sprint(c.epochs), "--out", out})...)
			first, last := losses(all)
			t.Logf("loss %v to %v", first, last)
			if !(last < first*c.falls) {
				t.Errorf("the loss went from %v to %v", first, last)
			}
			if saved := all[len(all)-1].Saved; saved != filepath.Join(out, "best") {
				t.Errorf("it says that the model is in %q", saved)
			}
			reports := w.reports(out, c.epochs)
			if last := reports[c.epochs-1]; !(*last.AUROC > 0.55) {
				t.Errorf("the last epoch's AUROC is %v", *last.AUROC)
			}
			best := os.DirFS(filepath.Join(out, "best"))
			var m *lm.Model
			var err error
			if slices.Contains(c.args, "--lora-rank") {
				m, err = lm.LoadAdapter(os.DirFS(generator), best)
			} else {
				m, err = lm.Load(best)
			}
			w.compare(w.serve("confidence", m, err), c.m, held, w.confidences(out, reports))
			card, err := calibration.ParseCard(m.Card())
			if err != nil || card.Name != c.name || card.Generator != "generator" || card.Domain != "word problems" || card.Labels == 0 || len(card.Figures) != 3 {
				t.Errorf("the card is %s: %v", m.Card(), err)
			}
			for _, folder := range []string{w.folder, generator} {
				if found, _ := exec.Command("grep", "-rlF", folder, filepath.Join(out, "best")).Output(); len(found) > 0 {
					t.Errorf("this machine's path %s is in %s", folder, found)
				}
			}
		})
	}
	t.Run("resume value", func(t *testing.T) {
		resumes(&workshop{t, w.folder, w.finece, w.python}, slices.Concat([]string{"value", "--lr", "1e-3"}, common))
	})
	t.Run("resume ift", func(t *testing.T) {
		resumes(&workshop{t, w.folder, w.finece, w.python}, slices.Concat([]string{"ift", "--lr", "2e-3", "--grow", "1", "--prompt-loss", "0.3", "--surprise", "1"}, common))
	})
	t.Run("resume ift in two processes", func(t *testing.T) {
		resumes(&workshop{t, w.folder, w.finece, w.python}, slices.Concat([]string{"ift", "--lr", "2e-3", "--grow", "1", "--prompt-loss", "0.3", "--surprise", "1", "--processes", "2"}, common))
	})
	t.Run("processes", func(t *testing.T) {
		alike(&workshop{t, w.folder, w.finece, w.python}, slices.Concat([]string{"value", "--lr", "1e-3", "--limit", "200", "--no-bf16"}, common))
	})
	t.Run("grown", func(t *testing.T) { goesOn(&workshop{t, w.folder, w.finece, w.python}, common) })
	t.Run("losses", func(t *testing.T) { lossesHold(&workshop{t, w.folder, w.finece, w.python}, generator, data) })
	t.Run("errors", func(t *testing.T) { trainerErrors(&workshop{t, w.folder, w.finece, w.python}, generator, data, dev) })
	t.Run("yaml", func(t *testing.T) { yamlReads(&workshop{t, w.folder, w.finece, w.python}) })
}
