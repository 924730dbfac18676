// Package job runs pipelines on a runner of Beam.
package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/s3" // beside those of beamx
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx" // the runners
	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/kit"
)

// local is the runner in this process, which is the default.
const local = "prism"

// IsWorker reports whether a runner has started this process as a worker.
func IsWorker(args []string) bool {
	for _, arg := range args {
		if arg == "--worker" || arg == "--worker=true" {
			return true
		}
	}
	return false
}

// Work runs a worker until its runner ends it, or the process that started it is gone.
// Beam's worker sleeps for ever when its job has ended, and a runner that ends boot does not
// always end the worker that boot has started.
func Work() {
	parent := os.Getppid()
	go func() {
		for range time.Tick(time.Second) {
			if os.Getppid() != parent {
				os.Exit(0)
			}
		}
	}()
	flag.Parse()
	beam.Init()
}

// Runner is what the command line says about the runner.
type Runner struct{ name string }

// Parse takes the flags of Beam, which follow -- on the command line.
func Parse(cmd *cobra.Command, args []string) (inputs []string, _ *Runner, _ error) {
	inputs, rest := args, []string(nil)
	if at := cmd.ArgsLenAtDash(); at >= 0 {
		inputs, rest = args[:at], args[at:]
	}
	if len(inputs) == 0 {
		return nil, nil, kit.Errorf(kit.Usage, "%s needs an input: files, folders or patterns", cmd.Name())
	}
	flag.CommandLine.Init("beam", flag.ContinueOnError)
	flag.CommandLine.SetOutput(io.Discard)
	if err := flag.CommandLine.Parse(rest); err != nil {
		return nil, nil, kit.Errorf(kit.Usage, "after --: %w; these are the flags of Beam, such as --runner=flink --endpoint=HOST:PORT", err)
	}
	if flag.NArg() > 0 {
		return nil, nil, kit.Errorf(kit.Usage, "after --: %q is no flag of Beam; inputs come before --", flag.Arg(0))
	}
	r := &Runner{*runners.Runner}
	if r.name == "" {
		r.name = local
	}
	beam.Init()
	return inputs, r, nil
}

// Local reports whether the workers are in this process.
func (r *Runner) Local() bool { return r.name == local }

// Run runs a pipeline and waits for its end. An error has an exit code.
func (r *Runner) Run(ctx context.Context, p *beam.Pipeline) error {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	log.SetLogger(quiet{})
	if err := answers(ctx, *jobopts.Endpoint); err != nil {
		return kit.Errorf(kit.IO, "--endpoint: %w; start the job server of %s, or give its address", err, r.name)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := beam.Run(ctx, r.name, p)
		ended <- err
	}()
	select {
	case err := <-ended:
		if ctx.Err() == nil {
			if err != nil {
				return kit.Errorf(kit.IO, "the job failed on the runner %s: %w; run the same command again to resume", r.name, reason(err))
			}
			return nil
		}
	case <-ctx.Done():
	}
	return kit.Silently(kit.Interrupted)
}

// answers is the error of an address that nothing listens at. Beam would try for minutes.
func answers(ctx context.Context, endpoint string) error {
	if endpoint == "" {
		return nil
	}
	c, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", endpoint)
	if err != nil {
		return err
	}
	return c.Close()
}

// mark begins the reason of a failure in the workers' own words.
const mark = "finece-beam: "

// Failed is an error of a worker, whose text a runner passes on among its own; nil for nil.
func Failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s%w", mark, err)
}

// reason is the worker's own reason of a failure, if there is one.
func reason(err error) error {
	if _, own, ok := strings.Cut(err.Error(), mark); ok {
		own, _, _ = strings.Cut(own, "\n")
		return errors.New(own)
	}
	return err
}

// quiet prints the warnings and errors of Beam.
type quiet struct{}

func (quiet) Log(_ context.Context, sev log.Severity, _ int, text string) {
	if sev >= log.SevError {
		fmt.Fprintln(os.Stderr, "finece-beam: "+text)
	}
}

// Shards are the shards of a job, which any worker may get, as JSON.
func Shards[T any](s beam.Scope, shards []T) (beam.PCollection, error) {
	elements := make([]any, len(shards))
	for i := range shards {
		text, err := json.Marshal(&shards[i])
		if err != nil {
			return beam.PCollection{}, err
		}
		elements[i] = text
	}
	return beam.Reshuffle(s, beam.Create(s, elements...)), nil
}

// Keep writes the one element of a collection to a file.
func Keep(s beam.Scope, path string, c beam.PCollection) {
	beam.ParDo0(s, &keep{path}, c)
}

type keep struct{ Path string }

func (k *keep) ProcessElement(ctx context.Context, data []byte) error {
	return Failed(WriteFile(ctx, k.Path, data))
}

func init() { register.DoFn2x1[context.Context, []byte, error](&keep{}) }

// WriteFile writes a file in one step: no one sees a part of it, also if several processes
// write it at once.
func WriteFile(ctx context.Context, path string, data []byte) error {
	w, err := Create(ctx, path)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, bytes.NewReader(data)); err != nil {
		return errors.Join(err, w.Abort())
	}
	return w.Commit()
}
