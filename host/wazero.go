package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/finece/finece/wasm"
	"github.com/finece/finece/wasm/abi"
	"github.com/finece/finece/wasm/session"
)

const pageSize = 64 << 10

// Option is a setting of [NewWazero].
type Option func(*options)

type options struct {
	core        []byte
	memoryLimit int
	cacheDir    string
}

// WithCore runs another build of the module than the embedded one.
func WithCore(module []byte) Option { return func(o *options) { o.core = module } }

// WithMemoryLimit bounds the memory of each session's instance, in bytes,
// rounded up to 64 KiB. The default is 32 MiB, far above what Config's default
// limits can use; an instance that wants more traps.
func WithMemoryLimit(bytes int) Option { return func(o *options) { o.memoryLimit = bytes } }

// WithCacheDir keeps the compiled module in a folder, for processes that start
// often. It holds native code: keep it where only the process can write.
func WithCacheDir(dir string) Option { return func(o *options) { o.cacheDir = dir } }

// Wazero is the engine that runs finece.wasm on wazero.
type Wazero struct {
	runtime  wazero.Runtime
	cache    wazero.CompilationCache
	compiled wazero.CompiledModule
	config   wazero.ModuleConfig
	sha256   string
}

// NewWazero compiles the module, checks that it is one that this package can
// talk to, and tries an instance, so that a bad file is an error here and not
// in the middle of a stream.
func NewWazero(ctx context.Context, opts ...Option) (*Wazero, error) {
	o := options{core: wasm.Core, memoryLimit: 32 << 20}
	for _, opt := range opts {
		opt(&o)
	}
	pages := (o.memoryLimit + pageSize - 1) / pageSize
	config := wazero.NewRuntimeConfig().WithMemoryLimitPages(uint32(max(pages, 1)))
	w := &Wazero{config: wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize")}
	if o.cacheDir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(o.cacheDir)
		if err != nil {
			return nil, fmt.Errorf("host: compilation cache: %w", err)
		}
		w.cache = cache
		config = config.WithCompilationCache(cache)
	}
	w.runtime = wazero.NewRuntimeWithConfig(ctx, config)
	if err := w.load(ctx, o.core); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

func (w *Wazero) load(ctx context.Context, module []byte) error {
	sum := sha256.Sum256(module)
	w.sha256 = hex.EncodeToString(sum[:])
	compiled, err := w.runtime.CompileModule(ctx, module)
	if err != nil {
		return fmt.Errorf("host: compiling the core: %w", err)
	}
	w.compiled = compiled
	if err := check(compiled); err != nil {
		return err
	}
	trial, err := w.instance()
	if err != nil {
		return err
	}
	defer trial.Close()
	version, err := trial.call(trial.abi, 0)
	if err != nil {
		return err
	}
	if version != abi.Version {
		return fmt.Errorf("host: the core speaks ABI version %d, this host %d: use a finece.wasm of the same release", version, abi.Version)
	}
	return nil
}

// check compares what the module imports and exports with package abi.
func check(m wazero.CompiledModule) error {
	if imports := m.ImportedFunctions(); len(imports) > 0 {
		module, name, _ := imports[0].Import()
		return fmt.Errorf("host: not a FineCE core: it imports %s.%s, the core imports nothing", module, name)
	}
	if _, ok := m.ExportedMemories()["memory"]; !ok {
		return fmt.Errorf("host: not a FineCE core: it exports no memory")
	}
	exports := m.ExportedFunctions()
	for _, f := range abi.Functions {
		got, ok := exports[f.Name]
		if !ok {
			return fmt.Errorf("host: not a FineCE core of ABI version %d: it exports no %s", abi.Version, f.Name)
		}
		if !sameTypes(got.ParamTypes(), f.Params) || !sameTypes(got.ResultTypes(), f.Results) {
			return fmt.Errorf("host: not a FineCE core of ABI version %d: %s has another signature", abi.Version, f.Name)
		}
	}
	return nil
}

func sameTypes(got []api.ValueType, want []abi.Type) bool {
	return slices.EqualFunc(got, want, func(g api.ValueType, w abi.Type) bool { return g == byte(w) })
}

// Name is "wazero".
func (w *Wazero) Name() string { return "wazero" }

// SHA256 is the module's hash in hexadecimal.
func (w *Wazero) SHA256() string { return w.sha256 }

// Close releases the module and every instance.
func (w *Wazero) Close() error {
	err := w.runtime.Close(context.Background())
	if w.cache != nil {
		if e := w.cache.Close(context.Background()); err == nil {
			err = e
		}
	}
	return err
}

// Open makes an instance and opens the session in it.
func (w *Wazero) Open(c Config) (Session, []Event, error) {
	if err := c.Validate(); err != nil {
		return nil, nil, err
	}
	i, err := w.instance()
	if err != nil {
		return nil, nil, err
	}
	events, err := i.events(i.send(i.open, 0, false, session.AppendConfig(nil, &c)))
	if err != nil {
		i.Close()
		return nil, nil, err
	}
	return i, events, nil
}

// instance makes a fresh instance of the module.
func (w *Wazero) instance() (*instance, error) {
	m, err := w.runtime.InstantiateModule(context.Background(), w.compiled, w.config)
	if err != nil {
		return nil, fmt.Errorf("host: making an instance of the core: %w", err)
	}
	f := m.ExportedFunction
	return &instance{
		module: m, memory: m.Memory(),
		abi: f("finece_abi"), input: f("finece_input"), open: f("finece_open"), write: f("finece_write"),
		end: f("finece_end"), request: f("finece_request"), resolve: f("finece_resolve"), fail: f("finece_fail"),
	}, nil
}
