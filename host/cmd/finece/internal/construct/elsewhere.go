package construct

import (
	"iter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/grade"
)

// Elsewhere builds the data in other processes. finece-beam uses it.
type Elsewhere struct {
	// Open opens the inputs that arguments name, one after the other. The inputs are closed
	// by the command.
	Open func(cmd *cobra.Command, args []string) iter.Seq2[*input.Input, error]
	// Build builds the data and returns counts of the questions. An error has an exit code.
	Build func(cmd *cobra.Command, w *Work) (*Counts, error)
}

// Work describes the data that is to be built.
type Work struct {
	Job       Job
	Output    string // the value of -o, which is set
	Questions []*grade.Question
	Rejected  []byte // records about lines that are not used
}

// Job describes for another process how data is built. It is sent as JSON.
type Job struct {
	Flags     []string // of the command, such as --k=30
	Rubric    string   // the text of the file --rubric
	MaxTokens int      // of a completion; it may depend on the model's context
	Settings  string   // of [construct.Provenance]
}

// Of returns the command with its work done elsewhere. It has no flags about files except -o.
func Of(elsewhere *Elsewhere) *cobra.Command {
	f := newOptions()
	f.elsewhere = elsewhere
	cmd := New()
	cmd.ResetFlags()
	f.add(cmd)
	cmd.Args, cmd.RunE = nil, f.run
	_ = cmd.Flags().MarkHidden(samplesFlag)
	return cmd
}

// samplesFlag is the flag for the file of replies.
const samplesFlag = "samples"

// opened opens the inputs.
func (f *options) opened(cmd *cobra.Command, args []string) iter.Seq2[*input.Input, error] {
	if f.elsewhere != nil {
		return f.elsewhere.Open(cmd, args)
	}
	return func(yield func(*input.Input, error) bool) { yield(input.Open(cmd, args[0])) }
}

// checkElsewhere checks the flags about files.
func (f *options) checkElsewhere(cmd *cobra.Command) error {
	switch {
	case f.elsewhere == nil || f.dry:
	case f.output == "":
		return exit.Usagef("%s needs -o: the folder, or prefix in an object store, to write to", cmd.Name())
	case f.samples != "":
		return exit.Usagef("--%s: the replies are kept in the folder of -o", samplesFlag)
	}
	return nil
}

// runElsewhere builds the data elsewhere.
func (r *construction) runElsewhere() error {
	f := r.flags
	r.announce()
	done, err := f.elsewhere.Build(r.cmd, &Work{Job: f.job(r.cmd), Output: f.output, Questions: r.questions, Rejected: r.rejected})
	if err != nil {
		return err
	}
	r.Counts.Add(done)
	if r.Failure != "" {
		r.say("a request failed: %s", r.Failure)
	}
	r.checkContinuation("all questions", &r.Tally, r.Done)
	r.summary()
	return r.verdict()
}

// job describes the work for other processes.
func (f *options) job(cmd *cobra.Command) Job {
	known := &cobra.Command{}
	newOptions().add(known)
	j := Job{Rubric: f.rubricText, MaxTokens: f.gen.MaxTokens, Settings: f.config.Provenance.Settings}
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if flag.Name == "rubric" || flag.Name == "dry-run" || known.Flags().Lookup(flag.Name) == nil {
			return
		}
		values := []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, value := range values {
			j.Flags = append(j.Flags, "--"+flag.Name+"="+value)
		}
	})
	return j
}

// Config makes the configuration of [construct.Run], with its clients.
func (j *Job) Config() (*construct.Config, error) {
	f := newOptions()
	cmd := &cobra.Command{}
	f.add(cmd)
	if err := cmd.ParseFlags(j.Flags); err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	if err := f.resolve(); err != nil {
		return nil, err
	}
	f.rubricText, f.gen.MaxTokens, f.config.Provenance.Settings = j.Rubric, j.MaxTokens, j.Settings
	settings, err := f.settings()
	if err != nil {
		return nil, err
	}
	if settings != j.Settings {
		return nil, exit.Errorf(exit.Usage, "the settings of this worker are %s and should be %s: is its program of another version?", settings, j.Settings)
	}
	if err := f.connect(); err != nil {
		return nil, err
	}
	return &f.config, nil
}
