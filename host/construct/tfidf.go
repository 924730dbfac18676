package construct

import (
	"context"
	"math"
	"slices"
	"strings"
	"unicode"
)

// Vectorizer turns texts into vectors whose cosine distance says how little the
// texts have in common. All vectors of a call have the same length, and no
// element is NaN or infinite.
type Vectorizer interface {
	// Name says what makes the vectors, for the provenance of labels.
	Name() string
	Vectors(ctx context.Context, texts []string) ([][]float64, error)
}

// TFIDF weighs terms by how often they are in a text and in how few of the texts
// they are: tf * (ln((1+n)/(1+df)) + 1), scaled to length 1. That is
// scikit-learn's TfidfVectorizer, which the authors' released code clusters by,
// but for the terms: here a single digit or letter is one too, and so is each
// punctuation mark or symbol, since "3 + 4" and "3 * 4" are different steps.
type TFIDF struct{}

// Name is "tfidf".
func (TFIDF) Name() string { return "tfidf" }

// Vectors never fails.
func (TFIDF) Vectors(_ context.Context, texts []string) ([][]float64, error) {
	column := map[string]int{}
	counts := make([]map[int]float64, len(texts))
	var df []float64
	for i, text := range texts {
		counts[i] = map[int]float64{}
		for _, term := range terms(text) {
			c, ok := column[term]
			if !ok {
				c = len(df)
				column[term] = c
				df = append(df, 0)
			}
			if counts[i][c] == 0 {
				df[c]++
			}
			counts[i][c]++
		}
	}
	n := float64(len(texts))
	vectors := make([][]float64, len(texts))
	for i, count := range counts {
		v := make([]float64, len(df))
		for c, tf := range count {
			v[c] = tf * (math.Log((1+n)/(1+df[c])) + 1)
		}
		vectors[i] = unit(v)
	}
	return vectors, nil
}

// terms are the words and numbers of a text in lower case, and every other
// character that is not white space.
func terms(text string) []string {
	var out []string
	begin := -1
	text = strings.ToLower(text)
	end := func(i int) {
		if begin >= 0 {
			out = append(out, text[begin:i])
			begin = -1
		}
	}
	for i, r := range text {
		switch {
		case unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r):
			if begin < 0 {
				begin = i
			}
		case unicode.IsSpace(r):
			end(i)
		default:
			end(i)
			out = append(out, string(r))
		}
	}
	end(len(text))
	return out
}

// unit is v with length 1; a vector of zeros stays one.
func unit(v []float64) []float64 {
	scale := 0.0
	for _, x := range v {
		scale = max(scale, math.Abs(x))
	}
	if scale == 0 {
		return v
	}
	out := slices.Clone(v)
	sum := 0.0
	for i := range out {
		out[i] /= scale // so that squares neither overflow nor vanish
		sum += float64(out[i] * out[i])
	}
	sum = math.Sqrt(sum)
	for i := range out {
		out[i] /= sum
	}
	return out
}

// dot is rounded at each step, so that every machine gets the same bits.
func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i] * b[i])
	}
	return sum
}

// cosineDistance of vectors of length 1 or 0: 1 - a.b, in [0,2]. A vector of
// zeros is at distance 1 from all others.
func cosineDistance(a, b []float64) float64 { return min(max(1-dot(a, b), 0), 2) }
