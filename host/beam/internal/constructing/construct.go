// Package constructing is the command finece-beam construct.
package constructing

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/spf13/cobra"

	"github.com/finece/finece/host/beam/internal/job"
	"github.com/finece/finece/host/beam/internal/shard"
	"github.com/finece/finece/host/cmd/finece/kit"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/wasm/contract"
)

const more = `

On Beam, the input is files or patterns of questions, which are read here and given to
workers in shards. The lines of all shards are those of finece construct with the same
flags, in the same order, if the servers use the seeds. -o is a folder, or a prefix in an
object store:

  part-00000-of-00040.jsonl            the states of a shard's questions
  _rejected/questions.jsonl            records that are no question, or that cannot be
                                       graded: file, number, reason and text
  _rejected/part-00000-of-00040.jsonl  questions that could not be used, with the reason
  _replies/part-00000-of-00040/        the replies of a shard that is not done, a file each
  _questions/..., _counts/..., _total.json, _plan.json

The same command resumes a job that has ended early. A shard with counts is done, and for
the others only the replies that are not there are asked for. --keep-replies leaves them:
the lines of these files are a file of --samples for finece construct.

Every 30 seconds a line says how many questions are done. With another runner than the
default one, whole shards are counted. The counters "questions", "states" and "completions"
of "finece" are in the runner's own page of the job.

Each process of workers spreads its requests over the servers by itself, and has at most
--requests of them in flight. It reads the key from its own environment.

Other runners are named after --, as finece-beam score --help says.`

const example = `  finece-beam construct --server $URL --model qwen --dataset gsm8k -o data train.jsonl
  finece-beam construct --server http://a:8000/v1 --server http://b:8000/v1#weight=2 --requests 64 -o data q.jsonl
  finece-beam construct --server $URL -o gs://bucket/data gs://bucket/q.jsonl -- --runner=dataflow ...`

type options struct {
	size   int
	keep   bool
	runner *job.Runner
}

// New is the command.
func New() *cobra.Command {
	f := &options{}
	cmd := kit.Construct(&kit.ConstructElsewhere{Open: f.open, Build: f.build})
	cmd.Use = "construct [flags] -o FOLDER INPUT... [-- BEAM FLAGS]"
	cmd.Long = strings.TrimSpace(cmd.Long) + more
	cmd.Example = example
	flags := cmd.Flags()
	flags.Lookup(contract.Resumed.Flag()).Usage = "write to this folder, or prefix in an object store; resume if it has shards already"
	flags.IntVar(&f.size, "shard-questions", 64, "questions of a shard; a worker has one shard at a time")
	flags.BoolVar(&f.keep, "keep-replies", false, "keep the replies of the servers when a shard is done")
	return cmd
}

// open opens the files that arguments name.
func (f *options) open(cmd *cobra.Command, args []string) iter.Seq2[*kit.Input, error] {
	return func(yield func(*kit.Input, error) bool) {
		inputs, runner, err := job.Parse(cmd, args)
		if logprobs, _ := cmd.Flags().GetBool("logprobs"); err == nil && logprobs && !f.keep {
			err = kit.Errorf(kit.Usage, "--logprobs needs --keep-replies: they are in the replies")
		}
		if err == nil && f.size < 1 {
			err = kit.Errorf(kit.Usage, "--shard-questions %d: want at least 1", f.size)
		}
		var files []string
		if err == nil {
			f.runner = runner
			files, err = shard.Files(cmd.Context(), inputs)
		}
		if err != nil {
			yield(nil, err)
			return
		}
		for _, path := range files {
			in, err := (&shard.Shard{Path: path}).Open(cmd.Context())
			if err != nil && !kit.HasCode(err) {
				err = kit.Errorf(kit.IO, "%w", err)
			}
			if !yield(in, err) || err != nil {
				return
			}
		}
	}
}

// build runs the job.
func (f *options) build(cmd *cobra.Command, w *kit.ConstructWork) (*kit.ConstructCounts, error) {
	ctx, stop := kit.Interruptible(cmd.Context())
	defer stop()
	shards := slices.Collect(slices.Chunk(w.Questions, f.size))
	out, err := job.NewOutput(w.Output, len(shards))
	if err != nil {
		return nil, err
	}
	if err := f.prepare(ctx, cmd, out, w, shards); err != nil {
		return nil, err
	}
	numbers := make([]int, len(shards))
	for i := range numbers {
		numbers[i] = i
	}
	p, s := beam.NewPipelineWithRoot()
	elements, err := job.Shards(s, numbers)
	if err != nil {
		return nil, err
	}
	b := &builder{Job: w.Job, Out: out, Keep: f.keep}
	job.Keep(s, out.Total(), beam.Combine(s, &total{}, beam.ParDo(s, b, elements)))
	sizes := make([]int, len(shards))
	for i := range shards {
		sizes[i] = len(shards[i])
	}
	told := newProgress(out, sizes)
	if err := told.start(ctx, time.Now()); err != nil {
		return nil, kit.Errorf(kit.IO, "-o: %w", err)
	}
	telling, quiet := context.WithCancel(ctx)
	var teller sync.WaitGroup
	ticker := time.NewTicker(tellEvery)
	teller.Go(func() { told.tell(telling, cmd, ticker.C) })
	err = f.runner.Run(ctx, p)
	quiet()
	teller.Wait()
	ticker.Stop()
	if err != nil {
		return nil, err
	}
	counts := &kit.ConstructCounts{}
	text, err := job.ReadFile(ctx, out.Total())
	if err == nil {
		err = json.Unmarshal(text, counts)
	}
	if err != nil {
		return nil, kit.Errorf(kit.IO, "-o: %w", err)
	}
	return counts, nil
}

// prepare writes what workers need, unless an earlier job has. An error has an exit code.
func (f *options) prepare(ctx context.Context, cmd *cobra.Command, out job.Output, w *kit.ConstructWork, shards [][]*grade.Question) error {
	hash := sha256.New()
	texts := make([][]byte, len(shards))
	for i, questions := range shards {
		for _, q := range questions {
			line, err := openai.Line(q)
			if err != nil {
				return err
			}
			texts[i] = append(append(texts[i], line...), '\n')
		}
		hash.Write(texts[i])
	}
	err := out.Begin(ctx, struct {
		Settings  string `json:"settings"`
		Questions int    `json:"questions"`
		Hash      string `json:"hash"`
		Shard     int    `json:"shard"`
	}{w.Job.Settings, len(w.Questions), hex.EncodeToString(hash.Sum(nil)), f.size})
	if err != nil {
		return err
	}
	there, err := job.List(ctx, out.Folder+"/_questions/part-*")
	for i := 0; err == nil && len(there) < len(shards) && i < len(shards); i++ {
		err = job.WriteFile(ctx, questionsFile(out, i), texts[i])
	}
	if err == nil && len(w.Rejected) > 0 {
		err = job.WriteFile(ctx, out.Folder+"/_rejected/questions.jsonl", w.Rejected)
	}
	if err == nil {
		there, err = job.List(ctx, out.Folder+"/_counts/part-*")
	}
	if err != nil {
		return kit.Errorf(kit.IO, "-o: %w", err)
	}
	if len(there) > 0 {
		kit.Say(cmd, "%s: %d of %d shards are there already", w.Output, len(there), len(shards))
	}
	return nil
}

// questionsFile is the file of a shard's questions: JSON Lines of grade.Question.
func questionsFile(out job.Output, shard int) string { return out.In("_questions", shard, ".jsonl") }

// questions reads a shard's questions.
func questions(ctx context.Context, out job.Output, shard int) (all []*grade.Question, _ error) {
	text, err := job.ReadFile(ctx, questionsFile(out, shard))
	if err != nil {
		return nil, err
	}
	for line := range bytes.Lines(text) {
		q := &grade.Question{}
		if err := json.Unmarshal(line, q); err != nil {
			return nil, err
		}
		all = append(all, q)
	}
	return all, nil
}
