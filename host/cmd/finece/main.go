// Command finece estimates, while a language model is still writing, how likely
// its answer is to be correct. `finece --help` says the rest.
//
// Each command is in the file of its name. Formats that are read or written
// have packages of their own below internal; the scoring itself is package
// host.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// The exit codes, as the help of the root command lists them.
const (
	exitOK          = 0
	exitFaults      = 1
	exitUsage       = 2
	exitUnavailable = 3
	exitIO          = 4
	exitInterrupted = 130
)

// exitError is an error that says what the process exits with. Err is nil where
// everything was said already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func failf(code int, format string, args ...any) error {
	return &exitError{code, fmt.Errorf(format, args...)}
}

// usagef is the error of a command line that cannot be followed.
func usagef(format string, args ...any) error { return failf(exitUsage, format, args...) }

func main() {
	root := newRoot()
	cmd, err := root.ExecuteC()
	os.Exit(report(cmd, err))
}

// report says what went wrong and returns the exit code.
func report(cmd *cobra.Command, err error) int {
	if err == nil {
		return exitOK
	}
	// What is not one of ours is cobra's: about the command line, unless it
	// could not write.
	failure := &exitError{exitUsage, err}
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		failure.code = exitIO
	}
	errors.As(err, &failure)
	if failure.err != nil {
		say(cmd, "%v", failure.err)
	}
	if failure.code == exitUsage {
		fmt.Fprintf(cmd.ErrOrStderr(), "See '%s --help'.\n", cmd.CommandPath())
	}
	return failure.code
}

// say writes a message to standard error. What it quotes may come from
// anywhere, so nothing in it can move the cursor.
func say(cmd *cobra.Command, format string, args ...any) {
	text := strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (r < ' ' || r >= 0x7f && r < 0xa0) {
			return '\uFFFD'
		}
		return r
	}, fmt.Sprintf(format, args...))
	fmt.Fprintf(cmd.ErrOrStderr(), "finece: %s\n", strings.TrimRight(text, "\n"))
}

// interruptible is a context that the first signal to stop ends; a second one
// ends the process.
func interruptible(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
