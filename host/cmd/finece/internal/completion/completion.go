// Package completion gives a flag's values to the shell's completion.
package completion

import "github.com/spf13/cobra"

// Values registers the values of a flag.
func Values(cmd *cobra.Command, flag string, values ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}
