package server

import (
	"net"
	"strings"
)

// Names returns a function that reports whether a name in the Host header is one of the
// server's. It protects against DNS rebinding: an attacker lets a name of their own point to
// this machine, and a browser then sends that name as Host. Loopback names and the address that
// the server listens on are safe, and so is every IP address if the server listens on all
// addresses. listen is the address as the user wrote it, at is the actual address, and others
// are further names.
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
