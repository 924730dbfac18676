// Package kit gives finece-beam the parts of the command finece that it shares: flags, files,
// messages and exit codes. finece-beam is a module of its own (host/beam), so it cannot import
// this module's internal packages. Code that is not about a command line is in host/batch.
package kit

import (
	"context"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/construct"
	"github.com/finece/finece/host/cmd/finece/internal/evaluate"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/further"
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

// Errorf returns an error with an exit code.
func Errorf(code int, format string, args ...any) error { return exit.Errorf(code, format, args...) }

// Silently returns an error with an exit code. Report does not print it.
func Silently(code int) error { return exit.Silently(code) }

// HasCode reports whether an error has an exit code.
func HasCode(err error) bool { return exit.HasCode(err) }

// Report prints an error of a command and returns the exit code.
func Report(cmd *cobra.Command, err error) int { return exit.Report(cmd, err) }

// Interruptible returns a context that the first interrupt or SIGTERM cancels.
func Interruptible(parent context.Context) (context.Context, context.CancelFunc) {
	return exit.Interruptible(parent)
}

// Say writes a message to the command's standard error.
func Say(cmd *cobra.Command, format string, args ...any) { terminal.Say(cmd, format, args...) }

// Settings are the settings of a session on the command line.
type Settings = settings.Flags

// NewSettings returns the default settings.
func NewSettings() *Settings { return settings.New() }

// AddSetting adds the flag of a setting.
func AddSetting(cmd *cobra.Command, s *contract.Setting, variable any) {
	settings.Add(cmd, s, variable)
}

// Further is the flags of the estimator samples.
type Further = further.Flags

// FurtherAsked is what messages call the servers of the estimator samples, and NoFinal says
// why an answer that is undecided has no confidence.
const (
	FurtherAsked = further.Asked
	NoFinal      = further.NoFinal
)

// Undecided reports whether an error of the estimator samples says that there was no final
// answer to compare, or is to be ignored. Any other error is a failure.
func Undecided(err error) (undecided, ignored bool) { return further.Undecided(err) }

// NoLogprobs says what to do about an answer that lacks log-probabilities.
const NoLogprobs = ledger.NoLogprobs

// Input is an open file in any format that the command reads.
type Input = input.Input

// ReadsParquet makes Parquet one of these formats. A program calls it before it opens a file.
func ReadsParquet() { input.Register(input.Parquet, parquetfile.Lines) }

// Opened returns an open file as an input. The caller closes the input and not the file.
func Opened(name string, file *os.File) (*Input, error) { return input.From(name, file) }

// RowGroups returns the bytes that each row group of an input takes, nil if the input is not
// Parquet.
func RowGroups(in *Input) (sizes []int64, _ error) {
	if in.Table == nil {
		return nil, nil
	}
	f, err := parquetfile.Open(in.Table)
	if err != nil {
		return nil, err
	}
	for group := range f.Groups() {
		sizes = append(sizes, f.Size(group))
	}
	return sizes, nil
}

// CutRows reduces a Parquet input to the row groups from number from to before number to. It
// returns the number of rows before them.
func CutRows(in *Input, from, to int) (before int, _ error) {
	f, err := parquetfile.Open(in.Table)
	if err != nil {
		return 0, err
	}
	return f.RowsOf(0, from), parquetfile.Cut(in, from, to)
}

// Expanded returns the files that a pattern matches, the data files of a folder, or the name
// itself, whose file may not exist.
func Expanded(name string) ([]string, error) { return input.Expanded(name) }

// Several names n files in a message.
func Several(n int) string { return input.Several(n) }

// Rows reads rows of answers as JSON Lines.
type Rows = lines.Rows

// Records reads answers of at most lines.MaxLine bytes: JSON Lines, or CSV with a header.
func Records(r io.Reader) Rows { return lines.Records(r, lines.MaxLine) }

// Unreadable says what is wrong with a row that [Rows] could not return. It is "" for an I/O
// error and for no error.
func Unreadable(err error) string { return lines.Reason(err) }

// AppendRejected appends a record about a line that cannot be used. unit is "line", or "byte"
// for an offset.
func AppendRejected(b []byte, file, unit string, at int64, reason string, text []byte) []byte {
	return rejects.AppendLine(b, file, unit, at, reason, text)
}

// Pairs of a confidence and a correctness, as eval reads them.
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

// The command construct, with its work done in other processes.
type (
	ConstructElsewhere = construct.Elsewhere
	ConstructWork      = construct.Work
	ConstructJob       = construct.Job
	ConstructCounts    = construct.Counts
)

// Construct returns the command construct, with its work done in other processes.
func Construct(elsewhere *ConstructElsewhere) *cobra.Command { return construct.Of(elsewhere) }

// Eval returns the command eval, with pairs from a source.
func Eval(source Source) *cobra.Command { return evaluate.Of(source) }
