package gateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Access says who may use a gateway. Each rule is checked before anything of a
// request reaches the upstream. /healthz is open to everyone.
type Access struct {
	// Clients knows the gateway's clients. If it is nil, no client key is needed;
	// a gateway with a Key then also needs Anyone.
	Clients Clients

	// Anyone states that whoever reaches this gateway may use its Key. It suits an
	// address that no other machine reaches. It excludes Clients and the origin *.
	Anyone bool

	// Host reports whether a name, without a port, is one that this server is
	// reached by. A web page whose own name is made to point to this server (DNS
	// rebinding) counts as same-origin in a browser; its name in the Host header
	// tells. If Host is nil, every name is accepted: for platforms that route by
	// name, such as Workers.
	Host func(name string) bool

	// Origins are web origins, such as https://chat.example.com, whose pages may
	// use the gateway. The gateway's own origin always may. * stands for all.
	Origins []string
}

// Clients knows who sent a request. [Keys] implements it.
type Clients interface {
	// Client returns the name of the client that sent r, or false for a stranger.
	// It removes from r's headers what only the gateway is to see, so that the
	// upstream does not.
	Client(r *http.Request) (name string, ok bool)
}

// check reports a contradiction in a.
func (a *Access) check(key bool) string {
	switch {
	case key && a.Clients == nil && !a.Anyone:
		return "an upstream key needs Access.Clients, or Access.Anyone where nobody else reaches the gateway"
	case a.Anyone && a.Clients != nil:
		return "Access.Anyone excludes Access.Clients"
	case key && a.Anyone && a.Host == nil:
		return "an upstream key with Access.Anyone needs Access.Host, against DNS rebinding"
	case key && a.Anyone && slices.Contains(a.Origins, "*"):
		return "with an upstream key and without client keys, the origin * would let every web page use the key"
	}
	for _, o := range a.Origins {
		if u, err := url.Parse(o); o != "*" && (err != nil || u.Scheme == "" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil) {
			return "origin " + o + ": want a scheme and a host, such as https://chat.example.com, or *"
		}
	}
	return ""
}

// Guard lets a request reach next only if its Host is one of the server's. It is
// for handlers that are served beside the gateway.
func (a *Access) Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.host(w, r) {
			next.ServeHTTP(w, r)
		}
	})
}

// GuardAPI lets a request reach next only if a would let it reach the gateway: by its
// Host, by the page that it comes from, and by its client key. It is for other servers
// with an API, such as that of finece lm.
func (a *Access) GuardAPI(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r, ok := a.admit(w, r); ok {
			next.ServeHTTP(w, r)
		}
	})
}

// Validate returns what is wrong with a, or nil.
func (a *Access) Validate() error {
	if wrong := a.check(false); wrong != "" {
		return errors.New("gateway: " + wrong)
	}
	return nil
}

func (a *Access) host(w http.ResponseWriter, r *http.Request) bool {
	name := hostname(r.Host)
	if a.Host == nil || a.Host(name) {
		return true
	}
	refuse(w, r, http.StatusForbidden, "finece-host", "this server is not known as "+quoted(name)+"; its operator can allow the name with --allow-host")
	return false
}

// hostname is a Host header's name, without port and brackets, in lower case.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// quoted is foreign text for a message, made short.
func quoted(s string) string { return `"` + s[:min(len(s), 100)] + `"` }

// admit checks a request for the API. It returns the request without the
// gateway's own credentials, or answers it itself and returns false.
func (a *Access) admit(w http.ResponseWriter, r *http.Request) (*http.Request, bool) {
	if !a.host(w, r) || !a.origin(w, r) {
		return nil, false
	}
	if a.Clients == nil {
		return r, true
	}
	r = r.Clone(r.Context())
	name, ok := a.Clients.Client(r)
	if !ok {
		w.Header().Set("WWW-Authenticate", "Bearer")
		refuse(w, r, http.StatusUnauthorized, "finece-key", "this gateway needs one of its client keys, in the header Authorization: Bearer KEY, X-Api-Key or X-FineCE-Key")
		return nil, false
	}
	observationOf(r.Context()).client(name)
	r.Header.Del("Cookie") // what a browser has for this host is not for the upstream
	return r.WithContext(context.WithValue(r.Context(), clientNameKey{}, name)), true
}

// SameOrigin reports whether r comes from no page, or from a page of the server that
// r is sent to. The server's name has to be checked on its own.
func SameOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		// Browsers leave Origin out of plain GET requests, such as those for images.
		site := r.Header.Get("Sec-Fetch-Site")
		return site != "cross-site" && site != "same-site"
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// origin checks where a browser's request comes from. A page of another origin
// could otherwise use whatever needs no client key. It answers preflights.
func (a *Access) origin(w http.ResponseWriter, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	any := slices.Contains(a.Origins, "*")
	switch {
	case SameOrigin(r):
		return true
	case origin == "" && any:
		return true
	case origin == "":
		refuse(w, r, http.StatusForbidden, "finece-origin", "pages of other sites may not use this server")
		return false
	}
	if !any && !slices.ContainsFunc(a.Origins, func(o string) bool { return strings.EqualFold(o, origin) }) {
		refuse(w, r, http.StatusForbidden, "finece-origin", "pages of "+quoted(origin)+" may not use this server; its operator can allow them with --allow-origin (the Worker: FINECE_ORIGINS)")
		return false
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	h.Add("Vary", "Origin")
	h.Set("Access-Control-Expose-Headers", strings.Join(headerNames, ", ")+", Retry-After")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return true
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	if r.Header.Get("Access-Control-Request-Private-Network") == "true" {
		h.Set("Access-Control-Allow-Private-Network", "true")
	}
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return false
}
