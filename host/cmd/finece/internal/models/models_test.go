package models

import (
	"encoding/json"
	"net/http"
	"reflect"
	"testing"

	"github.com/finece/finece/host/lm"
	"github.com/finece/finece/host/lm/weights"
	"github.com/finece/finece/wasm/calibration"
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
	defer response.Body.Close()
	var list struct {
		Data []struct {
			ID   string          `json:"id"`
			Card json.RawMessage `json:"card"`
		} `json:"data"`
	}
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", response.StatusCode, err)
	}
	for _, m := range list.Data {
		if m.ID == weights.Generator {
			if m.Card != nil {
				t.Errorf("the generator has the card %s", m.Card)
			}
			continue
		}
		want, err := weights.Card(m.ID)
		if err != nil {
			t.Fatal(err)
		}
		got, err := calibration.ParseCard(m.Card)
		if err != nil || !reflect.DeepEqual(got, want) || got.Name != m.ID || got.Generator != weights.Generator {
			t.Errorf("the card of %s is %s (%v)", m.ID, m.Card, err)
		}
	}
	if len(list.Data) != 4 {
		t.Errorf("%d models", len(list.Data))
	}
}

// TestAWebPageCannotUseTheBuiltInModels: the port needs no key, so a web page in a browser on
// this machine could use it, also by a host name that resolves to this machine.
func TestAWebPageCannotUseTheBuiltInModels(t *testing.T) {
	url, done, err := Serve()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	// The tests of gateway.Access say which requests pass; this one sees that it is used.
	for page, want := range map[string]int{"": http.StatusOK, "https://evil.example": http.StatusForbidden} {
		r, err := http.NewRequest(http.MethodGet, url+"/models", nil)
		if err != nil {
			t.Fatal(err)
		}
		if page != "" {
			r.Header.Set("Origin", page)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("page %q: HTTP %d, want %d", page, response.StatusCode, want)
		}
	}
	r, err := http.NewRequest(http.MethodGet, url+"/models", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "evil.example"
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("a rebound name: HTTP %d", response.StatusCode)
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
