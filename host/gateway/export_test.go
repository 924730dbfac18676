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
