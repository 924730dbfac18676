package gateway

// Forward makes h send requests on as it does at the edge.
func (h *Handler) Forward() { h.proxy = forwarder{h} }
