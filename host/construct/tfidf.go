package construct

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"
)

// Vectorizer turns texts into vectors. The cosine distance of two vectors says how
// different their texts are. All vectors of a call have the same length, and every
// element is finite.
type Vectorizer interface {
	// Name says how the vectors are made, for the provenance of labels.
	Name() string
	Vectors(ctx context.Context, texts []string) ([][]float64, error)
}

// TFIDF weighs a term by its count in a text and by how few of the texts contain it:
// tf * (ln((1+n)/(1+df)) + 1), scaled to length 1. This is scikit-learn's
// TfidfVectorizer, which the authors' released code uses, with one difference: here
// single digits, letters, punctuation marks and symbols are terms too, because "3 + 4"
// and "3 * 4" are different steps.
type TFIDF struct{}

// Name returns "tfidf".
func (TFIDF) Name() string { return "tfidf" }

// Vectors never fails.
func (TFIDF) Vectors(_ context.Context, texts []string) ([][]float64, error) {
	v := NewVocabulary(texts)
	vectors := make([][]float64, len(texts))
	for i, text := range texts {
		vectors[i] = v.Vector(text)
	}
	return vectors, nil
}

// Vocabulary has the terms of some texts with their weights. [TFIDF] makes vectors from it. A
// Vocabulary can also make vectors of further texts; terms that it does not have are ignored.
type Vocabulary struct {
	Terms  []string  // in the order of their first occurrence
	Weight []float64 // ln((1+n)/(1+df)) + 1, by term
	column map[string]int
}

// NewVocabulary learns the terms of texts.
func NewVocabulary(texts []string) *Vocabulary {
	v := &Vocabulary{column: map[string]int{}}
	last := []int{} // by term: the last text that contains it
	for i, text := range texts {
		for _, term := range terms(text) {
			c, ok := v.column[term]
			if !ok {
				c = len(v.Terms)
				v.column[term] = c
				v.Terms, v.Weight, last = append(v.Terms, term), append(v.Weight, 0), append(last, -1)
			}
			if last[c] != i {
				last[c] = i
				v.Weight[c]++ // df, so far
			}
		}
	}
	n := float64(len(texts))
	for c, df := range v.Weight {
		v.Weight[c] = math.Log((1+n)/(1+df)) + 1
	}
	return v
}

// LoadVocabulary makes a vocabulary from the terms and weights of another one.
func LoadVocabulary(terms []string, weight []float64) (*Vocabulary, error) {
	v := &Vocabulary{terms, weight, map[string]int{}}
	if len(terms) != len(weight) {
		return nil, fmt.Errorf("construct: a vocabulary of %d terms has %d weights", len(terms), len(weight))
	}
	for c, term := range terms {
		if _, twice := v.column[term]; twice || math.IsNaN(weight[c]) || math.IsInf(weight[c], 0) {
			return nil, fmt.Errorf("construct: vocabulary: term %.40q is there twice, or its weight is not finite", term)
		}
		v.column[term] = c
	}
	return v, nil
}

// Vector returns the vector of a text. Its length is 1, or 0 if the text contains none
// of the terms.
func (v *Vocabulary) Vector(text string) []float64 {
	out := make([]float64, len(v.Terms))
	columns, values := v.Sparse(text)
	for i, c := range columns {
		out[c] = values[i]
	}
	return out
}

// Sparse returns the elements of a text's vector that are not 0, in the order of their
// columns.
func (v *Vocabulary) Sparse(text string) (columns []int, values []float64) {
	tf := map[int]float64{}
	for _, term := range terms(text) {
		if c, ok := v.column[term]; ok && v.Weight[c] != 0 {
			tf[c]++
		}
	}
	columns = slices.Sorted(maps.Keys(tf))
	for _, c := range columns {
		values = append(values, tf[c]*v.Weight[c])
	}
	return columns, unit(values)
}

// terms returns the words and numbers of a text in lower case, and each other
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

// unit returns v scaled to length 1. A vector of zeros stays as it is.
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

// dot rounds at each step, so that every machine computes the same bits.
func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i] * b[i])
	}
	return sum
}

// CosineDistance returns 1 - a.b/(|a||b|), in [0,2], for finite vectors with the same
// number of elements. A vector of zeros is at distance 1 from every vector.
func CosineDistance(a, b []float64) float64 { return cosineDistance(unit(a), unit(b)) }

// cosineDistance is CosineDistance for vectors of length 1 or 0.
func cosineDistance(a, b []float64) float64 { return min(max(1-dot(a, b), 0), 2) }
