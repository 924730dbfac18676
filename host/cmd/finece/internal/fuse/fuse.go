// Package fuse is the command fuse: Backward Confidence Integration.
package fuse

import (
	"errors"
	"io"
	"math"

	"github.com/spf13/cobra"

	"github.com/finece/finece/bci"
	"github.com/finece/finece/host"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/tree"
)

const long = `fuse revises earlier confidences with later ones: Backward Confidence Integration,
Equation 5 of arXiv 2508.12040. The confidence of a node becomes

  alpha * its own + (1 - alpha) * the mean over its first WIDTH children

The confidences of the children are first revised in the same way, DEPTH steps ahead.

The input is JSON. A path is an array of confidences in [0,1], with null for a missing
one; the output is the array of fused confidences. A tree has nodes with "conf" and,
optionally, "next", the array of children; in the output each node also has "fused". The
input may have several paths and trees.`

const example = `  echo '[0.2, 0.5, 0.9]' | finece fuse --alpha 0.5 --depth 2
  echo '{"conf":0.2,"next":[{"conf":0.5},{"conf":0.9}]}' | finece fuse --width 2
  finece fuse --alpha 0.7 --depth 1 tree.json > fused.json`

// maxTree bounds what fuse reads into memory.
const maxTree = 256 << 20

// New is the command.
func New() *cobra.Command {
	p := host.DefaultConfig().Fusion
	cmd := &cobra.Command{
		Use:     "fuse [flags] [FILE|-]",
		Short:   "Integrate later confidences into earlier ones",
		Long:    long,
		Example: example,
		Args:    input.Optional,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("width") {
				p.Width = math.MaxInt32
			}
			if err := p.Validate(); err != nil {
				return exit.With(exit.Usage, err)
			}
			return runFuse(cmd, input.Path(args), p)
		},
	}
	settings.Fusion(cmd, &p)
	cmd.Flags().IntVar(&p.Width, "width", 0, "how many children are averaged, 0 for no integration (default: all)")
	return cmd
}

func runFuse(cmd *cobra.Command, path string, p bci.Params) error {
	in, err := input.Open(cmd, path)
	if err != nil {
		return err
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, maxTree+1))
	if err != nil {
		return in.Failed(err)
	}
	if len(data) > maxTree {
		return exit.Errorf(exit.Faults, "%s: more than %d bytes: give fuse fewer values at once", in.Name, maxTree)
	}
	out, err := tree.Fuse(nil, data, p)
	if _, werr := cmd.OutOrStdout().Write(out); werr != nil {
		return exit.With(exit.IO, werr)
	}
	var where *tree.Error
	if errors.As(err, &where) {
		return exit.Errorf(exit.Faults, "%s: %w", in.Name, err)
	}
	if err != nil {
		return exit.With(exit.Usage, err)
	}
	return nil
}
