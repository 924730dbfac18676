package train_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/finece/finece/host/train"
)

// asInterpreter makes this test's own program stand in for Python: the trainer's packages are
// several gigabytes, which only `make test-train` has. Its value says what the program does.
const asInterpreter = "FINECE_TEST_INTERPRETER"

func TestMain(m *testing.M) {
	if does := os.Getenv(asInterpreter); does != "" {
		os.Exit(interpret(does, os.Args[1:]))
	}
	os.Exit(m.Run())
}

// interpret plays the trainer: it is called with the trainer's script and arguments.
func interpret(does string, args []string) int {
	switch does {
	case "train":
		for _, name := range []string{"finece_train.py", "finece_data.py"} {
			if _, err := os.Stat(filepath.Join(filepath.Dir(args[0]), name)); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
		fmt.Println(`{"step":1,"of":2,"loss":0.5}`)
		fmt.Println("arguments:", filepath.Base(args[0]), strings.Join(args[1:], " "))
		fmt.Println("folder:", filepath.Dir(args[0]))
		fmt.Fprintln(os.Stderr, "a warning")
		fmt.Println(`{"epoch":1,"ece":0.25,"auroc":null,"brier":0.125}`)
		fmt.Println(`{"saved":"out"}`)
	case "fail":
		fmt.Fprintln(os.Stderr, "START"+strings.Repeat("x", 5000))
		fmt.Fprintln(os.Stderr, "ModuleNotFoundError: No module named 'torch'")
		return 3
	case "wait":
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		fmt.Println(`{"step":1,"of":9}`)
		<-stop
		fmt.Println("told to stop")
		return 1
	}
	return 0
}

// trainer returns a Trainer whose interpreter is this test's own program.
func trainer(t *testing.T, does string) (*train.Trainer, *bytes.Buffer) {
	t.Helper()
	t.Setenv(asInterpreter, does)
	python, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	return &train.Trainer{Python: python, Finece: "/bin/finece", Log: &log}, &log
}

func TestTrainerHandsOnReports(t *testing.T) {
	run, log := trainer(t, "train")
	var reports []train.Report
	if err := run.Run(t.Context(), func(r train.Report) { reports = append(reports, r) }, "ift", "--out", "out"); err != nil {
		t.Fatal(err)
	}
	if len(reports) != 3 || reports[0].Step != 1 || *reports[0].Loss != 0.5 || *reports[1].ECE != 0.25 || reports[1].AUROC != nil || reports[2].Saved != "out" {
		t.Errorf("%+v", reports)
	}
	for _, want := range []string{"a warning", "arguments: finece_train.py ift --out out --finece /bin/finece\n"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log %q has no %q", log, want)
		}
	}
	_, folder, _ := strings.Cut(log.String(), "folder: ")
	if folder, _, _ = strings.Cut(folder, "\n"); folder == "" {
		t.Fatalf("no folder in the log %q", log)
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the scripts are still in %s: %v", folder, err)
	}
	run.Log = nil
	if err := run.Run(t.Context(), nil, "ift"); err != nil {
		t.Errorf("without a log: %v", err)
	}
}

// TestTrainerFindsTheCommand checks that only the commands that compute ECE and AUROC get
// the path of finece.
func TestTrainerFindsTheCommand(t *testing.T) {
	run, log := trainer(t, "train")
	run.Finece = ""
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string]string{"value": "value --finece " + self, "base": "base", "tokenizer": "tokenizer"} {
		log.Reset()
		if err := run.Run(t.Context(), nil, command); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(strings.Split(log.String(), "\n"), "arguments: finece_train.py "+want) {
			t.Errorf("%s: %q, want %q", command, log, want)
		}
	}
}

func TestTrainerPassesOutputOn(t *testing.T) {
	run, _ := trainer(t, "train")
	python := run.Python
	run.Python = ""
	t.Setenv("FINECE_PYTHON", python)
	var out bytes.Buffer
	if err := run.Pass(t.Context(), &out, "tokenizer", "--help"); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), `{"step":1`) || !strings.Contains(out.String(), "tokenizer --help\n") {
		t.Errorf("%q", out.String())
	}
}

func TestTrainerReportsAFailure(t *testing.T) {
	run, log := trainer(t, "fail")
	run.Log = nil
	err := run.Run(t.Context(), nil, "base")
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "No module named 'torch'") || strings.Contains(err.Error(), "START") {
		t.Errorf("%v, want the status and the end of what was said", err)
	}
	run.Log = log
	if err = run.Run(t.Context(), nil, "base"); err == nil || strings.Contains(err.Error(), "torch") || !strings.Contains(log.String(), "No module named 'torch'") {
		t.Errorf("%v, want the status alone: the rest is in the log %q", err, log)
	}
}

func TestTrainerIsTold(t *testing.T) {
	run, log := trainer(t, "wait")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := run.Run(ctx, func(train.Report) { cancel() }, "base")
	if !errors.Is(err, context.Canceled) || !strings.Contains(log.String(), "told to stop") {
		t.Errorf("%v, and the trainer said %q", err, log)
	}
}

func TestTrainerWithoutPython(t *testing.T) {
	run := &train.Trainer{Python: filepath.Join(t.TempDir(), "python")}
	if err := run.Run(t.Context(), nil, "base"); err == nil || !strings.Contains(err.Error(), "make train-env") {
		t.Errorf("%v, want what to do", err)
	}
}
