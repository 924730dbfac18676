// Package kit is the parts of the command finece that finece-beam is made of as well.
// finece-beam is a module of its own (host/beam), which cannot import what is internal
// here. So it has the same flags, files, messages and exit codes. What is not about a
// command line is in host/batch.
package kit

import (
	"context"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/construct"
	"github.com/finece/finece/host/cmd/finece/internal/evaluate"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/ledger"
	"github.com/finece/finece/host/cmd/finece/internal/lines"
	"github.com/finece/finece/host/cmd/finece/internal/pairs"
	"github.com/finece/finece/host/cmd/finece/internal/parquetfile"
	"github.com/finece/finece/host/cmd/finece/internal/rejects"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/wasm/contract"
)

// The exit codes of both commands.
const (
	Faults      = exit.Faults
	Usage       = exit.Usage
	Unavailable = exit.Unavailable
	IO          = exit.IO
	Interrupted = exit.Interrupted
)

// Errorf is an error with an exit code.
func Errorf(code int, format string, args ...any) error { return exit.Errorf(code, format, args...) }

// Silently is an error with an exit code that prints nothing.
func Silently(code int) error { return exit.Silently(code) }

// HasCode reports whether an error has an exit code.
func HasCode(err error) bool { return exit.HasCode(err) }

// Report prints an error of a command and returns the exit code.
func Report(cmd *cobra.Command, err error) int { return exit.Report(cmd, err) }

// Interruptible is a context that the first interrupt or SIGTERM cancels.
func Interruptible(parent context.Context) (context.Context, context.CancelFunc) {
	return exit.Interruptible(parent)
}

// Say writes a message to the command's standard error.
func Say(cmd *cobra.Command, format string, args ...any) { terminal.Say(cmd, format, args...) }

// Settings are the settings of a session on the command line.
type Settings = settings.Flags

// NewSettings is the default settings.
func NewSettings() *Settings { return settings.New() }

// AddSetting adds the flag of a setting.
func AddSetting(cmd *cobra.Command, s *contract.Setting, variable any) {
	settings.Add(cmd, s, variable)
}

// NoLogprobs says what to do about an answer that lacks log-probabilities.
const NoLogprobs = ledger.NoLogprobs

// Input is an open file, of any format that the command reads.
type Input = input.Input

// ReadsParquet makes Parquet one of these formats. A program calls it before it opens one.
func ReadsParquet() { input.Register(input.Parquet, parquetfile.Lines) }

// Opened is the input that an open file is. The caller closes the input, and not the file.
func Opened(name string, file *os.File) (*Input, error) { return input.From(name, file) }

// Expanded is the files that a pattern matches, the data files of a folder, or the file of
// this name, which may not exist.
func Expanded(name string) ([]string, error) { return input.Expanded(name) }

// Several is what messages call n files.
func Several(n int) string { return input.Several(n) }

// Rows reads rows of answers as JSON Lines.
type Rows = lines.Rows

// Records reads answers of at most lines.MaxLine bytes: JSON Lines, or CSV with a header.
func Records(r io.Reader) Rows { return lines.Records(r, lines.MaxLine) }

// Unreadable is what is wrong with a row that [Rows] could not give; "" for an error of
// reading and for none.
func Unreadable(err error) string { return lines.Reason(err) }

// AppendRejected appends the line that tells of a line that could not be used. unit is
// "line", or "byte" for an offset.
func AppendRejected(b []byte, file, unit string, at int64, reason string, text []byte) []byte {
	return rejects.AppendLine(b, file, unit, at, reason, text)
}

// The pairs of a confidence and of whether the answer was correct, as eval reads them.
type (
	Pairs   = pairs.Pairs
	Columns = pairs.Columns
	Asked   = pairs.Asked
	Part    = pairs.Part
	Source  = evaluate.Source
)

// Collect adds up parts that other processes have read.
func Collect(cmd *cobra.Command, files []string, columns Columns, next func() (file int, part []byte, err error)) (*Pairs, error) {
	return pairs.Collect(cmd, files, columns, next)
}

// The command construct with the work done in other processes.
type (
	ConstructElsewhere = construct.Elsewhere
	ConstructWork      = construct.Work
	ConstructJob       = construct.Job
	ConstructCounts    = construct.Counts
)

// Construct is the command construct with the work done elsewhere.
func Construct(elsewhere *ConstructElsewhere) *cobra.Command { return construct.Of(elsewhere) }

// Eval is the command eval with pairs from a source.
func Eval(source Source) *cobra.Command { return evaluate.Of(source) }
