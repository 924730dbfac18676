package kit_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/evaluate"
	"github.com/finece/finece/host/cmd/finece/kit"
	"github.com/finece/finece/metrics"
	"github.com/finece/finece/wasm/contract"
)

// run runs a command, and returns what it prints and its error.
func run(cmd *cobra.Command, args ...string) (out, said string, err error) {
	var stdout, stderr bytes.Buffer
	cmd.SetOut(&stdout)
	cmd.SetErr(&stderr)
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err = cmd.Execute()
	return stdout.String(), stderr.String(), err
}

// pairsFile is lines of pairs, some of which cannot be used. distinct is how many different
// confidences there are.
func pairsFile(t *testing.T, rng *rand.Rand, n, distinct int) string {
	t.Helper()
	var b bytes.Buffer
	for i := range n {
		v := float64(rng.IntN(distinct+1)) / float64(distinct)
		switch rng.IntN(40) {
		case 0:
			fmt.Fprintf(&b, "{\"id\":%d,\"p_true\":2,\"correct\":1}\n", i)
		case 1:
			fmt.Fprintln(&b, "{broken")
		case 2:
			fmt.Fprintln(&b)
		default:
			fmt.Fprintf(&b, "{\"id\":%d,\"p_true\":%v,\"correct\":%v,\"model\":\"m%d\",\"other\":%v}\n", rng.IntN(1+n/2), v, rng.Float64() < v, rng.IntN(2), rng.Float64())
		}
	}
	path := filepath.Join(t.TempDir(), "pairs.jsonl")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// inParts is a source that reads a file in parts of whole lines, as workers do.
func inParts(rng *rand.Rand, most int, bounded bool) kit.Source {
	return func(cmd *cobra.Command, args []string, columns kit.Columns, b metrics.Binning) (string, *kit.Pairs, *metrics.Accumulator, error) {
		name := args[0]
		text, err := os.ReadFile(name)
		if err != nil {
			return "", nil, nil, err
		}
		if bounded {
			columns.Question = ""
		}
		asked := columns.Asked()
		accumulators := []*metrics.Accumulator{}
		var parts [][]byte
		for rest := text; len(rest) > 0; {
			size := 1 + rng.IntN(most)
			end := len(rest)
			if i := bytes.IndexByte(rest[min(size, len(rest)-1):], '\n'); i >= 0 {
				end = min(size, len(rest)-1) + i + 1
			}
			var head []byte
			if len(rest) < len(text) {
				head = text
			}
			part, err := asked.ReadLines(bytes.NewReader(rest[:end]), head)
			if err != nil {
				return "", nil, nil, err
			}
			rest = rest[end:]
			if bounded {
				a, err := metrics.NewAccumulator(b)
				if err != nil {
					return "", nil, nil, err
				}
				part.Accumulate(a)
				accumulators = append(accumulators, a)
			}
			data, err := part.Encode()
			if err != nil {
				return "", nil, nil, err
			}
			parts = append(parts, data)
		}
		next := func() (int, []byte, error) {
			if len(parts) == 0 {
				return 0, nil, io.EOF
			}
			data := parts[0]
			parts = parts[1:]
			return 0, data, nil
		}
		p, err := kit.Collect(cmd, []string{name}, columns, next)
		if err != nil || !bounded {
			return name, p, nil, err
		}
		for len(accumulators) > 1 { // in any order
			i := rng.IntN(len(accumulators) - 1)
			if err := accumulators[i].Merge(accumulators[len(accumulators)-1]); err != nil {
				return "", nil, nil, err
			}
			accumulators = accumulators[:len(accumulators)-1]
		}
		return name, p, accumulators[0], nil
	}
}

// TestPartsGiveTheSameBytes: the figures, the messages and the file of rejected lines do not
// depend on how a file is cut.
func TestPartsGiveTheSameBytes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 12 {
		path := pairsFile(t, rng, 400, []int{30, 100_000}[round%2])
		rejected := filepath.Join(t.TempDir(), "rejected")
		for _, flags := range [][]string{
			{"--format", "json"}, {"--format", "json", "--id", "", "--by", "model"}, {"--against", "other"}, {"--rejected", rejected},
		} {
			args := append([]string{path, "--resamples", "50"}, flags...)
			want, wantSaid, wantErr := run(evaluate.New(), args...)
			wantLeft, _ := os.ReadFile(rejected)
			got, gotSaid, gotErr := run(kit.Eval(inParts(rng, 1+rng.IntN(9000), false)), args...)
			gotLeft, _ := os.ReadFile(rejected)
			if got != want || gotSaid != wantSaid || fmt.Sprint(gotErr) != fmt.Sprint(wantErr) || !bytes.Equal(gotLeft, wantLeft) {
				t.Fatalf("%v:\n%s%s%v\nwant\n%s%s%v", flags, got, gotSaid, gotErr, want, wantSaid, wantErr)
			}
		}
	}
}

// TestBoundedFigures: an accumulator gives the same bytes as rows while it holds every
// confidence, and bounds after that.
func TestBoundedFigures(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	path := pairsFile(t, rng, 3000, 30)
	want, _, _ := run(evaluate.New(), path, "--format", "json", "--id", "", "--resamples", "50")
	for range 5 {
		got, _, err := run(kit.Eval(inParts(rng, 1+rng.IntN(90_000), true)), path, "--format", "json", "--resamples", "50")
		if got != want || err == nil || kit.Report(&cobra.Command{}, err) != kit.Faults {
			t.Fatalf("%s%v\nwant\n%s", got, err, want)
		}
	}

	path = pairsFile(t, rng, 5000, 1<<40)
	got, said, _ := run(kit.Eval(inParts(rng, 1<<20, true)), path, "--format", "json")
	again, saidAgain, _ := run(kit.Eval(inParts(rng, 999, true)), path, "--format", "json")
	if got != again || said != saidAgain || !strings.Contains(got, `"ece_mass":null`) || !strings.Contains(said, "auroc is between") {
		t.Errorf("%s%s\nand then\n%s%s", got, said, again, saidAgain)
	}
	exact, _, _ := run(evaluate.New(), path, "--format", "json", "--id", "")
	if a, b := figure(t, exact, "ece"), figure(t, got, "ece"); a != b {
		t.Errorf("ECE %v, want %v", b, a)
	}
	var low, high float64
	_, at, _ := strings.Cut(said, "auroc is between ")
	if _, err := fmt.Sscanf(at, "%f and %f:", &low, &high); err != nil {
		t.Fatal(err)
	}
	if v := figure(t, exact, "auroc"); v < low || v > high {
		t.Errorf("AUROC %v is outside of the bounds %v to %v", v, low, high)
	}

	for _, flags := range [][]string{{"--by", "model"}, {"--plot", "x.svg"}} {
		if _, _, err := run(kit.Eval(inParts(rng, 1<<20, true)), append(flags, path)...); err == nil || !strings.Contains(err.Error(), "--bounded") {
			t.Errorf("%v: %v", flags, err)
		}
	}
	empty := filepath.Join(t.TempDir(), "empty.jsonl")
	if err := os.WriteFile(empty, []byte("{\"p_true\":3,\"correct\":1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := run(kit.Eval(inParts(rng, 1<<20, true)), empty); err == nil || !strings.Contains(err.Error(), "no pairs") {
		t.Errorf("no pairs: %v", err)
	}
}

func figure(t *testing.T, object, name string) (v float64) {
	t.Helper()
	_, at, found := strings.Cut(object, `"`+name+`":`)
	if _, err := fmt.Sscanf(at, "%g", &v); !found || err != nil {
		t.Fatalf("%s: no %s: %v", object, name, err)
	}
	return v
}

// TestWholeFiles: a file of another format is one part, with its own columns and numbers.
func TestWholeFiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	path := filepath.Join(t.TempDir(), "pairs.csv")
	text := "conf,correct\n"
	for range 300 {
		text += fmt.Sprintf("%v,%d\n", rng.Float64(), rng.IntN(2))
	}
	if err := os.WriteFile(path, []byte(text+"9,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	source := func(cmd *cobra.Command, args []string, columns kit.Columns, _ metrics.Binning) (string, *kit.Pairs, *metrics.Accumulator, error) {
		var parts [][]byte
		asked := columns.Asked()
		for _, path := range args {
			file, err := os.Open(path)
			if err != nil {
				return "", nil, nil, err
			}
			in, err := kit.Opened(path, file)
			if err != nil {
				return "", nil, nil, err
			}
			defer in.Close()
			part, err := asked.ReadWhole(in)
			if err != nil {
				return "", nil, nil, err
			}
			data, err := part.Encode()
			if err != nil {
				return "", nil, nil, err
			}
			parts = append(parts, data)
		}
		at := -1
		p, err := kit.Collect(cmd, args, columns, func() (int, []byte, error) {
			if at++; at == len(parts) {
				return 0, nil, io.EOF
			}
			return at, parts[at], nil
		})
		return kit.Several(len(args)), p, nil, err
	}
	want, wantSaid, wantErr := run(evaluate.New(), "--format", "json", path, path)
	got, gotSaid, gotErr := run(kit.Eval(source), "--format", "json", path, path)
	if got != want || gotSaid != wantSaid || fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
		t.Errorf("%s%s%v\nwant\n%s%s%v", got, gotSaid, gotErr, want, wantSaid, wantErr)
	}
	if _, _, err := run(kit.Eval(source), filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Error("an absent file has pairs")
	}
}

// TestRows reads rows of answers, and makes the rejected line of one that cannot be used.
func TestRows(t *testing.T) {
	kit.ReadsParquet()
	path := filepath.Join(t.TempDir(), "answers.csv")
	if err := os.WriteFile(path, []byte("id,answer\n1,yes\n2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if found, err := kit.Expanded(filepath.Join(filepath.Dir(path), "*.csv")); err != nil || len(found) != 1 || found[0] != path {
		t.Errorf("%q, %v", found, err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	in, err := kit.Opened(path, file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	rows := kit.Records(in)
	line, err := rows.Next()
	if err != nil || string(line) != `{"id":1,"answer":"yes"}` {
		t.Errorf("%s, %v", line, err)
	}
	line, err = rows.Next()
	got := kit.AppendRejected(nil, path, in.Unit(), int64(rows.Line()), kit.Unreadable(err), line)
	if want := fmt.Sprintf(`{"file":%q,"line":3,"reason":"1 fields where the header has 2","text":"2"}`+"\n", path); string(got) != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestCommandLine(t *testing.T) {
	s := kit.NewSettings()
	cmd := &cobra.Command{Use: "x", RunE: func(cmd *cobra.Command, _ []string) error {
		kit.Say(cmd, "every %d", s.Config.Positions.Every)
		ctx, stop := kit.Interruptible(t.Context())
		defer stop()
		if ctx.Err() != nil {
			t.Error(ctx.Err())
		}
		return kit.Errorf(kit.Unavailable, "so it is")
	}}
	kit.AddSetting(cmd, contract.Every, &s.Config.Positions.Every)
	_, said, err := run(cmd, "--every", "7")
	if !strings.Contains(said, "every 7") || !kit.HasCode(err) || kit.Report(cmd, err) != kit.Unavailable {
		t.Errorf("%q, %v", said, err)
	}
	if code := kit.Report(cmd, kit.Silently(kit.Interrupted)); code != kit.Interrupted || kit.HasCode(errors.New("x")) {
		t.Errorf("code %d", code)
	}
}
