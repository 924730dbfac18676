package calibrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/lines"
	"github.com/finece/finece/host/cmd/finece/internal/rejects"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
)

// each calls take for each line of the inputs, with the number of the line's question. Lines
// with the same id, or without an id and with the same question, have the same number. left
// is the number of lines that take returned an error for; the first few are reported.
func each(cmd *cobra.Command, inputs *input.Set, rejected *rejects.Flags, take func(line []byte, number, group int) error) (left int, err error) {
	list, err := rejected.Open("")
	if err != nil {
		return 0, err
	}
	bar := inputs.Progress("reading")
	defer bar.Done()
	groups := map[string]int{}
	const enough = 5
	err = inputs.Each(func(in *input.Input) error {
		r := lines.Records(in.Showing(bar, in), lines.MaxLine)
		for {
			line, bad, err := lines.Filled(r)
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return in.Failed(err)
			}
			if bad == nil {
				name := questionOf(line, in.Name, r.Line())
				group, seen := groups[name]
				if !seen {
					group = len(groups)
				}
				if bad = take(line, r.Line(), group); bad == nil {
					groups[name] = group
					continue
				}
			}
			if left++; left <= enough {
				bar.Hide()
				terminal.Say(cmd, "%s:%d: %v", in.Name, r.Line(), bad)
			}
			if err := list.Add(in.Name, r.Line(), bad.Error(), line); err != nil {
				return err
			}
		}
	})
	return left, errors.Join(err, list.Close())
}

// questionOf returns a name for the question of a line: its id, or else its text. A line without
// either counts as a separate question.
func questionOf(line []byte, file string, number int) string {
	var l struct {
		ID       json.RawMessage
		Question string
	}
	switch err := json.Unmarshal(line, &l); {
	case err == nil && len(l.ID) > 0 && string(l.ID) != "null":
		return "id " + string(l.ID)
	case err == nil && l.Question != "":
		return "question " + l.Question
	}
	return fmt.Sprintf("line %d of %s", number, file)
}

// errNoLabel is about a line without a label.
var errNoLabel = errors.New(`"correct" is missing; it has to be true, false, 1 or 0`)

// labelOf is the label of a line.
func labelOf(line []byte, key string) (bool, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(line, &members); err != nil {
		return false, fmt.Errorf("not JSON: %w", err)
	}
	switch string(members[key]) {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	case "":
		return false, errNoLabel
	}
	return false, fmt.Errorf("%q is %s; it has to be true, false, 1 or 0", key, members[key])
}
