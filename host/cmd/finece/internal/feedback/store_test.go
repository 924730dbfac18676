package feedback

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/metrics/calibrate/fit"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
)

// opened is a store in a new file.
func opened(t *testing.T, c Config) *Store {
	t.Helper()
	if c.Path == "" {
		c.Path = filepath.Join(t.TempDir(), "feedback.db")
	}
	if c.Report == nil {
		c.Report = func(message string, err error) { t.Errorf("%s: %v", message, err) }
	}
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	uses(t, s, "first")
	return s
}

// uses says which calibration is in use.
func uses(t *testing.T, s *Store, scorer string) {
	t.Helper()
	if err := s.Use(t.Context(), []string{scorer}); err != nil {
		t.Fatal(err)
	}
}

// confidence is a final confidence of a position.
func confidence(choice, index int, kinds position.Kind, value float64) follow.Place {
	c := record.Confidence{
		Place: record.Place{Choice: choice, Index: index, Kinds: kinds, Token: int64(10 * index)},
		State: session.Final, Raw: value / 2, Fused: value, Calibrated: true,
		Source: record.Source{Estimator: "model", Basis: "expectation", Model: "judge", Map: "platt", Band: "late"},
	}
	return follow.Place{Confidence: c}
}

// exchange is an answer of one choice, with p(0), p(1) and p(z).
func exchange(client, own, id string, values ...float64) *gateway.Exchange {
	kinds := []position.Kind{position.Question, position.Paragraph, position.End}
	var places []follow.Place
	for i, v := range values {
		places = append(places, confidence(0, i, kinds[i], v))
	}
	return &gateway.Exchange{Client: client, Own: own, ID: id, Scorer: "first", Generator: "generator", Answers: []gateway.Answer{{Places: places}}}
}

func put(t *testing.T, s *Store, client, id string, correct bool) {
	t.Helper()
	if err := s.Put(t.Context(), client, Label{ID: id, Correct: correct}); err != nil {
		t.Fatalf("a label of %s: %v", id, err)
	}
}

// counts is how many answers and labels a client has.
func counts(t *testing.T, s *Store, scope Scope) string {
	t.Helper()
	r, err := s.Calibration(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	pairs := uint64(0)
	for _, g := range r.Groups {
		pairs += g.N
	}
	return fmt.Sprintf("%d answers, %d labels, %d pairs", r.Answers, r.Labels, pairs)
}

var everyone = Scope{Everyone: true}

func TestALabelMeetsItsAnswer(t *testing.T) {
	s := opened(t, Config{DriftRate: 0.01})
	s.Keep(t.Context(), exchange("a", "OWN1", "chatcmpl-1", 0.3, 0.6, 0.9))
	s.Keep(t.Context(), exchange("b", "OWN2", "chatcmpl-1", 0.3, 0.6, 0.9))
	for range 3 { // a client may repeat itself
		put(t, s, "a", "chatcmpl-1", true)
		put(t, s, "a", "OWN1", true)
	}
	if got, want := counts(t, s, everyone), "2 answers, 1 labels, 3 pairs"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	r, err := s.Calibration(t.Context(), everyone)
	if err != nil || len(r.Groups) != 3 || r.Groups[0].Kinds != "end" || r.Groups[0].Mean != 0.9 || r.Groups[0].Correct != 1 || r.Groups[1].Kinds != "question" || r.Drift[0].N != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	put(t, s, "a", "OWN1", false) // the client has changed its mind
	if r, err = s.Calibration(t.Context(), everyone); err != nil || r.Groups[0].Correct != 0 || r.Groups[0].N != 1 || r.Drift[0].N != 1 {
		t.Errorf("a changed label: %+v, %v", r, err)
	}
}

// TestAnotherKeysAnswerIsNotFound: a client cannot reach another client's answer by any id.
func TestAnotherKeysAnswerIsNotFound(t *testing.T) {
	s := opened(t, Config{})
	s.Keep(t.Context(), exchange("a", "OWN1", "chatcmpl-1", 0.3, 0.6, 0.9))
	for _, id := range []string{"OWN1", "chatcmpl-1", "", "other", "%", "' OR 1=1 --"} {
		for _, client := range []string{"b", "", "A", "a "} {
			if err := s.Put(t.Context(), client, Label{ID: id}); !errors.Is(err, ErrNotFound) {
				t.Errorf("%q labels %q: %v", client, id, err)
			}
			if err := s.Forget(t.Context(), client, id); !errors.Is(err, ErrNotFound) {
				t.Errorf("%q forgets %q: %v", client, id, err)
			}
		}
	}
	if err := s.Put(t.Context(), "a", Label{ID: "OWN1", Choice: 1}); !errors.Is(err, ErrNotFound) {
		t.Errorf("a choice that is not there: %v", err)
	}
	put(t, s, "a", "OWN1", true)
	if got, want := counts(t, s, Scope{Client: "b"}), "0 answers, 0 labels, 0 pairs"; got != want {
		t.Errorf("b is shown %s", got)
	}
	if r, err := s.Calibration(t.Context(), Scope{Client: "a"}); err != nil || r.Labels != 1 || r.Drift != nil {
		t.Errorf("a is shown %+v, %v; the test of all clients is the operator's", r, err)
	}
}

func TestTheNewestOfTwoAnswersWithOneIDIsMeant(t *testing.T) {
	s := opened(t, Config{})
	s.Keep(t.Context(), exchange("a", "OWN1", "same", 0.1))
	s.Keep(t.Context(), exchange("a", "OWN2", "same", 0.2))
	put(t, s, "a", "same", true)
	r, err := s.Calibration(t.Context(), everyone)
	if err != nil || len(r.Groups) != 1 || r.Groups[0].Mean != 0.2 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestWhatIsForgottenIsGone: a forgotten answer is also gone from the bytes of the database's
// files.
func TestWhatIsForgottenIsGone(t *testing.T) {
	s := opened(t, Config{})
	s.Keep(t.Context(), exchange("a", "OWN1", "chatcmpl-forgotten", 0.3, 0.6, 0.9))
	if err := s.Put(t.Context(), "a", Label{ID: "OWN1", Note: "the zebrafinch"}); err != nil {
		t.Fatal(err)
	}
	secrets := []string{"zebrafinch", "chatcmpl-forgotten"}
	if found := inFiles(t, s.config.Path, secrets); len(found) != 2 {
		t.Fatalf("before: %v", found)
	}
	if err := s.Forget(t.Context(), "a", "chatcmpl-forgotten"); err != nil {
		t.Fatal(err)
	}
	if found := inFiles(t, s.config.Path, secrets); len(found) > 0 {
		t.Errorf("the files still have %v", found)
	}
	if got, want := counts(t, s, everyone), "0 answers, 0 labels, 0 pairs"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if err := s.Put(t.Context(), "a", Label{ID: "OWN1"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("a label afterwards: %v", err)
	}
}

// inFiles says which texts are in the database's files.
func inFiles(t *testing.T, path string, texts []string) (found []string) {
	t.Helper()
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var all []byte
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the permissions %v, %v", f, info.Mode(), err)
		}
		all = append(all, data...)
	}
	for _, text := range texts {
		if bytes.Contains(all, []byte(text)) {
			found = append(found, text)
		}
	}
	return found
}

func TestOldAnswersAreDeleted(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	s := opened(t, Config{Retention: time.Hour, now: func() time.Time { return now }})
	for i := range 2500 {
		if i == 1200 {
			if err := s.flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			now = now.Add(45 * time.Minute)
		}
		s.keepAll(t, exchange("a", fmt.Sprint("own", i), fmt.Sprint("id", i), 0.5))
	}
	put(t, s, "a", "id1", true)
	put(t, s, "a", "id2000", true)
	now = now.Add(30 * time.Minute)
	if err := s.prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := counts(t, s, everyone), "1300 answers, 1 labels, 1 pairs"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// keepAll is Keep that waits while too many answers are to be written.
func (s *Store) keepAll(t *testing.T, x *gateway.Exchange) {
	t.Helper()
	if len(s.waiting) == cap(s.waiting) {
		if err := s.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s.Keep(t.Context(), x)
}

func TestTheDatabaseStaysWithinItsBound(t *testing.T) {
	const bound = 1 << 20
	s := opened(t, Config{Max: bound})
	for i := range 6000 {
		s.keepAll(t, exchange("a", fmt.Sprint("own", i), fmt.Sprint("id", i), 0.5, 0.6, 0.7))
		if i < 5 {
			put(t, s, "a", fmt.Sprint("id", i), true)
		}
		if i%1500 == 1499 {
			if err := errors.Join(s.flush(t.Context()), s.prune(t.Context())); err != nil {
				t.Fatal(err)
			}
		}
	}
	size, err := s.size(t.Context())
	if err != nil || size > bound {
		t.Errorf("%d bytes, %v", size, err)
	}
	r, err := s.Calibration(t.Context(), everyone)
	if err != nil || r.Labels != 5 || r.Answers < 500 || r.Answers > 5900 {
		t.Errorf("%d answers and %d labels are left, %v; want the 5 old labels and some of the 6000 answers", r.Answers, r.Labels, err)
	}
	put(t, s, "a", "id5999", true) // the newest is there
}

// TestLabelsAndAnswersAtOnce: many clients store answers and labels and read figures at the
// same time.
func TestLabelsAndAnswersAtOnce(t *testing.T) {
	s := opened(t, Config{DriftRate: 0.01})
	var all sync.WaitGroup
	for c := range 8 {
		all.Go(func() {
			client := fmt.Sprint("client", c)
			for i := range 25 {
				own := fmt.Sprint(client, "-", i)
				s.Keep(t.Context(), exchange(client, own, "id", 0.5, 0.6, 0.7))
				if err := s.Put(t.Context(), client, Label{ID: own, Correct: (7*i+3*c)%10 < 7}); err != nil {
					t.Errorf("%s: %v", own, err)
				}
			}
			if _, err := s.Calibration(t.Context(), Scope{Client: client}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got, want := counts(t, s, everyone), "200 answers, 200 labels, 600 pairs"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if d := s.Drift()[0]; d.N != 200 || d.Alarm {
		t.Errorf("drift: %+v", d)
	}
}

// TestALabelWaitsForItsAnswer: a label waits for an answer that is about to be written.
func TestALabelWaitsForItsAnswer(t *testing.T) {
	s := opened(t, Config{})
	done := make(chan error)
	go func() { done <- s.PutSoon(t.Context(), "a", Label{ID: "OWN1", Correct: true}, time.Hour) }()
	s.Keep(t.Context(), exchange("a", "OTHER", "other", 0.5))
	s.Keep(t.Context(), exchange("a", "OWN1", "chatcmpl-1", 0.5))
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := s.PutSoon(t.Context(), "a", Label{ID: "OWN2"}, time.Nanosecond); !errors.Is(err, ErrNotFound) {
		t.Errorf("an answer that does not come: %v", err)
	}
}

// TestOtherFilesAreNotTouched: a database of another program, or of another version.
func TestOtherFilesAreNotTouched(t *testing.T) {
	dir := t.TempDir()
	for name, statements := range map[string]string{
		"other.db": "CREATE TABLE answers (x)",
		"later.db": fmt.Sprintf("CREATE TABLE answers (x); PRAGMA application_id = %d; PRAGMA user_version = %d", application, schemaVersion+1),
	} {
		path := filepath.Join(dir, name)
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(statements); err != nil {
			t.Fatal(err)
		}
		db.Close()
		if _, err := Open(t.Context(), Config{Path: path}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := ReadRows(t.Context(), path, ""); err == nil {
			t.Errorf("rows of %s", name)
		}
	}
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Config{Path: text}); err == nil {
		t.Error("a text file is opened")
	}
}

// TestBackup: the copy of a database in use is complete, and does not replace a file.
func TestBackup(t *testing.T) {
	s := opened(t, Config{})
	for i := range 100 {
		s.Keep(t.Context(), exchange("a", fmt.Sprint("own", i), "id", 0.5, 0.6, 0.7))
		put(t, s, "a", fmt.Sprint("own", i), i%3 > 0)
	}
	to := filepath.Join(t.TempDir(), "copy.db")
	if err := Backup(t.Context(), s.config.Path, to); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	want, err := ReadRows(t.Context(), s.config.Path, "")
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadRows(t.Context(), to, "")
	if err != nil || len(got.Rows) != 300 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%d rows, %v; want %d", len(got.Rows), err, len(want.Rows))
	}
	if err := Backup(t.Context(), s.config.Path, to); err == nil {
		t.Error("a file is replaced")
	}
	if err := Backup(t.Context(), filepath.Join(t.TempDir(), "none.db"), to+"2"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no database: %v", err)
	}
	if _, err := os.Stat(to + "2"); err == nil {
		t.Error("a backup that failed leaves a file")
	}
}

// TestRows: the rows are the raw confidences of one estimator, grouped by answer.
func TestRows(t *testing.T) {
	s := opened(t, Config{})
	for _, estimator := range []string{"", "logprob/perplexity"} {
		if _, err := ReadRows(t.Context(), s.config.Path, estimator); err != ErrNoRows {
			t.Errorf("no labels, estimator %q: %v", estimator, err)
		}
	}
	s.Keep(t.Context(), exchange("a", "own1", "id", 0.2, 0.4, 0.6))
	s.Keep(t.Context(), exchange("b", "own2", "id", 0.8, 0.8, 0.8))
	put(t, s, "a", "own1", true)
	r, err := ReadRows(t.Context(), s.config.Path, "")
	if err != nil {
		t.Fatal(err)
	}
	want := []fit.Row{
		{Confidence: 0.1, Correct: 1, N: 1, Tokens: 0, Question: true},
		{Confidence: 0.2, Correct: 1, N: 1, Tokens: 10},
		{Confidence: 0.3, Correct: 1, N: 1, Tokens: 20, End: true},
	}
	if !slices.Equal(r.Rows, want) || r.Generator != "generator" || r.Kinds != position.Question|position.Paragraph|position.End {
		t.Errorf("%+v, want %+v", r, want)
	}
	other := exchange("a", "own3", "id", 0.5)
	other.Answers[0].Places[0].Source = record.Source{Estimator: "logprob", Method: "perplexity"}
	other.Generator = "second"
	s.Keep(t.Context(), other)
	put(t, s, "a", "own3", false)
	several := (*SeveralError)(nil)
	if _, err := ReadRows(t.Context(), s.config.Path, ""); !errors.As(err, &several) || strings.Join(several.Estimators, " ") != "logprob/perplexity model/expectation/judge" {
		t.Errorf("%v", err)
	}
	if r, err := ReadRows(t.Context(), s.config.Path, "logprob/perplexity"); err != nil || len(r.Rows) != 1 || r.Generator != "second" {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := ReadRows(t.Context(), s.config.Path, "logprob/min-prob"); !errors.Is(err, ErrNoRows) {
		t.Errorf("%v", err)
	}
}

// TestDrift: labels that contradict the calibration raise one alarm, which a restart keeps
// and another calibration does not have.
func TestDrift(t *testing.T) {
	path := filepath.Join(t.TempDir(), "feedback.db")
	var said []string
	c := Config{Path: path, DriftRate: 0.01, Report: func(message string, err error) { said = append(said, fmt.Sprint(message, ": ", err)) }}
	s := opened(t, c)
	if s.Drifted("first") {
		t.Fatal("without a label")
	}
	for i := range 60 {
		own := fmt.Sprint("own", i)
		s.Keep(t.Context(), exchange("a", own, "id", 0.5, 0.9, 0.9))
		put(t, s, "a", own, i%2 == 0)
		put(t, s, "a", own, true) // a changed mind is no further label
	}
	if d := s.Drift()[0]; !s.Drifted("first") || d.N != 60 || !d.Alarm || d.Leaning != "over" {
		t.Fatalf("%+v", d)
	}
	if len(said) != 1 || !strings.Contains(said[0], "less often correct") || !strings.Contains(said[0], "finece calibrate --from") {
		t.Errorf("%q", said)
	}
	uncalibrated := exchange("a", "certainty", "id", 0.9, 0.9, 0.9)
	for i := range uncalibrated.Answers[0].Places {
		uncalibrated.Answers[0].Places[i].Calibrated = false
	}
	s.Keep(t.Context(), uncalibrated)
	put(t, s, "a", "certainty", false)
	if d := s.Drift()[0]; d.N != 60 {
		t.Errorf("a certainty is tested: %+v", d)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := opened(t, c)
	if d := again.Drift()[0]; !again.Drifted("first") || d.N != 60 {
		t.Errorf("after a restart: %+v", d)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	other := opened(t, c)
	uses(t, other, "second")
	put(t, other, "a", "own0", false)
	if d := other.Drift()[0]; other.Drifted("second") || d.N != 0 || !d.Current {
		t.Errorf("of another calibration: %+v", d)
	}
	r, err := other.Calibration(context.Background(), everyone)
	if err != nil || len(r.Drift) != 2 || !r.Drift[0].Current || r.Drift[1].Scorer != "first" || !r.Drift[1].Alarm {
		t.Errorf("%+v, %v", r.Drift, err)
	}
}

// TestWhatIsKept: only scored answers are kept, and of these the positions with a value, up to
// a limit.
func TestWhatIsKept(t *testing.T) {
	s := opened(t, Config{})
	unscored := exchange("a", "", "id", 0.5)
	nothing := exchange("a", "own1", "id")
	pending := exchange("a", "own2", "id", 0.5, 0.5)
	pending.Answers[0].Places[1] = follow.Place{Confidence: record.Confidence{Place: record.Place{Index: 1}, State: session.Unavailable, Fused: nan(), Raw: nan()}}
	long := exchange("a", "own3", "id", 0.5)
	for i := 1; i < 2*mostPlaces; i++ {
		long.Answers[0].Places = append(long.Answers[0].Places, confidence(0, i, position.Periodic, 0.5))
	}
	long.Answers[0].Places = append(long.Answers[0].Places, confidence(0, 2*mostPlaces, position.End, 0.5))
	for _, x := range []*gateway.Exchange{unscored, nothing, pending, long} {
		s.Keep(t.Context(), x)
	}
	put(t, s, "a", "own2", true)
	put(t, s, "a", "own3", true)
	if got, want := counts(t, s, everyone), fmt.Sprintf("2 answers, 2 labels, %d pairs", 1+mostPlaces+1); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
