package main

import (
	"bytes"
	"os"
	"testing"
)

// TestGoldenIsCurrent fails when golden.json is not what the core gives now.
func TestGoldenIsCurrent(t *testing.T) {
	committed, err := os.ReadFile("golden.json")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("../../..")
	var fresh bytes.Buffer
	if err := write(&fresh); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(fresh.Bytes(), committed) {
		t.Error("golden.json is stale: run go run ./www/test/golden > golden.json && mv golden.json www/test/golden/golden.json in the repository's root")
	}
}
