package main

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/experiment"
	"github.com/finece/finece/host/lm"
	"github.com/finece/finece/host/lm/weights"
)

// defaultModels is the models that are built in.
func defaultModels() ([]namedModel, error) {
	var out []namedModel
	for _, name := range weights.Names() {
		m, err := weights.Load(name)
		if err != nil {
			return nil, err
		}
		out = append(out, namedModel{name, m})
	}
	return out, nil
}

// serveBuiltIn serves the models that are built in on an address of its own,
// until done is called.
func serveBuiltIn() (url string, done func(), err error) {
	models, err := defaultModels()
	if err != nil {
		return "", nil, err
	}
	_, handler, closeAll, err := startEngines(models, lm.Options{})
	if err != nil {
		return "", nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		closeAll()
		return "", nil, failf(exitIO, "%w", err)
	}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(l) }()
	return "http://" + l.Addr().String() + "/v1", func() { server.Close(); closeAll() }, nil
}

// builtInSuC is the baseline SuC of the generator that is built in.
func builtInSuC() (*baseline.SuC, error) {
	suc := new(baseline.SuC)
	if err := json.Unmarshal(weights.SuC, suc); err != nil {
		return nil, err
	}
	return suc, nil
}

// builtIn sets what goes with the models that are built in.
func (f *experimentFlags) builtIn() {
	f.ours = true
	about := []string{"The models that are built in (host/lm/weights): a generator of 1.3 million parameters, trained from scratch."}
	if len(f.confidence) == 0 {
		about = append(about, "FineCE, of 1.9 million, was made of it by the steps of host/train/model.sh, and learnt from reference solutions as well as from labels; the value head is the generator with a head.")
		f.confidence = []string{
			experiment.FineCE + "=chat:" + weights.Confidence,
			experiment.ValueHead + "=pooling:" + weights.Value,
		}
	}
	if f.baselines && f.head == "" {
		about = append(about, "P(IK) is the generator with a head, too.")
		f.head = "pooling:" + weights.Head
	}
	if f.scoring == "" {
		f.scoring = "<|user|>{question}<|end|><|assistant|>"
	}
	f.maxTokens = min(f.maxTokens, 256) // their context is 512
	if f.baselines {
		about = append(about, "The other baselines ask the generator.")
	}
	f.about = strings.TrimSpace(strings.Join(append(about, f.about), " "))
}
