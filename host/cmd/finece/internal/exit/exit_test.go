package exit

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/spf13/cobra"
)

func TestReport(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		code int
		says string
	}{
		{"none", nil, OK, ""},
		{"of the command line", errors.New("unknown flag"), Usage, "finece: unknown flag\nSee 'finece --help'.\n"},
		{"of a file", &fs.PathError{Op: "write", Path: "x", Err: fs.ErrPermission}, IO, "finece: write x: permission denied\n"},
		{"with a code", Errorf(Faults, "bad %d", 1), Faults, "finece: bad 1\n"},
		{"wrapped", fmt.Errorf("x.jsonl: %w", Errorf(Faults, "no questions")), Faults, "finece: x.jsonl: no questions\n"},
		{"joined with nil", errors.Join(Silently(Interrupted), nil), Interrupted, ""},
		{"already said", Silently(Faults), Faults, ""},
	} {
		var out bytes.Buffer
		cmd := &cobra.Command{Use: "finece"}
		cmd.SetErr(&out)
		if code := Report(cmd, c.err); code != c.code || out.String() != c.says {
			t.Errorf("%s: %d %q, want %d %q", c.name, code, out.String(), c.code, c.says)
		}
	}
}
