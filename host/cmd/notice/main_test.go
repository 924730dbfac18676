package main

import (
	"os"
	"strings"
	"testing"
)

// The notice has every module that the command links, with its version.
func TestTheNoticeNamesEveryModule(t *testing.T) {
	t.Chdir("../../..")
	text, err := os.ReadFile(target)
	if err != nil {
		t.Fatal(err)
	}
	linked, err := modules(".", systems, command)
	if err != nil {
		t.Fatal(err)
	}
	if len(linked) < 20 {
		t.Fatalf("only %d modules are listed", len(linked))
	}
	for _, line := range linked {
		field := strings.Split(line, "\t")
		if !strings.Contains(string(text), "\n"+field[0]+" "+field[1]+"\n") {
			t.Errorf("%s lacks %s %s; run make notice", target, field[0], field[1])
		}
	}
}
