package version

import (
	"runtime/debug"
	"testing"
)

func TestBuilt(t *testing.T) {
	info := &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: "v1.2.3"}}
	if got, want := built(info), "finece       v1.2.3\ngo           go1.26.0\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	info.Settings = []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}
	if got, want := built(info), "finece       v1.2.3\nrevision     abc (modified)\ngo           go1.26.0\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
