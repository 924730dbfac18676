// Package wazero is the engine (host.Engine) that runs finece.wasm on wazero, a WebAssembly
// runtime in Go. It compiles the module once. Each open session has an instance of its own.
//
//	engine, err := wazero.New(ctx)
//	...
//	defer engine.Close()
//	session, events, err := engine.Open(host.DefaultConfig())
package wazero

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/finece/finece/host"
	"github.com/finece/finece/wasm"
	"github.com/finece/finece/wasm/abi"
)

const (
	pageSize  = 64 << 10
	maxMemory = 4 << 30 // of a 32-bit WebAssembly memory
)

// Option is a setting of [New].
type Option func(*options)

type options struct {
	core        []byte
	memoryLimit int
	cacheDir    string
}

// WithCore runs another build of the module instead of the embedded one.
func WithCore(module []byte) Option { return func(o *options) { o.core = module } }

// WithMemoryLimit bounds the memory of each session's instance: from 1 byte to 4 GiB,
// rounded up to a multiple of 64 KiB. The default is 32 MiB, far more than a session
// needs with the default limits of host.Config. An instance that needs more than the
// limit traps.
func WithMemoryLimit(bytes int) Option { return func(o *options) { o.memoryLimit = bytes } }

// WithCacheDir keeps the compiled module in a folder, for processes that start often.
// The folder contains native code that the process runs, so only the process should
// be able to write to it.
func WithCacheDir(dir string) Option { return func(o *options) { o.cacheDir = dir } }

// Engine is the engine that runs finece.wasm on wazero.
type Engine struct {
	runtime  wazero.Runtime
	cache    wazero.CompilationCache
	compiled wazero.CompiledModule
	config   wazero.ModuleConfig
	sha256   string
	context  context.Context // for instances; it has the allocator of their memories
	idle     idle
}

// New compiles the module, checks its imports, exports and ABI version, and makes a
// trial instance. So New reports a wrong file, and not the first stream.
func New(ctx context.Context, opts ...Option) (*Engine, error) {
	o := options{core: wasm.Core, memoryLimit: 32 << 20}
	for _, opt := range opts {
		opt(&o)
	}
	if o.memoryLimit < 1 || int64(o.memoryLimit) > maxMemory {
		return nil, fmt.Errorf("wazero: a memory limit of %d bytes: want 1 to %d", o.memoryLimit, int64(maxMemory))
	}
	pages := (o.memoryLimit + pageSize - 1) / pageSize
	config := wazero.NewRuntimeConfig().WithMemoryLimitPages(uint32(pages))
	e := &Engine{
		config:  wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize"),
		context: experimental.WithMemoryAllocator(context.Background(), new(memories)),
	}
	if o.cacheDir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(o.cacheDir)
		if err != nil {
			return nil, fmt.Errorf("wazero: compilation cache: %w", err)
		}
		e.cache = cache
		config = config.WithCompilationCache(cache)
	}
	e.runtime = wazero.NewRuntimeWithConfig(ctx, config)
	if err := e.load(ctx, o.core); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

func (e *Engine) load(ctx context.Context, module []byte) error {
	sum := sha256.Sum256(module)
	e.sha256 = hex.EncodeToString(sum[:])
	compiled, err := e.runtime.CompileModule(ctx, module)
	if err != nil {
		return fmt.Errorf("wazero: compiling the core: %w", err)
	}
	e.compiled = compiled
	if err := check(compiled); err != nil {
		return err
	}
	trial, err := e.instance()
	if err != nil {
		return err
	}
	defer trial.Close()
	version, err := trial.call(trial.module.ExportedFunction("finece_abi"))
	if err != nil {
		return err
	}
	if version != abi.Version {
		return fmt.Errorf("wazero: the core has ABI version %d, but this host needs %d: use a finece.wasm of the same release", version, abi.Version)
	}
	return nil
}

// check compares the module's imports and exports with package abi.
func check(m wazero.CompiledModule) error {
	if imports := m.ImportedFunctions(); len(imports) > 0 {
		module, name, _ := imports[0].Import()
		return fmt.Errorf("wazero: not a FineCE core: it imports %s.%s, but the core imports nothing", module, name)
	}
	if _, ok := m.ExportedMemories()["memory"]; !ok {
		return fmt.Errorf("wazero: not a FineCE core: it exports no memory")
	}
	exports := m.ExportedFunctions()
	for _, f := range abi.Functions {
		got, ok := exports[f.Name]
		if !ok {
			return fmt.Errorf("wazero: not a FineCE core of ABI version %d: it exports no %s", abi.Version, f.Name)
		}
		if !sameTypes(got.ParamTypes(), f.Params) || !sameTypes(got.ResultTypes(), f.Results) {
			return fmt.Errorf("wazero: not a FineCE core of ABI version %d: %s has another signature", abi.Version, f.Name)
		}
	}
	return nil
}

func sameTypes(got []api.ValueType, want []abi.Type) bool {
	return slices.EqualFunc(got, want, func(g api.ValueType, w abi.Type) bool { return g == byte(w) })
}

// Name is "wazero".
func (e *Engine) Name() string { return "wazero" }

// SHA256 is the module's hash in hexadecimal.
func (e *Engine) SHA256() string { return e.sha256 }

// Close releases the module and every instance.
func (e *Engine) Close() error {
	e.idle.close()
	err := e.runtime.Close(context.Background())
	if e.cache != nil {
		if failed := e.cache.Close(context.Background()); err == nil {
			err = failed
		}
	}
	return err
}

// Open opens a session in an idle instance, or in a new one if none is idle.
func (e *Engine) Open(c host.Config) (host.Session, []host.Event, error) {
	if err := c.Validate(); err != nil {
		return nil, nil, err // an error before an instance is made
	}
	i := e.idle.take()
	if i == nil {
		var err error
		if i, err = e.instance(); err != nil {
			return nil, nil, err
		}
	}
	s, events, err := host.OpenOn(&lease{instance: i, owner: &e.idle}, c)
	if err != nil {
		return nil, nil, err
	}
	return s, events, nil
}

// instance makes a fresh instance of the module.
func (e *Engine) instance() (*instance, error) {
	m, err := e.runtime.InstantiateModule(e.context, e.compiled, e.config)
	if err != nil {
		return nil, fmt.Errorf("wazero: making an instance of the core: %w", err)
	}
	return newInstance(m), nil
}
