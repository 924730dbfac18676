package train

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/train"
)

// newTrainer returns a command of the Python trainer. The trainer parses the flags itself, since
// a flag such as --corpus takes several files. The help needs no Python.
func newTrainer(name, short, long, example string) *cobra.Command {
	flags := train.Flags(name)
	cmd := &cobra.Command{
		Use:                name + " [flags]",
		Short:              short,
		Long:               long,
		Example:            "  finece train " + name + " " + example,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || slices.ContainsFunc(args, isHelp) {
				return cmd.Help()
			}
			if err := complete(flags, args); err != nil {
				return err
			}
			ctx, stop := exit.Interruptible(cmd.Context())
			defer stop()
			t := train.Trainer{Log: cmd.ErrOrStderr()}
			err := t.Pass(ctx, cmd.OutOrStdout(), append([]string{name}, args...)...)
			if err != nil && ctx.Err() == nil {
				return exit.With(exit.IO, err)
			}
			return err
		},
	}
	set := cmd.Flags()
	set.SortFlags = false
	for _, f := range flags {
		help := f.Help
		if f.Required {
			help += " (required)"
		}
		v := set.VarPF(&shown{f.Type, f.DefaultOf(name)}, f.Name, "", help)
		if f.Type == "switch" || f.Type == "choice" {
			v.NoOptDefVal = "true"
		}
	}
	return cmd
}

func isHelp(arg string) bool { return arg == "-h" || arg == "--help" }

// complete returns an error if a flag is unknown or a required one is missing, before
// Python is started.
func complete(flags []train.Flag, args []string) error {
	given := map[string]bool{}
	for _, arg := range args {
		if name, ok := strings.CutPrefix(arg, "--"); ok {
			name, _, _ = strings.Cut(name, "=")
			known := slices.ContainsFunc(flags, func(f train.Flag) bool {
				return f.Name == name || f.Type == "choice" && "no-"+f.Name == name
			})
			if !known {
				return exit.Usagef("unknown flag --%s; --help lists the flags", name)
			}
			given[name] = true
		}
	}
	for _, f := range flags {
		if f.Required && !given[f.Name] {
			return exit.Usagef("--%s is missing: %s", f.Name, f.Help)
		}
	}
	return nil
}

// shown is the value of a flag that is only listed in the help.
type shown struct{ kind, text string }

var _ pflag.Value = (*shown)(nil)

func (s *shown) String() string   { return s.text }
func (s *shown) Set(string) error { return nil }

func (s *shown) Type() string {
	switch s.kind {
	case "switch", "choice":
		return "bool"
	case "text":
		return "string"
	}
	return s.kind
}
