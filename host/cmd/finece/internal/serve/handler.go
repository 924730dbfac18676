package serve

import (
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"os"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/feedback"
	"github.com/finece/finece/host/cmd/finece/internal/serve/config"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/guardrail"
)

//go:embed site
var embedded embed.FS

// site returns the files for /: the demo page if `make build` has copied it here,
// else a page that describes the server.
func site(embedded fs.FS) fs.FS {
	for _, dir := range []string{"site/demo", "site"} {
		if _, err := fs.Stat(embedded, dir+"/index.html"); err == nil {
			files, _ := fs.Sub(embedded, dir) // the names are valid
			return files
		}
	}
	return embedded
}

// openFiles opens the files for /.
func (s *service) openFiles() error {
	s.files = site(embedded)
	if s.static != "" {
		root, err := os.OpenRoot(s.static) // no link leads out of it
		if err != nil {
			return s.given.Explain(exit.Errorf(exit.IO, "--static: %w", err), nil)
		}
		s.files = root.FS()
	}
	return nil
}

// make makes a handler for settings: the gateway below /v1/, the labels below /finece/, and
// files at /. It keeps the counts and the page's cookie of an earlier handler. If make fails,
// the earlier handler stays in effect.
func (s *service) make(f *flags) (http.Handler, error) {
	access, p, err := f.access(s.at, s.page)
	if err != nil {
		return nil, err
	}
	g := f.gateway
	g.RoundTrip = s.ops.traces.RoundTrip(s.ops.transport.RoundTrip)
	g.Engine, g.Model, g.Meter = s.follower.Engine, s.follower.Client, s.meter
	g.Key, g.Access = f.key, access
	g.Report, g.Observe = s.ops.log.Report, s.ops.observe
	f.labelled(&g, s.ops.labels)
	scored, err := gateway.New(g)
	if err != nil {
		var route *config.Route
		if wrong := (*gateway.RouteError)(nil); errors.As(err, &wrong) {
			route = &f.given.Routes[wrong.Index]
		}
		return nil, exit.With(exit.Usage, f.given.Explain(err, route))
	}
	guard, err := s.guard(f, &g, access)
	if err != nil {
		return nil, err
	}
	if err := f.useLabels(s.ops.labels); err != nil {
		return nil, err
	}
	s.ops.gateway.Store(scored) // nothing fails from here on
	s.page = p
	traced := s.ops.traces.Handler(scored)
	labels := f.labelHandler(s.ops.labels, access)
	pages := http.NewServeMux()
	pages.Handle("/", g.Bound(guarded(http.FileServerFS(s.files), labels != nil)))
	served := access.Guard(pages)
	if p != nil {
		served = access.Guard(p.exchange(pages))
	}
	// A mux would redirect paths such as /v1//chat/completions.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/readyz":
			s.ops.ready.ServeHTTP(w, r)
		case r.URL.Path == "/healthz":
			scored.ServeHTTP(w, r)
		case guard != nil && r.URL.Path == guardrail.Path:
			guard.ServeHTTP(w, r)
		case labels != nil && feedback.Handles(r.URL.Path):
			labels.ServeHTTP(w, r)
		case gateway.IsAPI(r.URL.Path):
			traced.ServeHTTP(w, r)
		default:
			served.ServeHTTP(w, r)
		}
	}), nil
}

// guarded sets headers that keep browsers from guessing types, and pages of other
// servers from framing these pages. X-FineCE-Labels tells the page that the server
// keeps labels, so that the page of another server does not ask for them.
func guarded(h http.Handler, labels bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if labels {
			w.Header().Set("X-FineCE-Labels", "kept")
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "frame-ancestors 'self'")
		h.ServeHTTP(w, r)
	})
}
