// Command finece-beam is finece score, finece eval and finece construct on Apache Beam: on
// all processors of one machine, or on a cluster.
package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/beam/internal/constructing"
	"github.com/finece/finece/host/beam/internal/job"
	"github.com/finece/finece/host/beam/internal/measuring"
	"github.com/finece/finece/host/beam/internal/scoring"
	"github.com/finece/finece/host/cmd/finece/kit"
)

const long = `finece-beam scores answers, measures confidences and builds training data on Apache Beam.
Its commands take the flags of finece's and give the same results: the same bytes, however
the input is cut.

Without more, the work is done in this process, by Beam's runner Prism. Flags of Beam
that follow -- name another runner, such as Flink.

Exit codes are those of finece: 0 done, 1 done in part, 2 a wrong command line, 3 not
available for this input, 4 a file or a job failed, 130 interrupted.`

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "finece-beam",
		Short:         "Score answers, measure confidences and build training data on Apache Beam",
		Long:          long,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return kit.Errorf(kit.Usage, "%w", err) })
	root.AddCommand(scoring.New(), measuring.New(), constructing.New())
	return root
}

func main() {
	kit.ReadsParquet()
	if job.IsWorker(os.Args) {
		job.Work()
		return
	}
	cmd, err := newRoot().ExecuteC()
	os.Exit(kit.Report(cmd, err))
}
