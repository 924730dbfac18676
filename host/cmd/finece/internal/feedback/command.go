package feedback

import (
	"errors"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
)

const long = `feedback is about the database of finece serve --feedback-db FILE. serve keeps in it
the confidences of the answers that it scores, without any text. Clients say about an
answer whether it was correct:

  POST /finece/feedback   {"id":"chatcmpl-7","correct":true}
       with "note" and, of an answer with several choices, "choice" if wanted. The id is
       the answer's own, or the value of its header X-FineCE-Id. A repeated label
       replaces the first. A client reaches the answers of its own key alone.
  DELETE /finece/feedback/ID   forgets an answer and what was said about it
  GET /finece/calibration      how good the confidences are: a page for browsers, else
       JSON. A client key is shown the figures of its own answers. All answers are
       shown by the page that serve's link opens, on --metrics-listen, and where no
       keys are needed. finece eval --merge adds up the replies of several gateways.

finece calibrate --from FILE fits a map on the labels.

The labels of calibrated answers test whether the calibration still holds
(--drift-rate). The test assumes that labels do not depend on whether the answer is
correct: where people report wrong answers alone, it raises an alarm.`

// New makes the command `finece feedback`.
func New() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "feedback",
		Short:   "Back up what clients of serve say about answers",
		Long:    long,
		Example: example,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "backup DATABASE FILE",
		Short: "Copy the database to a new file, while serve runs",
		Long: `backup writes a copy of a database of finece serve --feedback-db to a new file. serve may
keep running. The copy is one state of the database, without the space of deleted
answers. To restore it, stop serve and put the copy in the database's place; delete
the files of the same name that end in -wal and -shm.`,
		Example: example,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return exit.Usagef("feedback backup needs the database and the file to write, such as: finece feedback backup feedback.db copy.db")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := exit.Interruptible(cmd.Context())
			defer stop()
			if err := Backup(ctx, args[0], args[1]); err != nil {
				return asExit(err)
			}
			terminal.Say(cmd, "wrote %s", args[1])
			return nil
		},
	})
	return cmd
}

const example = `  finece serve --feedback-db feedback.db --upstream http://127.0.0.1:8000/v1
  finece feedback backup feedback.db copy.db`

// asExit gives an error of a database its exit code.
func asExit(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return exit.Errorf(exit.IO, "%w; serve --feedback-db makes it", err)
	}
	return exit.With(exit.IO, err)
}
