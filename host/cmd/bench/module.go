package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"

	runtime "github.com/tetratelabs/wazero"

	"github.com/finece/finece/host/wazero"
	"github.com/finece/finece/wasm"
)

// module reports the size and the imports of finece.wasm.
func module(t *table, _ *wazero.Engine) error {
	// The program, as for the limit: Go's gzip package makes other sizes.
	gzip := exec.Command("gzip", "-9", "-c")
	gzip.Stdin = bytes.NewReader(wasm.Core)
	packed, err := gzip.Output()
	if err != nil {
		return fmt.Errorf("gzip: %w", err)
	}
	ctx := context.Background()
	r := runtime.NewRuntime(ctx)
	defer r.Close(ctx)
	compiled, err := r.CompileModule(ctx, wasm.Core)
	if err != nil {
		return err
	}
	t.row("finece.wasm", fmt.Sprintf("%.1f KB", kb(len(wasm.Core))), "")
	t.row("  gzip -9", fmt.Sprintf("%.1f KB", kb(len(packed))), "at most 120 KB")
	t.row("  imports", fmt.Sprint(len(compiled.ImportedFunctions())+len(compiled.ImportedMemories())), "0")
	return nil
}

func kb(n int) float64 { return float64(n) / 1024 }
