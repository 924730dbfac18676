package fit

import (
	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate"
)

// Methods are those that [Fit] knows, from the one with the fewest degrees of
// freedom on.
var Methods = []calibrate.Method{
	calibrate.Identity, calibrate.Temperature, calibrate.Platt, calibrate.Beta, calibrate.Isotonic, calibrate.Histogram,
}

// Fit fits a map of a method on rows. bins is that of a histogram, 0 for
// metrics.DefaultBins. Errors: [ErrOneClass], [ErrOneValue], [ErrSeparable] for
// beta, [ErrMethod], a row that is out of range.
func Fit(method calibrate.Method, rows []Row, bins int) (calibrate.Map, error) {
	d, err := pointsOf(rows)
	if err != nil {
		return calibrate.Map{}, err
	}
	m := calibrate.Map{Method: method, N: int(d.n()), Low: d.p[0], High: d.p[len(d.p)-1]}
	switch method {
	case calibrate.Identity:
	case calibrate.Temperature:
		m.Parameters, err = d.temperature()
	case calibrate.Platt:
		m.Parameters, err = d.platt()
	case calibrate.Beta:
		m.Parameters, err = d.beta()
	case calibrate.Isotonic:
		m.X, m.Y = d.isotonic()
	case calibrate.Histogram:
		m.Y, err = d.histogram(bins)
	default:
		err = ErrMethod
	}
	if err == nil && m.Parameters != nil {
		m.Clip = Clip
	}
	if err == nil {
		err = m.Validate()
	}
	return m, err
}

// histogram is the share correct of each bin.
func (d *points) histogram(bins int) ([]float64, error) {
	if bins == 0 {
		bins = metrics.DefaultBins
	}
	if bins < 1 || bins > calibrate.MaxKnots {
		return nil, metrics.ErrBinning
	}
	right, all := make([]float64, bins), make([]float64, bins)
	for i, p := range d.p {
		at := calibrate.Bin(p, bins)
		right[at] += d.right[i]
		all[at] += d.right[i] + d.wrong[i]
	}
	for i := range right {
		if all[i] == 0 {
			right[i] = (float64(i) + 0.5) / float64(bins)
			continue
		}
		right[i] = d.inside(right[i] / all[i])
	}
	return right, nil
}

// block is adjacent confidences with one value.
type block struct{ right, all, moment float64 }

func (b *block) value() float64  { return b.right / b.all }
func (b *block) centre() float64 { return b.moment / b.all }

// blocks pools adjacent violators (Ayer et al. 1955) and ties. Each step of width
// confidences is pooled beforehand.
func (d *points) blocks(width int) []block {
	var out []block
	for i := 0; i < len(d.p); i += width {
		var b block
		for k := i; k < min(i+width, len(d.p)); k++ {
			all := d.right[k] + d.wrong[k]
			b.right += d.right[k]
			b.all += all
			b.moment += float64(all * d.p[k])
		}
		for len(out) > 0 && out[len(out)-1].value() >= b.value() {
			last := &out[len(out)-1]
			b.right, b.all, b.moment = b.right+last.right, b.all+last.all, b.moment+last.moment
			out = out[:len(out)-1]
		}
		out = append(out, b)
	}
	return out
}

// level is how steep an isotonic map is beyond its outermost knots.
const level = 1e-3

func (d *points) isotonic() (x, y []float64) {
	blocks := d.blocks(1)
	for width := 2; len(blocks) > calibrate.MaxKnots-2; width *= 2 {
		blocks = d.blocks(width)
	}
	for i := range blocks {
		at, value := blocks[i].centre(), d.inside(blocks[i].value())
		if i == 0 && at > 0 {
			x, y = append(x, 0), append(y, float64(value*(1-level)))
		}
		x, y = append(x, at), append(y, value)
	}
	if last := len(x) - 1; x[last] < 1 {
		x, y = append(x, 1), append(y, y[last]+float64(level*(1-y[last])))
	}
	return x, y
}
