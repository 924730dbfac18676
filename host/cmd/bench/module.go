package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/tetratelabs/wazero"

	"github.com/finece/finece/host"
	"github.com/finece/finece/wasm"
)

// module reports the size of finece.wasm and what it imports.
func module(out *tabwriter.Writer, _ host.Engine) error {
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
	runtime := wazero.NewRuntime(ctx)
	defer runtime.Close(ctx)
	compiled, err := runtime.CompileModule(ctx, wasm.Core)
	if err != nil {
		return err
	}
	row(out, "finece.wasm", fmt.Sprintf("%.1f KB", kb(len(wasm.Core))), "at most 256")
	row(out, "  gzip -9", fmt.Sprintf("%.1f KB", kb(packed.Len())), "at most 100")
	row(out, "  imports", fmt.Sprint(len(compiled.ImportedFunctions())+len(compiled.ImportedMemories())), "0")
	return nil
}

func kb(n int) float64 { return float64(n) / 1024 }
