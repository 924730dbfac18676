// Package exit has the command's exit codes and the errors that carry them.
package exit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/terminal"
)

// The exit codes, as the help of the root command lists them.
const (
	OK          = 0
	Faults      = 1
	Usage       = 2
	Unavailable = 3
	IO          = 4
	Interrupted = 130
)

// Error is an error with the exit code of the process. Err is nil if the user has seen the
// message already.
type Error struct {
	Code int
	Err  error
}

func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// With returns err with an exit code.
func With(code int, err error) error { return &Error{code, err} }

// Silently returns an error that prints nothing, because the user has seen the message already.
func Silently(code int) error { return &Error{Code: code} }

// Errorf is fmt.Errorf with an exit code.
func Errorf(code int, format string, args ...any) error {
	return &Error{code, fmt.Errorf(format, args...)}
}

// Usagef returns the error of a wrong command line.
func Usagef(format string, args ...any) error { return Errorf(Usage, format, args...) }

// HasCode reports whether err carries an exit code.
func HasCode(err error) bool {
	var e *Error
	return errors.As(err, &e)
}

// Report prints err and returns the exit code. cmd is the command that
// returned err.
func Report(cmd *cobra.Command, err error) int {
	if err == nil {
		return OK
	}
	// An error without a code comes from cobra. It is about the command line, or about a file
	// that could not be written.
	code, silent := Usage, false
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		code = IO
	}
	if e := (*Error)(nil); errors.As(err, &e) {
		code, silent = e.Code, e.Err == nil
	}
	if !silent {
		terminal.Say(cmd, "%v", err)
	}
	if code == Usage {
		fmt.Fprintf(cmd.ErrOrStderr(), "See '%s --help'.\n", cmd.CommandPath())
	}
	return code
}

// Interruptible returns a context that the first interrupt or SIGTERM cancels. A second one ends
// the process.
func Interruptible(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
