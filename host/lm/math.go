package lm

import "math"

// e^x is computed as 2^(n/32) e^r with |r| <= ln(2)/64, from a table of 2^(j/32) and three
// terms of the series of e^r. The remaining terms are below 1e-9 (Tang, "Table-driven
// implementation of the exponential function", 1989). Softmax and SiLU of a small model
// need some 9,000 exponentials per token; math.Exp would take a quarter of a step.
const (
	steps    = 32
	stepsLn2 = steps * math.Log2E
	ln2High  = 0.0216522216796875 // ln(2)/32 in 11 bits, so that n times it is exact
	ln2Low   = math.Ln2/steps - ln2High

	expLow  = -87.3   // below this, e^x is not a normal number and is taken as 0
	expHigh = 88.0    // above this, e^x is out of range and is taken as e^88
	rounder = 3 << 22 // x+rounder has the nearest integer of a float32 x in its last bits; subtracting rounder gives that integer
)

var powers = func() (table [steps]uint32) {
	for j := range table {
		table[j] = math.Float32bits(float32(math.Exp2(float64(j) / steps)))
	}
	return table
}()

// exp32 returns e^x with a relative error of about 1e-7: 0 below -87.3, and e^88 above 88.
func exp32(x float32) float32 {
	if x < expLow {
		return 0
	}
	if x > expHigh {
		x = expHigh
	}
	t := x*stepsLn2 + rounder
	n := t - rounder
	r := x - n*ln2High - n*ln2Low
	bits := math.Float32bits(t)
	power := math.Float32frombits(powers[bits%steps] + bits/steps<<23)
	return power + power*(r+r*r*(0.5+r*(1.0/6)))
}

// expAll replaces every x of s by e^((x-max)*scale) and returns the sum, where max is the
// greatest number in s. The loop repeats the code of exp32, because calling it would take
// twice as long.
func expAll(s []float32, scale float32) float32 {
	greatest := maximum(s)
	var sum float32
	for i, x := range s {
		x = (x - greatest) * scale
		if x < expLow {
			s[i] = 0
			continue
		}
		t := x*stepsLn2 + rounder
		n := t - rounder
		r := x - n*ln2High - n*ln2Low
		bits := math.Float32bits(t)
		power := math.Float32frombits(powers[bits%steps] + bits/steps<<23)
		e := power + power*(r+r*r*(0.5+r*(1.0/6)))
		s[i] = e
		sum += e
	}
	return sum
}

func maximum(s []float32) float32 {
	greatest := s[0]
	for _, x := range s {
		if x > greatest {
			greatest = x
		}
	}
	return greatest
}

// normalize sets y to RMSNorm of x (Zhang and Sennrich, arXiv 1910.07467):
// x / sqrt(mean(x²) + eps) * weight.
func normalize(y, x, weight []float32, eps float32) {
	var a, b, c, d float32 // four sums: each addition to a single sum would wait for the one before
	i := 0
	for ; i+4 <= len(x); i += 4 {
		v := x[i : i+4 : i+4]
		a, b, c, d = a+v[0]*v[0], b+v[1]*v[1], c+v[2]*v[2], d+v[3]*v[3]
	}
	for ; i < len(x); i++ {
		a += x[i] * x[i]
	}
	scale := float32(1 / math.Sqrt(float64((a+b+c+d)/float32(len(x))+eps)))
	y, weight = y[:len(x)], weight[:len(x)]
	for i, v := range x {
		y[i] = v * scale * weight[i]
	}
}

// gate sets y to silu(gate) * up (SwiGLU; Shazeer, arXiv 2002.05202).
func gate(y, gate, up []float32) {
	y, up = y[:len(gate)], up[:len(gate)]
	for i, g := range gate {
		y[i] = g / (1 + exp32(-g)) * up[i]
	}
}

// rotation is the rotary embedding's table (Su et al., arXiv 2104.09864): for
// each position the cosines of its angles, then their sines.
type rotation struct {
	half  int
	table []float32
}

func newRotation(c Config, positions int) rotation {
	r := rotation{half: c.HeadDim / 2, table: make([]float32, positions*c.HeadDim)}
	for i := range r.half {
		inverse := float32(1 / math.Pow(c.RopeTheta, float64(2*i)/float64(c.HeadDim)))
		for p := range positions {
			sin, cos := math.Sincos(float64(float32(p) * inverse))
			r.table[p*c.HeadDim+i], r.table[p*c.HeadDim+r.half+i] = float32(cos), float32(sin)
		}
	}
	return r
}

// turn rotates a head of a query or key, and scales it. In the layout of Hugging Face's
// weights, number i of the first half is paired with number i of the second half.
func (r *rotation) turn(head []float32, position int, scale float32) {
	at := r.table[position*2*r.half:]
	cos, sin := at[:r.half], at[r.half:2*r.half]
	low, high := head[:r.half], head[r.half:2*r.half]
	for i, c := range cos {
		a, b, s := low[i], high[i], sin[i]
		low[i], high[i] = (a*c-b*s)*scale, (b*c+a*s)*scale
	}
}
