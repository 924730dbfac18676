package settings

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/completion"
	"github.com/finece/finece/wasm/contract"
)

// Add adds the flag of a setting: its name, help, values and former name are
// those of the contract. The value of the variable is the default. variable is a
// *string, *bool, *int, *float64 or *time.Duration.
func Add(cmd *cobra.Command, s *contract.Setting, variable any) {
	flags, name, usage := cmd.Flags(), s.Flag(), s.Usage()
	switch v := variable.(type) {
	case *string:
		flags.StringVar(v, name, *v, usage)
	case *bool:
		flags.BoolVar(v, name, *v, usage)
	case *int:
		flags.IntVar(v, name, *v, usage)
	case *float64:
		flags.Float64Var(v, name, *v, usage)
	case *time.Duration:
		flags.DurationVar(v, name, *v, usage)
	default:
		panic(fmt.Sprintf("settings: --%s cannot set a %T", name, variable))
	}
	if len(s.Names) > 0 {
		completion.Values(cmd, name, s.Names...)
	}
	if s.Was != "" {
		Renamed(cmd, s.Was, name)
	}
}

// Renamed adds a former flag, which is refused with a sentence that says the new
// name.
func Renamed(cmd *cobra.Command, was, name string) {
	flag := cmd.Flags().VarPF(&renamed{was, name}, was, "", "")
	flag.Hidden = true
	flag.NoOptDefVal = " " // so that a value is not needed to be refused
}

// RenamedError is the error of a flag that has another name now.
type RenamedError struct{ Was, Name string }

func (e *RenamedError) Error() string { return fmt.Sprintf("--%s is now --%s", e.Was, e.Name) }

// renamed is the value of a former flag.
type renamed struct{ was, name string }

func (r *renamed) String() string   { return "" }
func (r *renamed) Type() string     { return "" }
func (r *renamed) Set(string) error { return &RenamedError{r.was, r.name} }
