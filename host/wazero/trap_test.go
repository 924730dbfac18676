package wazero_test

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/wazero"
)

func newEngine(t testing.TB, opts ...wazero.Option) *wazero.Engine {
	t.Helper()
	e, err := wazero.New(t.Context(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func TestATrapCostsOneSession(t *testing.T) {
	// 320 KiB hold a session, but not an event of 256 KiB beside it.
	engine := newEngine(t, wazero.WithMemoryLimit(320<<10))
	c := host.DefaultConfig()
	healthy, _, err := engine.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer healthy.Close()
	doomed, _, err := engine.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer doomed.Close()

	enormous := append([]byte(`data: {"id":"`), bytes.Repeat([]byte("x"), 250<<10)...)
	if _, err = doomed.Write(enormous); !errors.Is(err, host.ErrLost) {
		t.Fatalf("Write beyond the memory limit: %v, want ErrLost", err)
	}
	if _, err := doomed.Write([]byte("\n\n")); !errors.Is(err, host.ErrLost) {
		t.Errorf("a lost session answers %v, want ErrLost again", err)
	}
	if _, err := doomed.End(); !errors.Is(err, host.ErrLost) {
		t.Errorf("End of a lost session: %v, want ErrLost", err)
	}
	if _, err := healthy.Write([]byte("data: {}\n\n")); err != nil {
		t.Errorf("the session beside it: %v", err)
	}
	if _, _, err := engine.Open(c); err != nil {
		t.Errorf("the next session: %v", err)
	}
}

// A WebAssembly memory has at most 65,536 pages, 4 GiB.
func TestAMemoryLimitHasARange(t *testing.T) {
	limits := []int{-1, 0}
	if most := int64(4 << 30); strconv.IntSize == 64 {
		limits = append(limits, int(most+1), int(2*most), math.MaxInt)
		newEngine(t, wazero.WithMemoryLimit(int(most)))
	}
	for _, limit := range limits {
		_, err := wazero.New(t.Context(), wazero.WithMemoryLimit(limit))
		if err == nil || !strings.Contains(err.Error(), "memory limit") {
			t.Errorf("%d bytes: error %v, want one about the memory limit", limit, err)
		}
	}
}

func TestAModuleThatIsNoCoreIsRefusedAtLoad(t *testing.T) {
	for _, c := range []struct {
		name   string
		module []byte
		want   string
	}{
		{"not wasm", []byte("hello"), "compiling"},
		{"nothing exported", []byte("\x00asm\x01\x00\x00\x00"), "exports no memory"},
		// (module (import "a" "b" (func)))
		{"an import", []byte("\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x02\x07\x01\x01a\x01b\x00\x00"), "imports a.b"},
		// (module (memory (export "memory") 1))
		{"only a memory", []byte("\x00asm\x01\x00\x00\x00\x05\x03\x01\x00\x01\x07\x0a\x01\x06memory\x02\x00"), "exports no finece_abi"},
		// (module (memory (export "memory") 1) (func (export "finece_abi")))
		{"another signature", []byte("\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x05\x03\x01\x00\x01" +
			"\x07\x17\x02\x06memory\x02\x00\x0afinece_abi\x00\x00\x0a\x04\x01\x02\x00\x0b"), "another signature"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := wazero.New(t.Context(), wazero.WithCore(c.module))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}
