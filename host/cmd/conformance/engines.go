package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/finece/finece/bci"
	"github.com/finece/finece/wasm"
	"github.com/finece/finece/wasm/abi"
	"github.com/finece/finece/wasm/session"
)

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// onWazero calls the module's exports as package abi describes them, without package host.
func onWazero(ctx context.Context, corpus []testCase) (sums []string, module string, err error) {
	runtime := wazero.NewRuntime(ctx)
	defer runtime.Close(ctx)
	compiled, err := runtime.CompileModule(ctx, wasm.Core)
	if err != nil {
		return nil, "", err
	}
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize")
	for _, c := range corpus {
		m, err := runtime.InstantiateModule(ctx, compiled, config)
		if err != nil {
			return nil, "", err
		}
		answers, err := playRaw(ctx, m, c)
		m.Close(ctx)
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", c.Name, err)
		}
		sums = append(sums, sumOf(answers))
	}
	return sums, sumOf(wasm.Core), nil
}

func playRaw(ctx context.Context, m api.Module, c testCase) (answers []byte, err error) {
	ask := func(name string, input []byte) {
		if err != nil {
			return
		}
		var at []uint64
		if at, err = m.ExportedFunction("finece_input").Call(ctx, uint64(len(input))); err != nil {
			return
		}
		m.Memory().Write(uint32(at[0]), input)
		if at, err = m.ExportedFunction(name).Call(ctx, uint64(len(input))); err != nil {
			return
		}
		answers = append(answers, answerAt(m.Memory(), uint32(at[0]))...)
	}
	if c.Kind != "session" {
		ask("finece_"+c.Kind, c.Input)
		return answers, err
	}
	ask("finece_open", c.Input)
	for data := c.Data; len(c.Cuts) > 0; c.Cuts = c.Cuts[1:] {
		ask("finece_write", data[:c.Cuts[0]])
		data = data[c.Cuts[0]:]
	}
	if err != nil {
		return nil, err
	}
	at, err := m.ExportedFunction("finece_end").Call(ctx)
	if err != nil {
		return nil, err
	}
	return append(answers, answerAt(m.Memory(), uint32(at[0]))...), nil
}

// answerAt returns an answer with its status.
func answerAt(memory api.Memory, at uint32) []byte {
	n, _ := memory.ReadUint32Le(at + 4)
	data, _ := memory.Read(at, 8+n)
	return data
}

// natively gives the module's answers by the Go code of the core.
func natively(_ context.Context, corpus []testCase) (sums []string, module string, err error) {
	for _, c := range corpus {
		var answers []byte
		answer := func(payload []byte) {
			answers = binary.LittleEndian.AppendUint32(answers, uint32(abi.StatusOK))
			answers = binary.LittleEndian.AppendUint32(answers, uint32(len(payload)))
			answers = append(answers, payload...)
		}
		if err := playNative(c, answer); err != nil {
			return nil, "", fmt.Errorf("%s: %w", c.Name, err)
		}
		sums = append(sums, sumOf(answers))
	}
	return sums, "", nil
}

func playNative(c testCase, answer func([]byte)) error {
	switch c.Kind {
	case "fuse":
		tree, params, err := abi.ReadFuseInput(c.Input)
		if err != nil {
			return err
		}
		fused, err := bci.Fuse(nil, tree, params)
		answer(abi.AppendFloats(nil, fused))
		return err
	case "apply":
		applied, err := abi.AppendApplied(nil, c.Input)
		answer(applied)
		return err
	case "evaluate":
		conf, correct, binning, err := abi.ReadEvaluateInput(c.Input)
		if err != nil {
			return err
		}
		e, err := abi.Evaluate(conf, correct, binning)
		answer(abi.AppendEvaluation(nil, &e))
		return err
	}
	config, err := session.ParseConfig(c.Input)
	if err != nil {
		return err
	}
	s, events, err := session.Open(config)
	if err != nil {
		return err
	}
	answer(abi.AppendEvents(nil, events))
	for data := c.Data; len(c.Cuts) > 0; c.Cuts = c.Cuts[1:] {
		if events, err = s.Write(data[:c.Cuts[0]]); err != nil {
			return err
		}
		answer(abi.AppendEvents(nil, events))
		data = data[c.Cuts[0]:]
	}
	events, err = s.End()
	answer(abi.AppendEvents(nil, events))
	return err
}

// inJavaScript plays the corpus in a script of www/conformance. The command runtime runs the script.
func inJavaScript(script string, runtime ...string) func(context.Context, []testCase) ([]string, string, error) {
	return inScript("www/conformance/"+script, runtime...)
}

// inScript plays the corpus in a script. The command runtime runs the script, which reads the
// corpus from a file and prints {"module": ..., "sums": [...]}.
func inScript(script string, runtime ...string) func(context.Context, []testCase) ([]string, string, error) {
	return func(ctx context.Context, corpus []testCase) ([]string, string, error) {
		file, err := os.CreateTemp("", "corpus-*.json")
		if err != nil {
			return nil, "", err
		}
		defer os.Remove(file.Name())
		err = json.NewEncoder(file).Encode(corpus)
		if err := errors.Join(err, file.Close()); err != nil {
			return nil, "", err
		}
		arguments := append(slices.Clone(runtime), script, "wasm/finece.wasm", file.Name())
		command := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
		var out bytes.Buffer
		command.Stdout, command.Stderr = &out, os.Stderr
		if err := command.Run(); err != nil {
			return nil, "", err
		}
		var answer struct {
			Module string
			Sums   []string
		}
		if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
			return nil, "", fmt.Errorf("%s printed %.200q: %w", script, out.String(), err)
		}
		return answer.Sums, answer.Module, nil
	}
}
