package settings

import (
	"context"
	"os"
	"path/filepath"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/wazero"
)

// StartCore starts the engine that runs finece.wasm. Compiling the core takes about 0.2 s, so
// the compiled code is kept in the user's cache folder, under the hash of the core. It is used
// only if its checksum is right. Without a cache folder, the core is compiled at each start.
func StartCore(ctx context.Context) (*wazero.Engine, error) {
	if dir := cacheDir(); dir != "" {
		if engine, err := wazero.New(ctx, wazero.WithCacheDir(dir)); err == nil {
			return engine, nil
		}
	}
	engine, err := wazero.New(ctx)
	if err != nil {
		return nil, exit.Errorf(exit.IO, "starting the core: %w", err)
	}
	return engine, nil
}

// cacheDir returns the folder for compiled code. It returns "" if other users can write to the
// folder, because the code in it is run.
func cacheDir() string {
	caches, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	dir := filepath.Join(caches, "finece")
	if os.MkdirAll(dir, 0o700) != nil {
		return ""
	}
	const othersWrite = 0o022
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm()&othersWrite != 0 {
		return ""
	}
	return dir
}
