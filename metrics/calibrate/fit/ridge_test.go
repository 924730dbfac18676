package fit

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// TestRidgeIsAMinimum looks at the derivatives of the penalised likelihood, which are 0.
func TestRidgeIsAMinimum(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, penalty := range []float64{0.01, 1, 100} {
		const rows, columns = 200, 6
		features := make([][]float64, columns)
		for k := range features {
			for range rows {
				features[k] = append(features[k], rng.NormFloat64())
			}
		}
		copy(features[5], features[4]) // the same column twice
		right, wrong := make([]float64, rows), make([]float64, rows)
		for i := range rows {
			if weight := rng.Float64(); rng.Float64() < 1/(1+math.Exp(-2*features[0][i]-1)) {
				right[i] = weight
			} else {
				wrong[i] = weight
			}
		}
		intercept, weights, err := Ridge(features, right, wrong, penalty)
		if err != nil {
			t.Fatal(err)
		}
		slopes := make([]float64, columns+1)
		for i := range rows {
			z := intercept
			for k := range features {
				z += weights[k] * features[k][i]
			}
			residual := (right[i]+wrong[i])/(1+math.Exp(-z)) - right[i]
			for k := range features {
				slopes[k] += residual * features[k][i]
			}
			slopes[columns] += residual
		}
		for k, w := range weights {
			slopes[k] += penalty * w
		}
		for k, s := range slopes {
			if math.Abs(s) > 1e-6 {
				t.Errorf("penalty %v: the derivative of parameter %d is %v", penalty, k, s)
			}
		}
		if math.Abs(weights[4]-weights[5]) > 1e-6 {
			t.Errorf("penalty %v: equal columns have the weights %v and %v", penalty, weights[4], weights[5])
		}
	}
}

func TestWhatRidgeCannotFit(t *testing.T) {
	column := [][]float64{{1, 2}}
	if _, _, err := Ridge(column, []float64{1, 0}, []float64{0, 1}, 0); !errors.Is(err, ErrPenalty) {
		t.Error(err)
	}
	if _, _, err := Ridge(column, []float64{1, 1}, []float64{0, 0}, 1); !errors.Is(err, ErrOneClass) {
		t.Error(err)
	}
	// Separable outcomes have a minimum with a penalty.
	if _, weights, err := Ridge([][]float64{{-1, 1}}, []float64{0, 1}, []float64{1, 0}, 1); err != nil || !(weights[0] > 0 && weights[0] < 5) {
		t.Errorf("%v, %v", weights, err)
	}
}
