package version

import (
	"runtime/debug"
	"testing"

	"github.com/finece/finece/wasm/contract"
)

func TestBuilt(t *testing.T) {
	info := &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: "v" + contract.Version}}
	if got, want := built(info), "finece       "+contract.Version+"\ngo           go1.26.0\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	info.Settings = []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}
	info.Main.Version = "(devel)"
	if got, want := built(info), "finece       "+contract.Version+"\nmodule       (devel)\nrevision     abc (modified)\ngo           go1.26.0\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
