package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"

	runtime "github.com/tetratelabs/wazero"

	"github.com/finece/finece/host/wazero"
	"github.com/finece/finece/wasm"
)

// module reports the size and the imports of finece.wasm.
func module(t *table, _ *wazero.Engine) error {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(wasm.Core); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	ctx := context.Background()
	r := runtime.NewRuntime(ctx)
	defer r.Close(ctx)
	compiled, err := r.CompileModule(ctx, wasm.Core)
	if err != nil {
		return err
	}
	t.row("finece.wasm", fmt.Sprintf("%.1f KB", kb(len(wasm.Core))), "")
	t.row("  gzip -9", fmt.Sprintf("%.1f KB", kb(packed.Len())), "at most 120 KB")
	t.row("  imports", fmt.Sprint(len(compiled.ImportedFunctions())+len(compiled.ImportedMemories())), "0")
	return nil
}

func kb(n int) float64 { return float64(n) / 1024 }
