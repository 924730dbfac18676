package train

import (
	"bufio"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

//go:embed python/*.py python/flags.json
var scripts embed.FS

// Requirements lists the Python packages of the trainer, with versions, in pip's format.
//
//go:embed python/requirements.txt
var Requirements string

// Trainer runs the Python trainer.
type Trainer struct {
	Python string    // interpreter that has the packages of [Requirements]; "" is FINECE_PYTHON, or python3
	Finece string    // the finece command, which computes ECE and AUROC; "" is the running program
	Log    io.Writer // gets standard error, and the lines of standard output that are not a [Report]; nil drops them
}

// Report is one line of the trainer about its progress: a step, an epoch, the checkpoint
// that it resumes from, or the folder of the model. The other fields are nil or zero.
type Report struct {
	Step int      `json:"step"` // steps so far
	Of   int      `json:"of"`   // steps in all
	Loss *float64 `json:"loss"`

	Epoch int      `json:"epoch"` // from 1; has the three figures below, of held-out states
	ECE   *float64 `json:"ece"`
	AUROC *float64 `json:"auroc"` // nil if all answers are right or all are wrong
	Brier *float64 `json:"brier"`

	Resumed string `json:"resumed"` // folder of the checkpoint
	Saved   string `json:"saved"`   // folder of the model
}

// Run runs a command of the trainer, such as "ift", and calls tell, if it is not nil, with
// each report. When ctx ends, the trainer gets SIGTERM. If the same command is run again,
// the trainer resumes from its last checkpoint.
func (t *Trainer) Run(ctx context.Context, tell func(Report), args ...string) error {
	safe := *t
	if t.Log != nil {
		safe.Log = &lockedWriter{w: t.Log} // standard error is copied to it at the same time
	}
	return safe.start(ctx, args, func(out io.Reader) error {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			var r Report
			if json.Unmarshal(lines.Bytes(), &r) != nil {
				if safe.Log != nil {
					fmt.Fprintln(safe.Log, lines.Text())
				}
				continue
			}
			if tell != nil {
				tell(r)
			}
		}
		return lines.Err()
	})
}

// Pass runs a command of the trainer and copies its standard output to w.
func (t *Trainer) Pass(ctx context.Context, w io.Writer, args ...string) error {
	return t.start(ctx, args, func(out io.Reader) error {
		_, err := io.Copy(w, out)
		return err
	})
}

func (t *Trainer) start(ctx context.Context, args []string, read func(io.Reader) error) error {
	folder, err := os.MkdirTemp("", "finece-train-")
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	defer os.RemoveAll(folder)
	if err := os.CopyFS(folder, scripts); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if len(args) > 0 && (args[0] == "ift" || args[0] == "value") {
		finece := t.Finece
		if finece == "" {
			if finece, err = os.Executable(); err != nil {
				return fmt.Errorf("train: %w", err)
			}
		}
		args = append(slices.Clone(args), "--finece", finece)
	}
	python := orDefault(t.Python, orDefault(os.Getenv("FINECE_PYTHON"), "python3"))
	cmd := exec.CommandContext(ctx, python, append([]string{filepath.Join(folder, "python", "finece_train.py")}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	tail := &lastBytes{most: 4000}
	cmd.Stderr = tail
	if t.Log != nil {
		cmd.Stderr = io.MultiWriter(tail, t.Log)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("train: %w; the trainer needs Python with the packages of host/train/python/requirements.txt: run make train-env, or set FINECE_PYTHON to another interpreter", err)
	}
	readErr := read(out)
	if err := cmd.Wait(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var exit *exec.ExitError
		if errors.As(err, &exit) && t.Log == nil {
			return fmt.Errorf("train: %s: %w: %s", python, err, tail.bytes)
		}
		return fmt.Errorf("train: %s: %w", python, err)
	}
	return readErr
}

// lastBytes keeps the last bytes that are written to it.
type lastBytes struct {
	bytes []byte
	most  int
}

func (l *lastBytes) Write(p []byte) (int, error) {
	l.bytes = append(l.bytes, p...)
	if over := len(l.bytes) - l.most; over > 0 {
		l.bytes = l.bytes[:copy(l.bytes, l.bytes[over:])]
	}
	return len(p), nil
}

// lockedWriter lets several goroutines write to w.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
