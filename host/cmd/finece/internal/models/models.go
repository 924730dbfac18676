// Package models runs the built-in small language models.
package models

import (
	"net"
	"net/http"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/server"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/lm"
	"github.com/finece/finece/host/lm/weights"
)

// BuiltIn loads the built-in models, and further ones of package weights by name.
func BuiltIn(further ...string) ([]Named, error) {
	var out []Named
	for _, name := range append(weights.Names(), further...) {
		m, err := weights.Load(name)
		if err != nil {
			return nil, err
		}
		out = append(out, Named{name, m})
	}
	return out, nil
}

// Serve serves the built-in models and further ones on a free port of 127.0.0.1 until done is
// called. url is the base URL, with /v1. Requests of web pages are refused, as in finece lm.
func Serve(further ...string) (url string, done func(), err error) {
	models, err := BuiltIn(further...)
	if err != nil {
		return "", nil, err
	}
	_, handler, closeAll, err := Start(models, lm.DefaultOptions())
	if err != nil {
		return "", nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		closeAll()
		return "", nil, exit.Errorf(exit.IO, "%w", err)
	}
	access := gateway.Access{Host: server.Names("", nil, l.Addr())}
	s := &http.Server{Handler: access.GuardAPI(handler)}
	go func() { _ = s.Serve(l) }()
	return "http://" + l.Addr().String() + "/v1", func() { s.Close(); closeAll() }, nil
}

// Named is a model with its name in requests.
type Named struct {
	Name  string
	Model *lm.Model
}

// Start starts an engine for each model, and makes the server for all of them. An
// error is about the options.
func Start(models []Named, o lm.Options) (served []lm.Served, server *lm.Server, closeAll func(), err error) {
	closeAll = func() {
		for _, s := range served {
			s.Engine.Close()
		}
	}
	for _, m := range models {
		e, err := lm.NewEngine(m.Model, o)
		if err != nil {
			closeAll()
			return nil, nil, nil, exit.With(exit.Usage, err)
		}
		served = append(served, lm.Served{Name: m.Name, Engine: e})
	}
	if server, err = lm.NewServer(served...); err != nil {
		closeAll()
		return nil, nil, nil, exit.With(exit.Usage, err)
	}
	return served, server, closeAll, nil
}
