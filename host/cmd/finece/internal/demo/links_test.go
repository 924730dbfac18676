package demo

import (
	"os/exec"
	"strings"
	"testing"
)

// TestLinks: `make demo` compiles for its first run, which has to stay short. The
// packages that take long, and that the demo does not need, stay out. It needs
// host/gateway, of a second, for who may use the port of the built-in models.
func TestLinks(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "./main").Output()
	if err != nil {
		t.Fatal(err)
	}
	linked := strings.Fields(string(out))
	for _, p := range linked {
		for _, heavy := range []string{"gonum.org/v1/plot", "golang.org/x/image", "github.com/finece/finece/host/construct", "modernc.org"} {
			if p == heavy || strings.HasPrefix(p, heavy+"/") {
				t.Errorf("the demo links %s", p)
			}
		}
	}
	if len(linked) < 100 {
		t.Errorf("go list names %d packages: %s", len(linked), out)
	}
}
