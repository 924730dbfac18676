package score

import (
	"strings"
	"testing"

	"github.com/finece/finece/host/batch/score"
	"github.com/finece/finece/wasm/session"
)

func TestLinesThatOthersWrote(t *testing.T) {
	b := &batch{settings: score.SettingsKey(session.DefaultConfig(), "logprob"), done: map[string]int{}}
	for _, c := range []struct{ name, settings, want string }{
		{"the same settings", b.settings, ""},
		{"other settings", score.SettingsKey(session.DefaultConfig(), "x"), "scored with other flags"},
		{"a key of all settings", "0123abcd", "written by an earlier version of finece score"},
	} {
		_, err := b.judge([]byte(`{"finece":{"version":1,"hash":"h","settings":"`+c.settings+`","positions":[]}}`), false)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
