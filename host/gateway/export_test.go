package gateway

// Forward makes h send requests on as it does at the edge.
func (h *Handler) Forward() { h.proxy = forwarder{h} }

// Policies returns the names of the policies, and those of their thresholds' settings.
func Policies() (names, thresholds []string) {
	for i := range rules {
		if names = append(names, string(rules[i].name)); rules[i].acts() {
			thresholds = append(thresholds, rules[i].setting)
		}
	}
	return names, thresholds
}

// SettingsOfRoutes returns the names of the settings of a Handling.
func SettingsOfRoutes() (all []string) {
	for _, s := range new(Handling).settings() {
		all = append(all, s.name)
	}
	return all
}

// Sampling returns the body of a request for n samples of an answer; "" if there is none.
func Sampling(path, body, soFar string, how Continuing, n, tokens int) string {
	c := DefaultConfig()
	c.KeepRequest = true
	r, _ := readRequest(surfaceOf(path), []byte(body), &c)
	of, ok := r.surface.(continuer)
	if !ok {
		return ""
	}
	without, members := of.sampled(n, tokens)
	return string(r.continuing(r.original, soFar, how, without, members))
}
