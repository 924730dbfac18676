package baseline

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/finece/finece/host/construct"
)

// SuC is sub-question clustering: the confidence of a question is the model's accuracy on
// training questions of the same kind (Lin et al. 2022, arXiv 2205.14334). There the kinds
// are sub-tasks of arithmetic; FineCE finds them by clustering. k of the n graded completions
// of a training question are correct. The cluster with the centroid nearest to the question,
// by cosine distance, gives
//
//	confidence = sum of k over sum of n, in the nearest cluster
//
// The answer is not used, so the value is the same at every position. A SuC is made by
// [FitSuC] or read from JSON, and must not be changed afterwards.
type SuC struct {
	vocabulary *construct.Vocabulary
	clusters   []kind
	provenance string
}

// kind is a cluster of training questions.
type kind struct {
	Questions int       `json:"questions"`
	K         int       `json:"k"` // correct completions
	N         int       `json:"n"` // graded completions
	Centroid  []float64 `json:"-"` // the mean of the questions' vectors, scaled to length 1
}

// SuCConfig says how training questions are clustered. Start from [DefaultSuC].
type SuCConfig struct {
	// Clusters is the most kinds that are kept.
	Clusters int
	// Groups is the number of groups at which merging stops. The Clusters largest groups
	// are kept. Average linkage leaves outliers as groups of their own. So if Groups were as
	// small as Clusters, nearly all questions would be in one group.
	Groups int
	// Clustered is the most questions that are clustered. They are evenly spaced among all
	// questions. Time and memory grow with its square.
	Clustered int
}

// DefaultSuC returns 10 kinds, as in the authors' released code, out of 100 groups of at most
// 2000 questions.
func DefaultSuC() SuCConfig { return SuCConfig{Clusters: 10, Groups: 100, Clustered: 2000} }

// FitSuC fits a SuC on lines of training data: on the states p(0) that are not in the dev or
// test split. Questions are clustered as package construct clusters fragments, with TF-IDF,
// cosine distance and average linkage. Then every training question is counted in the
// cluster with the nearest centroid, the same way as later questions.
func FitSuC(states []construct.State, c SuCConfig) (*SuC, error) {
	if c.Clusters < 1 || c.Groups < 1 || c.Clustered < 1 {
		return nil, errors.New("baseline: Clusters, Groups and Clustered have to be at least 1; start from DefaultSuC")
	}
	var train []construct.State
	var texts []string
	for _, s := range states {
		if s.Position != "p(0)" || s.Split == "dev" || s.Split == "test" {
			continue
		}
		if s.N < 1 || s.K < 0 || s.K > s.N {
			return nil, fmt.Errorf("baseline: question %s: %d of %d completions are correct", s.ID, s.K, s.N)
		}
		train, texts = append(train, s), append(texts, s.Question)
	}
	if len(train) == 0 {
		return nil, errors.New("baseline: SuC needs states p(0) of the train split, and there is none")
	}
	s := &SuC{vocabulary: construct.NewVocabulary(texts), provenance: train[0].Model}
	s.cluster(texts, &c)
	for i := range train {
		if number, known := s.nearest(texts[i]); known {
			k := &s.clusters[number]
			k.Questions++
			k.K += train[i].K
			k.N += train[i].N
		}
	}
	s.clusters = slices.DeleteFunc(s.clusters, func(k kind) bool { return k.N == 0 })
	if len(s.clusters) == 0 {
		return nil, errors.New("baseline: SuC: the training questions have no words")
	}
	return s, nil
}

// cluster finds the centroids.
func (s *SuC) cluster(texts []string, c *SuCConfig) {
	n := min(len(texts), c.Clustered)
	vectors := make([]vector, n)
	for i := range vectors {
		vectors[i] = s.vector(texts[i*len(texts)/n])
	}
	steps := construct.AverageLinkage(n, func(i, j int) float64 { return max(1-vectors[i].dot(&vectors[j]), 0) })
	groups := construct.Cut(n, steps[:max(n-c.Groups, 0)])
	slices.SortStableFunc(groups, func(a, b []int) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(slices.Min(a), slices.Min(b)))
	})
	for _, members := range groups[:min(c.Clusters, len(groups))] {
		slices.Sort(members)
		centroid := make([]float64, len(s.vocabulary.Terms))
		for _, i := range members {
			for j, column := range vectors[i].columns {
				centroid[column] += vectors[i].values[j]
			}
		}
		s.clusters = append(s.clusters, kind{Centroid: scaled(centroid)})
	}
}

// vector is a sparse vector of length 1, or 0.
type vector struct {
	columns []int
	values  []float64
}

func (s *SuC) vector(text string) vector {
	columns, values := s.vocabulary.Sparse(text)
	return vector{columns, values}
}

func (v *vector) dot(w *vector) float64 {
	sum := 0.0
	for i, j := 0, 0; i < len(v.columns) && j < len(w.columns); {
		switch {
		case v.columns[i] < w.columns[j]:
			i++
		case v.columns[i] > w.columns[j]:
			j++
		default:
			sum += float64(v.values[i] * w.values[j])
			i++
			j++
		}
	}
	return sum
}

// scaled scales a centroid to length 1, so its dot product with another such vector is the
// cosine.
func scaled(centroid []float64) []float64 {
	sum := 0.0
	for _, x := range centroid {
		sum += float64(x * x)
	}
	if sum > 0 {
		length := math.Sqrt(sum)
		for c := range centroid {
			centroid[c] /= length
		}
	}
	return centroid
}

// nearest returns the cluster of a question. known is false if the question has no term of
// the training questions.
func (s *SuC) nearest(question string) (number int, known bool) {
	v := s.vector(question)
	most := 0.0
	for i := range s.clusters {
		cosine := 0.0
		for j, column := range v.columns {
			cosine += float64(v.values[j] * s.clusters[i].Centroid[column])
		}
		if i == 0 || cosine > most {
			number, most = i, cosine
		}
	}
	return number, len(v.columns) > 0
}

// Name is "suc".
func (s *SuC) Name() string { return "suc" }

// Needs returns nothing: only the question is used.
func (s *SuC) Needs() Needs { return 0 }

// Confidence is unavailable for a question that has no word of the training
// questions.
func (s *SuC) Confidence(st *Statistics) (float64, error) {
	if st.State.Question == nil {
		return 0, errors.New("baseline: a state has no question")
	}
	number, known := s.nearest(st.State.Question.Text)
	if !known {
		return 0, unavailable("no word of the question is in the training questions")
	}
	k := &s.clusters[number]
	if k.N == 0 {
		return 0, unavailable("the nearest cluster has no graded question")
	}
	return float64(k.K) / float64(k.N), nil
}

// sucVersion is the version of the JSON form.
const sucVersion = 1

type sucFile struct {
	Method   string    `json:"method"` // "suc"
	Version  int       `json:"version"`
	Model    string    `json:"model,omitempty"` // the generator whose accuracies these are
	Terms    []string  `json:"terms"`
	Weights  []float64 `json:"weights"`
	Clusters []sucKind `json:"clusters"`
}

type sucKind struct {
	kind
	// The centroid's elements that are not 0.
	Columns []int     `json:"columns"`
	Values  []float64 `json:"values"`
}

// MarshalJSON writes {"method":"suc","version":1,"model","terms","weights",
// "clusters":[{"questions","k","n","columns","values"}]}. The same data gives the
// same bytes.
func (s *SuC) MarshalJSON() ([]byte, error) {
	f := sucFile{"suc", sucVersion, s.provenance, s.vocabulary.Terms, s.vocabulary.Weight, nil}
	for _, k := range s.clusters {
		out := sucKind{kind: k, Columns: []int{}, Values: []float64{}}
		for c, x := range k.Centroid {
			if x != 0 {
				out.Columns, out.Values = append(out.Columns, c), append(out.Values, x)
			}
		}
		f.Clusters = append(f.Clusters, out)
	}
	return json.Marshal(f)
}

// UnmarshalJSON reads the format of MarshalJSON. The error says what is wrong with the data.
func (s *SuC) UnmarshalJSON(b []byte) error {
	var f sucFile
	if err := json.Unmarshal(b, &f); err != nil {
		return fmt.Errorf("baseline: SuC: %w", err)
	}
	if f.Method != "suc" || f.Version != sucVersion {
		return fmt.Errorf("baseline: SuC: method %.20q, version %d: want suc, version %d", f.Method, f.Version, sucVersion)
	}
	vocabulary, err := construct.LoadVocabulary(f.Terms, f.Weights)
	if err != nil {
		return fmt.Errorf("baseline: SuC: %w", err)
	}
	if len(f.Clusters) == 0 {
		return errors.New("baseline: SuC: there are no clusters")
	}
	made := SuC{vocabulary: vocabulary, provenance: f.Model}
	for i, k := range f.Clusters {
		if k.K < 0 || k.K > k.N || len(k.Columns) != len(k.Values) {
			return fmt.Errorf("baseline: SuC: cluster %d: %d of %d correct, %d columns and %d values", i, k.K, k.N, len(k.Columns), len(k.Values))
		}
		k.Centroid = make([]float64, len(f.Terms))
		for j, c := range k.Columns {
			if c < 0 || c >= len(f.Terms) {
				return fmt.Errorf("baseline: SuC: cluster %d: column %d of %d terms", i, c, len(f.Terms))
			}
			k.Centroid[c] = k.Values[j]
		}
		made.clusters = append(made.clusters, k.kind)
	}
	*s = made
	return nil
}
