// Package version is the command version.
package version

import (
	"crypto/sha256"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/wasm"
	"github.com/finece/finece/wasm/abi"
	"github.com/finece/finece/wasm/contract"
)

// New is the command.
func New() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, and the hash of the scoring core",
		Long: `version prints the version, the source that this command was built from, and the
SHA-256, size and ABI version of finece.wasm, the scoring core that is embedded in the
command. The line "module" appears if the command was not built from the tag of that
version. The same core runs in browsers and edge workers: equal hashes give equal
scores.`,
		Example: `  finece version
  finece version | grep sha256`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := cmd.OutOrStdout()
			if info, ok := debug.ReadBuildInfo(); ok {
				fmt.Fprint(out, built(info))
			}
			_, err := fmt.Fprintf(out, "core sha256  %x\ncore size    %d bytes\ncore ABI     %d\n", sha256.Sum256(wasm.Core), len(wasm.Core), abi.Version)
			if err != nil {
				return exit.With(exit.IO, err)
			}
			return nil
		},
	}
}

// built returns the source that the command was built from.
func built(info *debug.BuildInfo) string {
	revision := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			revision += " (modified)"
		}
	}
	text := fmt.Sprintf("finece       %s\n", contract.Version)
	if v := info.Main.Version; v != "" && v != "v"+contract.Version {
		text += fmt.Sprintf("module       %s\n", v)
	}
	if revision != "" {
		text += fmt.Sprintf("revision     %s\n", revision)
	}
	return text + fmt.Sprintf("go           %s\n", info.GoVersion)
}
