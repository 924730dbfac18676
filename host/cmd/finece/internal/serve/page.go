package serve

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"strconv"
	"sync"
)

// page lets the server's own page use the gateway if clients need keys. The operator opens a
// link with a token, which works once. The browser gets a cookie instead. No script can read the
// cookie, and browsers do not send it with requests from pages of other sites.
type page struct {
	name   string // of the cookie
	cookie string
	mu     sync.Mutex
	token  string // "" once it was used
}

// newPage returns the page of a server on a port. Browsers store cookies by host and not by
// port, so the cookie's name contains the port.
func newPage(port int) *page {
	return &page{name: "finece-page-" + strconv.Itoa(port), cookie: rand.Text(), token: rand.Text()}
}

// link returns the path that opens the page for the first time.
func (p *page) link() string { return "/?token=" + p.token }

// sent reports whether r comes from a browser that has opened the link.
func (p *page) sent(r *http.Request) bool {
	for _, c := range r.CookiesNamed(p.name) {
		if subtle.ConstantTimeCompare([]byte(c.Value), []byte(p.cookie)) == 1 {
			return true
		}
	}
	return false
}

// exchange exchanges the token of a link for the cookie, and passes other requests to next.
func (p *page) exchange(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := r.URL.Query().Get("token")
		if r.URL.Path != "/" || token == "" || r.Method != http.MethodGet {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-store")
		switch {
		case p.use(token):
			http.SetCookie(w, &http.Cookie{
				Name: p.name, Value: p.cookie, Path: "/", HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode,
			})
		case !p.sent(r):
			http.Error(w, "This link has been used or is wrong. Start finece serve again for a new one.", http.StatusForbidden)
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
}

// use reports whether a token is correct. A token is used up by that.
func (p *page) use(token string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.token == "" || subtle.ConstantTimeCompare([]byte(token), []byte(p.token)) != 1 {
		return false
	}
	p.token = ""
	return true
}
