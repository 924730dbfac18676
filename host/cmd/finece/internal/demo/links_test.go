package demo

import (
	"os/exec"
	"strings"
	"testing"
)

// TestLinks: the first run of `make demo` compiles it, which has to stay short, so it must not
// import packages that take long to compile and that it does not need. It needs host/gateway,
// which takes a second, to check who may use the port of the built-in models.
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
