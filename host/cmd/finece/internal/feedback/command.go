package feedback

import (
	"errors"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
)

const long = `feedback manages the database of finece serve --feedback-db FILE. serve stores in it the
confidences of the answers that it scores, without any text. Clients report whether an
answer was correct:

  POST /finece/feedback   {"id":"chatcmpl-7","correct":true}
       "note" is optional, and so is "choice", for an answer with several choices. The id
       is that of the answer, or the value of its header X-FineCE-Id. A repeated label
       replaces the earlier one. A client can label only answers of its own key.
  DELETE /finece/feedback/ID   deletes an answer and its label
  GET /finece/calibration      how good the confidences are: a page for browsers, else
       JSON. With a client key, the figures cover the client's own answers. They cover
       all answers on the page that serve's link opens, on the address of
       --metrics-listen, and if no keys are needed. finece eval --merge adds up the
       replies of several gateways.

finece calibrate --from FILE fits a map on the labels.

The labels of calibrated answers test whether the calibration still holds
(--drift-rate). The test assumes that correct and wrong answers are labelled equally
often: if people report only wrong answers, it raises a false alarm.`

// New makes the command `finece feedback`.
func New() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "feedback",
		Short:   "Back up the database of clients' feedback of serve",
		Long:    long,
		Example: example,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "backup DATABASE FILE",
		Short: "Copy the database to a new file, while serve runs",
		Long: `backup writes a copy of a database of finece serve --feedback-db to a new file. serve
may keep running. The copy is a snapshot of the database, without the space of deleted
answers. To restore it, stop serve, replace the database by the copy, and delete the
files of the same name that end in -wal and -shm.`,
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
