package gateway_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/gateway"
)

// BenchmarkStream sends the demo stream, 159 events at once, through the gateway
// and, for comparison, through a ReverseProxy alone.
func BenchmarkStream(b *testing.B) {
	data := demo(b)
	u := newUpstream(b, replay(data, burst))
	target, err := url.Parse(u.URL)
	if err != nil {
		b.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, FlushInterval: -1,
	}
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex() // without it, an answer is cut now and then
		proxy.ServeHTTP(w, r)
	}))
	defer plain.Close()
	for _, c := range []struct{ name, url string }{
		{"ReverseProxy", plain.URL},
		{"annotate", newGateway(b, u, nil).URL},
		{"native", newGateway(b, u, func(c *gateway.Config) { c.Engine = host.Native() }).URL},
		{"comment", newGateway(b, u, func(c *gateway.Config) { c.Carrier = gateway.Comment }).URL},
		{"withhold", newGateway(b, u, withhold(0.1, gateway.Closed)).URL},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				resp, err := http.Post(c.url+"/v1/chat/completions", "application/json", strings.NewReader(ask))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil {
					b.Fatal(err)
				}
				resp.Body.Close()
			}
		})
	}
}
