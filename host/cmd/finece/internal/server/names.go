package server

import (
	"net"
	"strings"
)

// Names returns the rule for names in the Host header: whether a name is one of the
// server's. A web page can make its own name point to this machine (DNS rebinding), and
// needs such a name for it. So loopback names and the address that the server listens
// on are safe, and so is every IP address if the server listens on all of them. listen
// is the address as the user wrote it, at the one that it became, and others are
// further names.
func Names(listen string, others []string, at net.Addr) func(name string) bool {
	tcp, _ := at.(*net.TCPAddr)
	host, _, _ := net.SplitHostPort(listen)
	allowed := map[string]bool{"localhost": true, strings.ToLower(host): true}
	for _, name := range others {
		allowed[strings.ToLower(name)] = true
	}
	delete(allowed, "")
	return func(name string) bool {
		ip := net.ParseIP(name)
		if ip == nil {
			return allowed[name] || strings.HasSuffix(name, ".localhost")
		}
		return ip.IsLoopback() || tcp != nil && (tcp.IP.IsUnspecified() || tcp.IP.Equal(ip)) || allowed[name]
	}
}
