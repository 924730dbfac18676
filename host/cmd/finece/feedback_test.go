package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/feedback"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
)

// labelledDB makes a database of serve with labelled answers, and writes what GET
// /finece/calibration answers to a file beside it.
func labelledDB(t *testing.T, name string, answers int, source record.Source) (db, reply string) {
	t.Helper()
	db = filepath.Join(t.TempDir(), name+".db")
	s, err := feedback.Open(t.Context(), feedback.Config{Path: db})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, uint64(answers)))
	for i := range answers {
		right := r.IntN(3) > 0
		var places []follow.Place
		for at, kinds := range []position.Kind{position.Question, position.Paragraph, position.End} {
			raw := 0.9 * r.Float64()
			if right {
				raw = 1 - raw
			}
			places = append(places, follow.Place{Confidence: record.Confidence{
				Place: record.Place{Index: at, Kinds: kinds, Token: int64(20 * at)}, State: session.Final, Raw: raw, Fused: raw, Source: source,
			}})
		}
		id := fmt.Sprint(name, i)
		s.Keep(t.Context(), &gateway.Exchange{Own: id, ID: id, Generator: "some-model", Answers: []gateway.Answer{{Places: places}}})
		if err := s.Put(t.Context(), "", feedback.Label{ID: id, Correct: right}); err != nil {
			t.Fatal(err)
		}
	}
	all, err := s.Calibration(context.Background(), feedback.Scope{Everyone: true})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	reply = strings.TrimSuffix(db, ".db") + ".json"
	if err := os.WriteFile(reply, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return db, reply
}

func TestCalibrateFromLabels(t *testing.T) {
	source := record.Source{Estimator: "logprob", Method: "perplexity"}
	db, _ := labelledDB(t, "a", 200, source)
	file := filepath.Join(t.TempDir(), "map.json")
	r := finece(t, "", "calibrate", "--from", db, "--per-band", "--domain", "zoology", "--resamples", "20", "-o", file)
	r.wants(t, exit.OK, "early positions take the map of all")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Source string
		Card   struct {
			Generator, Domain string
			Kinds             []string
			Labels            int
		}
	}
	if err := json.Unmarshal(text, &c); err != nil || c.Source != "a.db" || c.Card.Generator != "some-model" || c.Card.Domain != "zoology" || fmt.Sprint(c.Card.Kinds) != "[question paragraph end]" || c.Card.Labels != 600 {
		t.Errorf("%+v, %v", c, err)
	}
	if !strings.Contains(r.out, "late       400  200 ") {
		t.Errorf("400 rows of 200 answers: %s", r.out)
	}
	finece(t, "", "calibrate", "--from", db, "--apply", file).wants(t, exit.Usage, "--apply maps an input")
	finece(t, "", "calibrate", "--from", db, "-").wants(t, exit.Usage, "--from replaces the input")
	finece(t, "", "calibrate", "--scored-by", "x", "-").wants(t, exit.Usage, "--scored-by needs --from")
	finece(t, "", "calibrate", "--from", db, "--scored-by", "model/x").wants(t, exit.Faults, "logprob/perplexity")
	finece(t, "", "calibrate", "--from", db+"x").wants(t, exit.IO, "finece serve --feedback-db makes it")
	finece(t, "", "calibrate", "--from", file).wants(t, exit.IO, "not a database")
}

func TestMergeTheFiguresOfGateways(t *testing.T) {
	source := record.Source{Estimator: "logprob", Method: "perplexity"}
	_, a := labelledDB(t, "a", 120, source)
	_, b := labelledDB(t, "b", 80, source)
	r := finece(t, "", "eval", "--merge", a, b)
	r.wants(t, exit.OK)
	if !strings.Contains(r.out, "200 labels on 200 answers") || !strings.Contains(r.out, "logprob/perplexity") {
		t.Errorf("%s", r.out)
	}
	again := filepath.Join(t.TempDir(), "merged.json")
	r = finece(t, "", "eval", "--merge", "--format", "json", a, b)
	if err := os.WriteFile(again, []byte(r.out), 0o600); err != nil {
		t.Fatal(err)
	}
	if twice := finece(t, "", "eval", "--merge", "--format", "json", again); twice.out != r.out {
		t.Errorf("a merged reply is not read as it was written:\n%s\n%s", twice.out, r.out)
	}
	finece(t, "", "eval", "--merge").wants(t, exit.Usage, "--merge needs files")
	finece(t, "", "eval", "--merge", "--format", "xml", a).wants(t, exit.Usage, "--format")
	finece(t, "", "eval", "--merge", "--plot", "x.svg", a).wants(t, exit.Usage, "--plot")
	finece(t, "", "eval", "--merge", "testdata/answers.jsonl").wants(t, exit.Faults, "testdata/answers.jsonl", "GET /finece/calibration")
}

func TestBackUpLabels(t *testing.T) {
	db, _ := labelledDB(t, "a", 60, record.Source{Estimator: "logprob", Method: "perplexity"})
	to := filepath.Join(t.TempDir(), "copy.db")
	finece(t, "", "feedback", "backup", db, to).wants(t, exit.OK, "wrote "+to)
	want, got := finece(t, "", "calibrate", "--from", db, "--resamples", "20"), finece(t, "", "calibrate", "--from", to, "--resamples", "20")
	if got.out != want.out || got.out == "" {
		t.Errorf("the copy gives another map: %s", got.out)
	}
	finece(t, "", "feedback", "backup", db, to).wants(t, exit.IO, "exists")
	finece(t, "", "feedback", "backup", db).wants(t, exit.Usage, "needs the database and the file")
	finece(t, "", "feedback", "backup", db+"x", to+"2").wants(t, exit.IO, "--feedback-db makes it")
}
