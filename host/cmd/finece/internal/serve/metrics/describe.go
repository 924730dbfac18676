package metrics

import "github.com/prometheus/client_golang/prometheus"

// Describe sends the description of every metric, for documentation.
func (m *Metrics) Describe(to chan<- *prometheus.Desc) {
	m.registry.Describe(to)
	driftCollector(nil).Describe(to)
}
