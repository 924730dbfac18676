package metrics

import (
	"math"

	"github.com/finece/finece/metrics/portable"
)

// Constants of relplot 1.0.3. The discretisation here is the same, so that published figures
// can be reproduced.
const (
	smoothHalvings = 10
	smoothMinWidth = 0.001 // smaller widths are not tested
	smoothMesh     = 200
	smoothDensity  = 0.0001 // added to the density before dividing
)

// SmoothECE returns the smooth calibration error smECE of Blasiok and Nakkiran (2023). It
// has no bins. The residuals confidence - correct are smoothed by a Gaussian of width sigma,
// reflected at 0 and 1:
//
//	smECE_sigma = integral of |smoothed residual| / integral of smoothed density
//
// smECE is smECE_sigma at the width sigma where sigma = smECE_sigma. Ten bisections of [0,1]
// find that width. SmoothECE returns it as width.
//
// The discretisation is that of relplot. Each pair is split between the two nearest points
// of a grid of max(2000, 20/sigma)/2 + 1 points. The kernel is cut at a distance of 1/2 and
// not renormalised. The integrals are sums over max(200, 10/sigma) points.
func (s *Sample) SmoothECE() (smece, width float64, err error) {
	if s.N() == 0 {
		return math.NaN(), math.NaN(), ErrEmpty
	}
	sm := smoother{sample: s}
	width, smece = 1, sm.at(1)
	if 1 < smece {
		return smece, width, nil
	}
	lower := 0.0
	for range smoothHalvings {
		mid := (lower + width) / 2
		if mid < smoothMinWidth {
			lower = mid
			continue
		}
		if v := sm.at(mid); mid < v {
			lower = mid
		} else {
			width, smece = mid, v
		}
	}
	return smece, width, nil
}

// smoother holds the grid's scratch space.
type smoother struct {
	sample                 *Sample
	residual, mass, kernel []float64
	points                 int // points of the grid for which residual and mass are filled
}

// at is smECE at one width in (0,1].
func (m *smoother) at(sigma float64) float64 {
	points := max(2000, int(math.RoundToEven(20/sigma)))/2 + 1
	if points != m.points { // all widths over 0.01 have the same grid
		m.fill(points)
	}
	reach := m.shape(sigma, points)
	mesh := max(smoothMesh, int(math.RoundToEven(10/sigma)))
	var deviation, density compensated
	for j := range mesh {
		t := 1.0
		if j < mesh-1 {
			t = float64(j) * (1 / float64(mesh-1))
		}
		i := min(int(float64(t*float64(points-1))), points-2)
		cell := 1 / float64(points-1)
		part := (t - float64(float64(i)*cell)) / cell
		r0, d0 := m.convolve(i, reach)
		r1, d1 := m.convolve(i+1, reach)
		deviation.add(math.Abs(float64(r0*(1-part)) + float64(r1*part)))
		density.add(float64(d0*(1-part)) + float64(d1*part) + smoothDensity)
	}
	return deviation.value() / density.value()
}

// fill rounds the pairs to the grid.
func (m *smoother) fill(points int) {
	m.points = points
	m.residual = zeroed(m.residual, points)
	m.mass = zeroed(m.mass, points)
	for groups := range m.sample.up {
		for k := range groups {
			g := &groups[k]
			x := float64(g.conf * float64(points-1))
			i := min(int(x), points-2)
			frac := x - float64(i)
			size := float64(g.size())
			r := float64(size*g.conf) - float64(g.right)
			m.residual[i] += float64((1 - frac) * r)
			m.residual[i+1] += float64(frac * r)
			m.mass[i] += float64((1 - frac) * size)
			m.mass[i+1] += float64(frac * size)
		}
	}
}

// shape fills the kernel. With an even number of points, its centre lies between the two
// middle ones. shape returns the half-width beyond which the kernel is below 1e-16 of its
// peak.
func (m *smoother) shape(sigma float64, points int) (reach int) {
	m.kernel = zeroed(m.kernel, points)
	norm := float64(math.Sqrt(2*math.Pi) * sigma)
	twoVar := float64(2 * float64(sigma*sigma))
	step := 1 / float64(points-1)
	for i := range m.kernel {
		d := float64(float64(i)*step) - 0.5
		m.kernel[i] = portable.Exp(-float64(d*d)/twoVar) / norm
	}
	const tail = 8.6 // exp(-8.6^2/2) < 1e-16
	return min(points/2, int(float64(tail*sigma)*float64(points))+2)
}

// convolve returns the smoothed residual and mass at grid point i, with reflection at both
// ends.
func (m *smoother) convolve(i, reach int) (residual, mass float64) {
	points := len(m.kernel)
	middle := points / 2
	// In terms of the reflected grid, kernel point k meets grid point i + k - shift.
	shift := points - 1 - middle
	from, to := max(0, shift-reach), min(points-1, shift+reach)
	for k := from; k <= to; k++ {
		at := i + k - shift
		if at < 0 {
			at = -at
		} else if at >= points {
			at = 2*(points-1) - at
		}
		w := m.kernel[points-1-k]
		residual += float64(w * m.residual[at])
		mass += float64(w * m.mass[at])
	}
	return residual, mass
}

func zeroed(buffer []float64, n int) []float64 {
	if cap(buffer) < n {
		return make([]float64, n)
	}
	buffer = buffer[:n]
	clear(buffer)
	return buffer
}
