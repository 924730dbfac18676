// Package ledger reports the faults of a stream.
package ledger

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// Ledger is a ledger whose faults can be reported.
type Ledger struct{ follow.Ledger }

// NoLogprobs says what to do about an answer that lacks log-probabilities.
const NoLogprobs = "--estimator logprob needs log-probabilities, and there are none or too few; --estimator URL asks a confidence model"

// Report prints the faults in the input.
func (l *Ledger) Report(cmd *cobra.Command, name string) {
	for _, f := range l.Faults {
		terminal.Say(cmd, "%s: %s", name, FaultText(f))
	}
	if more := l.Faulted - len(l.Faults); more > 0 {
		terminal.Say(cmd, "%s: %d more faults", name, more)
	}
}

// Verdict returns the error of an input with faults, which were reported already.
func (l *Ledger) Verdict() error {
	if l.Faulted > 0 {
		return exit.Silently(exit.Faults)
	}
	return nil
}

// FaultText describes a fault: its place, what is wrong, what was expected, and what was done
// about it.
func FaultText(f *record.Fault) string {
	text := session.FaultName(f.Code)
	if f.Offset >= 0 {
		text = fmt.Sprintf("byte %d: %s", f.Offset, text)
	}
	detail := f.Detail
	switch f.Code {
	case stream.ProviderError, session.FaultReply, session.FaultPositions, session.FaultUnlisted:
	case stream.Truncated:
		detail = "the input ends before " + detail
	default:
		detail = "want " + detail
	}
	if detail != "" {
		text += ": " + detail
	}
	return text + outcome(f.Code)
}

// outcome returns what was done about a fault, or what the user can do.
func outcome(code stream.FaultCode) string {
	switch code {
	case stream.InvalidJSON, stream.EventTooLarge:
		return "; the event is left out"
	case stream.InvalidUTF8:
		return "; the bytes are shown as U+FFFD"
	case stream.UnknownFormat:
		return "; if it is one of these, name it with --format"
	case stream.TooManyChoices, stream.BadLogprobs:
		return "; they are left out"
	}
	return ""
}
