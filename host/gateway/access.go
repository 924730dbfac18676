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
	// Clients recognises client keys. If Clients is nil, a request needs no client key; a
	// gateway with Config.Key then needs Anyone.
	Clients Clients

	// Anyone lets every request that reaches the gateway use Config.Key. It is meant for an
	// address that no other machine can reach. It excludes Clients and the origin *.
	Anyone bool

	// Host reports whether a name, without a port, is one of this server's names. It protects
	// against DNS rebinding: an attacker points a name of their own to this server, and a
	// browser takes their page for same-origin, but the Host header has the attacker's name. If
	// Host is nil, every name is accepted, for platforms that route by name, such as Workers.
	Host func(name string) bool

	// Origins are the web origins whose pages may use the gateway, such as
	// https://chat.example.com. The gateway's own origin is always allowed. * allows all.
	Origins []string
}

// Clients knows who sent a request. [Keys] implements it.
type Clients interface {
	// Client returns the name of the client that sent r; ok is false if r has no client key.
	// Client removes client keys from r's headers, so that the upstream does not see them.
	Client(r *http.Request) (name string, ok bool)
}

// check says what is contradictory in a, or returns "". key says that the gateway has an upstream key.
func (a *Access) check(key bool) string {
	switch {
	case key && a.Clients == nil && !a.Anyone:
		return "an upstream key needs Access.Clients, or Access.Anyone if no other machine can reach the gateway"
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

// Guard lets a request reach next only if its Host header is one of the server's names. It is
// for handlers that are served next to the gateway.
func (a *Access) Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.host(w, r) {
			next.ServeHTTP(w, r)
		}
	})
}

// GuardAPI makes the same checks as the gateway before a request reaches next: its Host header,
// the page that it comes from, and its client key. It is for other API servers, such as finece
// lm.
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

// quoted quotes text of a client for a message, cut to 100 bytes.
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
	r.Header.Del("Cookie") // a browser's cookies are for this host, not for the upstream
	return r.WithContext(context.WithValue(r.Context(), clientNameKey{}, name)), true
}

// SameOrigin reports whether r comes from a page of the server that r is sent to, or from no
// page. It does not check the server's name.
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

// origin checks which page a browser's request comes from, and answers preflights. Without the
// check, a page of another origin could use a gateway that needs no client key.
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
