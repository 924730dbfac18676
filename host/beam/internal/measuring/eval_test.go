package measuring

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/local"
	"github.com/spf13/cobra"

	"github.com/finece/finece/host/beam/internal/shard"
	"github.com/finece/finece/host/cmd/finece/kit"
	"github.com/finece/finece/metrics"
)

// TestAnyShardingGivesTheSameBytes cuts files at random, merges accumulators in a random
// order, and compares what is printed with the bytes of finece eval.
func TestAnyShardingGivesTheSameBytes(t *testing.T) {
	finece := os.Getenv("FINECE")
	if finece == "" {
		t.Fatal("FINECE is not set: run make test-beam")
	}
	rng := rand.New(rand.NewPCG(7, 8))
	dir := t.TempDir()
	var files []string
	for _, distinct := range []int{30, 1 << 40} {
		path := filepath.Join(dir, fmt.Sprintf("%d.jsonl", distinct))
		writePairs(t, rng, path, 2000, distinct)
		files = append(files, path)
	}
	for _, c := range []struct {
		files   []string
		bounded bool
		flags   []string
		rows    []string // flags of finece eval alone
	}{
		{files, false, nil, nil},
		{files[:1], false, []string{"--by", "model"}, nil},
		{files[1:], false, []string{"--id", ""}, nil},
		{files[:1], true, nil, []string{"--id", ""}},
	} {
		flags := append([]string{"--format", "json", "--resamples", "100"}, c.flags...)
		want := output(t, finece, append(append([]string{"eval"}, append(flags, c.rows...)...), c.files...))
		for range 8 {
			cmd := kit.Eval(inRandomOrder(t, rng, c.bounded))
			var got bytes.Buffer
			cmd.SetOut(&got)
			cmd.SetErr(new(bytes.Buffer))
			cmd.SetArgs(append(flags, c.files...))
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			if err := cmd.Execute(); kit.Report(cmd, err) != kit.Faults { // some pairs are left out
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Fatalf("%v\n%s\nwant\n%s", c, got.Bytes(), want)
			}
		}
	}
}

// inRandomOrder is a source that reads random shards in this process.
func inRandomOrder(t *testing.T, rng *rand.Rand, bounded bool) kit.Source {
	return func(cmd *cobra.Command, args []string, columns kit.Columns, b metrics.Binning) (string, *kit.Pairs, *metrics.Accumulator, error) {
		if bounded {
			columns.Question = ""
		}
		shards, err := shard.Cut(t.Context(), args, 1+rng.Int64N(60_000))
		if err != nil {
			t.Fatal(err)
		}
		w := &reader{Asked: columns.Asked(), Bounded: bounded, Rule: int(b.Rule), Bins: b.Bins}
		var parts [][]byte
		for i := range shards {
			element, err := json.Marshal(&shards[i])
			if err != nil {
				t.Fatal(err)
			}
			part, err := w.ProcessElement(t.Context(), element)
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, part)
		}
		for len(parts) > 1 {
			i := rng.IntN(len(parts))
			a := parts[i]
			parts = append(parts[:i], parts[i+1:]...)
			j := rng.IntN(len(parts))
			if parts[j], err = (&together{}).MergeAccumulators(a, parts[j]); err != nil {
				t.Fatal(err)
			}
		}
		at := filepath.Join(t.TempDir(), "pairs")
		if err := os.WriteFile(at, parts[0], 0o600); err != nil {
			t.Fatal(err)
		}
		f := options{bounded: bounded}
		p, a, err := f.collect(t.Context(), cmd, at, args, columns)
		return args[0], p, a, err
	}
}

func output(t *testing.T, command string, args []string) []byte {
	t.Helper()
	cmd := exec.Command(command, args...)
	out, _ := cmd.Output() // some pairs are left out
	if cmd.ProcessState.ExitCode() != kit.Faults {
		t.Fatalf("%v: exit code %d", cmd, cmd.ProcessState.ExitCode())
	}
	return out
}

func writePairs(t *testing.T, rng *rand.Rand, path string, n, distinct int) {
	t.Helper()
	var b bytes.Buffer
	for i := range n {
		v := float64(rng.Int64N(int64(distinct)+1)) / float64(distinct)
		if i%97 == 0 {
			v = 3
		}
		fmt.Fprintf(&b, "{\"id\":%d,\"confidence\":%v,\"correct\":%v,\"model\":\"m%d\"}\n", rng.IntN(n), v, rng.Float64() < v, rng.IntN(2))
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestBrokenAccumulators(t *testing.T) {
	whole := seal([]byte("abc"), []piece{{1, 0, []byte("part")}})
	for i := range len(whole) {
		if _, pieces, err := open(whole[:i]); err == nil && len(pieces) > 0 {
			t.Errorf("%d of %d bytes are read", i, len(whole))
		}
	}
	if _, err := (&together{}).MergeAccumulators(whole, whole); err == nil {
		t.Error("what is no accumulator is merged")
	}
}
