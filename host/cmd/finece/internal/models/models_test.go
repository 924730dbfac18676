package models

import (
	"net/http"
	"testing"

	"github.com/finece/finece/host/lm"
	"github.com/finece/finece/host/lm/weights"
)

func TestBuiltInModelsAreServed(t *testing.T) {
	url, done, err := Serve()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	response, err := http.Get(url + "/models")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("status %d", response.StatusCode)
	}
}

func TestModelsThatCannotBeServed(t *testing.T) {
	m, err := weights.Load("pik")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := Start([]Named{{"a", m}, {"a", m}}, lm.DefaultOptions()); err == nil {
		t.Error("two models have the same name, and both were taken")
	}
	if _, _, _, err := Start([]Named{{"a", m}}, lm.Options{}); err == nil {
		t.Error("a negative context was taken")
	}
}
