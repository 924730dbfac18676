package server

import (
	"net"
	"testing"
)

// TestAServerIsKnownByItsOwnNames: a server accepts its own names and those of --allow-host.
func TestAServerIsKnownByItsOwnNames(t *testing.T) {
	at := func(ip string) *net.TCPAddr { return &net.TCPAddr{IP: net.ParseIP(ip)} }
	for _, c := range []struct {
		listen string
		at     *net.TCPAddr
		name   string
		want   bool
	}{
		{"127.0.0.1:8080", at("127.0.0.1"), "localhost", true},
		{"127.0.0.1:8080", at("127.0.0.1"), "app.localhost", true},
		{"127.0.0.1:8080", at("127.0.0.1"), "::1", true},
		{"127.0.0.1:8080", at("127.0.0.1"), "gateway.example", true},
		{"127.0.0.1:8080", at("127.0.0.1"), "evil.example", false},
		{"127.0.0.1:8080", at("127.0.0.1"), "192.168.0.7", false},
		{"127.0.0.1:8080", at("127.0.0.1"), "", false},
		{"127.0.0.1:8080", at("127.0.0.1"), "localhost.evil.example", false},
		{":8080", at("::"), "192.168.0.7", true},
		{":8080", at("::"), "evil.example", false},
		{"192.168.0.7:8080", at("192.168.0.7"), "192.168.0.7", true},
		{"192.168.0.7:8080", at("192.168.0.7"), "192.168.0.8", false},
		{"Box:8080", at("192.168.0.7"), "box", true},
	} {
		if got := Names(c.listen, []string{"Gateway.example"}, c.at)(c.name); got != c.want {
			t.Errorf("%s at %s: %q %v, want %v", c.listen, c.at, c.name, got, c.want)
		}
	}
}
