package serve

import (
	"embed"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/model"
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

// handler is the gateway below /v1/ and files at /. The page is nil where no client
// key is needed.
func (f *flags) handler(s *follow.Follower, at net.Addr, o *operations) (http.Handler, *page, error) {
	files := site(embedded)
	if f.static != "" {
		root, err := os.OpenRoot(f.static) // no link leads out of it
		if err != nil {
			return nil, nil, exit.Errorf(exit.IO, "--static: %w", err)
		}
		files = root.FS()
	}
	key := model.Secret(strings.TrimSpace(os.Getenv(upstreamKey)))
	if f.builtIn {
		key = "" // the built-in model needs none
	}
	access, p, err := f.access(at, key != "")
	if err != nil {
		return nil, nil, err
	}
	scored, err := f.scored(s, key, access, o)
	if err != nil {
		return nil, nil, err
	}
	traced := o.traces.Handler(scored)
	pages := http.NewServeMux()
	pages.Handle("/", f.gateway.Bound(guarded(http.FileServerFS(files))))
	served := access.Guard(pages)
	if p != nil {
		served = access.Guard(p.exchange(pages))
	}
	// A mux would redirect paths such as /v1//chat/completions.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/readyz":
			o.ready.ServeHTTP(w, r)
		case r.URL.Path == "/healthz":
			scored.ServeHTTP(w, r)
		case gateway.IsAPI(r.URL.Path):
			traced.ServeHTTP(w, r)
		default:
			served.ServeHTTP(w, r)
		}
	}), p, nil
}

// scored is the gateway.
func (f *flags) scored(s *follow.Follower, key model.Secret, access gateway.Access, o *operations) (h http.Handler, err error) {
	g := f.gateway
	if g.Failure == "" {
		if g.Policy == gateway.Withhold {
			return nil, exit.Usagef("--policy withhold needs --failure: open (what cannot be checked passes, marked) or closed (it does not)")
		}
		g.Failure = gateway.Open
	}
	g.RoundTrip = o.traces.RoundTrip(o.transport.RoundTrip)
	g.Engine, g.Session, g.Model = s.Engine, f.Config, s.Client
	g.Key, g.Access = key, access
	if g.Policy == gateway.Vote {
		if g.Final, err = finalBy(f.voteBy); err != nil {
			return nil, err
		}
	}
	g.Report, g.Observe = o.log.Report, o.observe
	handler, err := gateway.New(g)
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	o.gateway = handler
	return handler, nil
}

// finalBy reads final answers as a grader does.
func finalBy(name string) (func(question, answer string) (string, bool), error) {
	grader, err := grade.GraderNamed(name)
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	reader, ok := grader.(grade.Reader)
	if !ok {
		return nil, exit.Usagef("--vote-by %s: this grader reads no final answer; try number, letter or alias", name)
	}
	return func(question, answer string) (string, bool) {
		return reader.Final(&grade.Question{Text: question}, answer)
	}, nil
}

// guarded sets headers that keep browsers from guessing types, and pages of other
// servers from framing these pages.
func guarded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "frame-ancestors 'self'")
		h.ServeHTTP(w, r)
	})
}
