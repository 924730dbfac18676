package gateway

import "net/http"

// A platform without sockets has no default: the caller sets Config.RoundTrip.
var defaultRoundTrip RoundTrip

func newProxy(h *Handler) http.Handler { return forwarder{h} }
