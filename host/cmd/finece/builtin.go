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
	if len(f.confidence) == 0 {
		f.confidence = []string{
			experiment.FineCE + "=chat:" + weights.Confidence,
			experiment.ValueHead + "=pooling:" + weights.Value,
		}
	}
	if f.head == "" {
		f.head = "pooling:" + weights.Head
	}
	if f.scoring == "" {
		f.scoring = "<|user|>{question}<|end|><|assistant|>"
	}
	f.maxTokens = min(f.maxTokens, 256) // their context is 512
	f.about = strings.TrimSpace("The models that are built in (host/lm/weights): a generator of 1.3 million parameters, trained from scratch, and confidence models made of it by the steps of host/train/model.sh. FineCE, of 1.9 million, learnt from reference solutions as well as from labels; the value head and P(IK) are the generator with a head, and the other baselines ask it. " + f.about)
}
