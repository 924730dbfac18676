package serve

import (
	"net"
	"net/http"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/server"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/contract"
)

// howToGetKeys ends the errors about missing client keys.
const howToGetKeys = `make a key with "finece key new keys.txt" and start serve with --keys keys.txt`

// upstreamKey is the environment variable with the upstream's key.
var upstreamKey = contract.UpstreamKey.Env()

// access says who may use the server at an address. p is the page of an earlier handler, or nil;
// it is used again. The returned page is nil if no client key is needed.
func (f *flags) access(at net.Addr, p *page) (gateway.Access, *page, error) {
	operator, needed := f.key != "", f.clients != nil
	tcp, _ := at.(*net.TCPAddr)
	loopback := tcp != nil && tcp.IP.IsLoopback()
	a := gateway.Access{Host: server.Names(f.listen, f.hostNames, at), Origins: f.origins}
	switch {
	case needed && f.noAuth:
		return a, nil, exit.Usagef("--keys and --no-auth exclude each other")
	case f.noAuth && !loopback:
		return a, nil, exit.Usagef("--no-auth needs a loopback address, and other machines can reach %s; %s", at, howToGetKeys)
	case !needed && !loopback:
		return a, nil, exit.Usagef("other machines can reach %s, so clients need keys: %s", at, howToGetKeys)
	case !needed && operator && !f.noAuth:
		return a, nil, exit.Usagef("%s is set, so clients need keys, or every program on this machine could use it: %s; or give --no-auth to allow that", upstreamKey, howToGetKeys)
	case !needed:
		a.Anyone = operator
		return a, nil, nil
	}
	if p == nil {
		port := 0
		if tcp != nil {
			port = tcp.Port
		}
		p = newPage(port)
	}
	a.Clients = clients{f.clients, p}
	return a, p, nil
}

// pageClient is the client name of the server's own page. No key has this name, since names of
// keys contain no brackets.
const pageClient = "(page)"

// clients are the clients with a key, and the server's own page.
type clients struct {
	keys *gateway.Keys
	page *page
}

// Limits implements [gateway.Limiter].
func (c clients) Limits(name string) gateway.Limits { return c.keys.Limits(name) }

// Client implements [gateway.Clients].
func (c clients) Client(r *http.Request) (string, bool) {
	if name, ok := c.keys.Client(r); ok {
		return name, true
	}
	// A browser also sends the cookie with requests from pages on other ports of this host.
	return pageClient, c.page.sent(r) && gateway.SameOrigin(r)
}
