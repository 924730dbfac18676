package fit

import (
	"math"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/metrics/portable"
)

// Clip is the limit for logits: confidences are clipped to [Clip, 1-Clip]. Verbal confidences
// are often exactly 0 or 1. With Clip, their logits are -13.8 and 13.8, not infinite.
const Clip = 1e-6

// A temperature T has 1/T from 1/maxScale to maxScale.
const maxScale = 100

// logistic is a logistic regression: P(correct) = sigmoid(theta . features). Its rows are
// distinct confidences.
type logistic struct {
	features     [][]float64 // by parameter, then by row
	right, wrong []float64   // weights of the outcomes, by row
	penalty      []float64   // by parameter; penalty/2 * theta^2 is added to the loss; nil is none
}

// loss is the negative log-likelihood, with the penalties.
func (l *logistic) loss(theta []float64) float64 {
	sum := 0.0
	for i := range l.right {
		z := l.score(theta, i)
		sum += float64(l.right[i]*softplus(-z)) + float64(l.wrong[i]*softplus(z))
	}
	for k, p := range l.penalty {
		sum += float64(p * float64(theta[k]*theta[k]) / 2)
	}
	return sum
}

func (l *logistic) score(theta []float64, i int) float64 {
	z := 0.0
	for k, f := range l.features {
		z += float64(theta[k] * f[i])
	}
	return z
}

// softplus is ln(1 + e^z).
func softplus(z float64) float64 {
	return max(z, 0) + portable.Log(1+portable.Exp(-math.Abs(z)))
}

// minimize finds the minimum by Newton's method with step halving. It starts from theta and
// changes theta. It returns false if there is no finite minimum: the data are separable.
func (l *logistic) minimize(theta []float64) bool {
	const (
		steps    = 200
		farthest = 1e4 // no slope or intercept is so large unless the data are separable
	)
	d := len(theta)
	loss := l.loss(theta)
	next := make([]float64, d)
	for range steps {
		gradient, hessian := l.derivatives(theta)
		step := solve(hessian, gradient)
		decrease := 0.0
		for k := range step {
			decrease += float64(step[k] * gradient[k])
		}
		if !(decrease > 1e-15*(1+loss)) {
			return !l.perfect(loss)
		}
		share, better := 1.0, false
		for range 60 {
			for k := range next {
				next[k] = theta[k] - float64(share*step[k])
			}
			if v := l.loss(next); v < loss {
				loss, better = v, true
				break
			}
			share /= 2
		}
		if !better {
			return !l.perfect(loss) // float64 has no better one
		}
		copy(theta, next)
		for _, v := range theta {
			if !(math.Abs(v) < farthest) {
				return false
			}
		}
	}
	return !l.perfect(loss)
}

// perfect reports whether a loss is nearly 0. Then the data are separable: every outcome is
// predicted, and larger weights only make the loss smaller.
func (l *logistic) perfect(loss float64) bool {
	n := 0.0
	for i := range l.right {
		n += l.right[i] + l.wrong[i]
	}
	return loss < 1e-8*n
}

func (l *logistic) derivatives(theta []float64) (gradient []float64, hessian [][]float64) {
	d := len(theta)
	gradient, hessian = make([]float64, d), make([][]float64, d)
	for k := range hessian {
		hessian[k] = make([]float64, d)
	}
	for i := range l.right {
		q := 1 / (1 + portable.Exp(-l.score(theta, i)))
		n := l.right[i] + l.wrong[i]
		residual, weight := float64(n*q)-l.right[i], float64(n*float64(q*(1-q)))
		for k := range d {
			gradient[k] += float64(residual * l.features[k][i])
			for j := range k + 1 {
				hessian[k][j] += float64(weight * float64(l.features[k][i]*l.features[j][i]))
			}
		}
	}
	for k, p := range l.penalty {
		gradient[k] += float64(p * theta[k])
		hessian[k][k] += p
	}
	for k := range d {
		for j := range k {
			hessian[j][k] = hessian[k][j]
		}
	}
	return gradient, hessian
}

// solve returns h^-1 g for a positive semidefinite h, by elimination. It adds a ridge to h that
// is negligible unless h is singular. It changes h, not g.
func solve(h [][]float64, g []float64) []float64 {
	d := len(g)
	trace := 0.0
	for k := range d {
		trace += h[k][k]
	}
	x := append([]float64(nil), g...)
	for k := range d {
		h[k][k] += 1e-13*trace + 1e-300
	}
	for k := range d {
		for i := k + 1; i < d; i++ {
			f := h[i][k] / h[k][k]
			for j := k; j < d; j++ {
				h[i][j] -= float64(f * h[k][j])
			}
			x[i] -= float64(f * x[k])
		}
	}
	for k := d - 1; k >= 0; k-- {
		for j := k + 1; j < d; j++ {
			x[k] -= float64(h[k][j] * x[j])
		}
		x[k] /= h[k][k]
	}
	return x
}

// features returns ln p, -ln(1-p) and 1 for each clipped confidence p.
func (d *points) features() (lp, lq, one []float64) {
	lp, lq, one = make([]float64, len(d.p)), make([]float64, len(d.p)), make([]float64, len(d.p))
	for i, p := range d.p {
		a, b := calibrate.Logs(p, Clip)
		lp[i], lq[i], one[i] = a, -b, 1
	}
	return lp, lq, one
}

func (d *points) logits() []float64 {
	lp, lq, _ := d.features()
	for i := range lp {
		lp[i] += lq[i]
	}
	return lp
}

func (d *points) temperature() ([]float64, error) {
	l := logistic{features: [][]float64{d.logits()}, right: d.right, wrong: d.wrong}
	scale := []float64{1}
	if !l.minimize(scale) {
		scale[0] = maxScale
	}
	return []float64{1 / min(max(scale[0], 1.0/maxScale), maxScale)}, nil
}

func (d *points) platt() ([]float64, error) {
	high, low := (d.allRight+1)/(d.allRight+2), 1/(d.allWrong+2)
	right, wrong := make([]float64, len(d.p)), make([]float64, len(d.p))
	share := 0.0
	for i := range d.p {
		right[i] = float64(d.right[i]*high) + float64(d.wrong[i]*low)
		wrong[i] = float64(d.right[i]*(1-high)) + float64(d.wrong[i]*(1-low))
		share += right[i]
	}
	_, _, one := d.features()
	l := logistic{features: [][]float64{d.logits(), one}, right: right, wrong: wrong}
	theta := []float64{1, 0}
	if !l.minimize(theta) {
		return nil, ErrSeparable
	}
	if theta[0] < 0 {
		theta[0], theta[1] = 0, logit(share/d.n())
	}
	return theta, nil
}

func logit(p float64) float64 { return portable.Log(p) - portable.Log(1-p) }

// beta tries each set of slopes that are held at 0. The problem is convex, so the best result
// without a negative slope is the constrained minimum.
func (d *points) beta() ([]float64, error) {
	lp, lq, one := d.features()
	best, least := []float64{0, 0, logit(d.allRight / d.n())}, math.Inf(1)
	for _, free := range [][]int{{0, 1}, {0}, {1}, {}} {
		l := logistic{right: d.right, wrong: d.wrong}
		theta := make([]float64, 0, 3)
		for _, k := range free {
			l.features = append(l.features, [][]float64{lp, lq}[k])
			theta = append(theta, 1)
		}
		l.features, theta = append(l.features, one), append(theta, 0)
		if !l.minimize(theta) {
			if len(free) == 2 {
				return nil, ErrSeparable
			}
			continue
		}
		all := []float64{0, 0, theta[len(free)]}
		feasible := true
		for i, k := range free {
			all[k] = theta[i]
			feasible = feasible && theta[i] >= 0
		}
		if loss := l.loss(theta); feasible && loss < least {
			best, least = all, loss
		}
		if feasible && len(free) == 2 {
			break // the minimum without constraints
		}
	}
	return best, nil
}
