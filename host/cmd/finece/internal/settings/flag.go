package settings

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/completion"
	"github.com/finece/finece/wasm/contract"
)

// Annotation is the key of the annotation of flags that are settings of the contract.
const Annotation = "finece_contract"

// Add adds the flag of a setting and sets the variable to the setting's default.
// The flag's name, help, values and former name are those of the contract.
// variable is a *string, *bool, *int, *int64, *uint64, *float64, *time.Duration or *[]string.
// names are the values of a setting whose list a package of host defines, so that the contract
// does not have it.
func Add(cmd *cobra.Command, s *contract.Setting, variable any, names ...string) {
	flags, name, usage := cmd.Flags(), s.Flag(), s.Usage()
	if len(names) > 0 {
		usage += ": " + strings.Join(names, ", ")
	}
	switch v := variable.(type) {
	case *string:
		flags.StringVarP(v, name, s.Short, s.Default.(string), usage)
	case *bool:
		flags.BoolVarP(v, name, s.Short, s.Default.(bool), usage)
	case *int:
		flags.IntVarP(v, name, s.Short, s.Default.(int), usage)
	case *int64:
		flags.Int64VarP(v, name, s.Short, int64(s.Default.(int)), usage)
	case *uint64:
		flags.Uint64VarP(v, name, s.Short, uint64(s.Default.(int)), usage)
	case *float64:
		flags.Float64VarP(v, name, s.Short, s.Default.(float64), usage)
	case *time.Duration:
		flags.DurationVarP(v, name, s.Short, s.Default.(time.Duration), usage)
	case *[]string:
		flags.StringSliceVarP(v, name, s.Short, s.Default.([]string), usage)
	default:
		panic(fmt.Sprintf("settings: --%s cannot set a %T", name, variable))
	}
	_ = flags.SetAnnotation(name, Annotation, []string{s.Usage()})
	if names = append(names, s.Names...); len(names) > 0 {
		completion.Values(cmd, name, names...)
	}
	if s.Was != "" {
		Renamed(cmd, s.Was, name)
	}
}

// More adds text to the help of a setting's flag, for this command only.
func More(cmd *cobra.Command, s *contract.Setting, text string) {
	cmd.Flags().Lookup(s.Flag()).Usage += text
}

// Renamed adds a former flag. It is refused with an error that names the new flag.
func Renamed(cmd *cobra.Command, was, name string) {
	flag := cmd.Flags().VarPF(&renamed{was, name}, was, "", "")
	flag.Hidden = true
	flag.NoOptDefVal = " " // so that the flag is also refused without a value
}

// RenamedError is the error of a flag that has another name now.
type RenamedError struct{ Was, Name string }

func (e *RenamedError) Error() string { return fmt.Sprintf("--%s is now --%s", e.Was, e.Name) }

// renamed is the value of a former flag.
type renamed struct{ was, name string }

func (r *renamed) String() string   { return "" }
func (r *renamed) Type() string     { return "" }
func (r *renamed) Set(string) error { return &RenamedError{r.was, r.name} }
