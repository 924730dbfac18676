package construct

import (
	"fmt"
	"math"
	"slices"
)

// Surplus says what to do when clustering leaves more than M clusters.
type Surplus uint8

const (
	Largest Surplus = iota // use the M largest
	Merge                  // continue merging until M are left
)

// String returns "largest" or "merge".
func (s Surplus) String() string {
	if s == Merge {
		return "merge"
	}
	return "largest"
}

// ParseSurplus reads "largest" or "merge".
func ParseSurplus(s string) (Surplus, error) {
	for _, v := range []Surplus{Largest, Merge} {
		if s == v.String() {
			return v, nil
		}
	}
	return 0, fmt.Errorf("construct: unknown surplus %q: want largest or merge", s)
}

// Cluster is a group of similar texts.
type Cluster struct {
	Centre  int   `json:"centre"`  // the semantic centroid: the member nearest to the mean of the members
	Members []int `json:"members"` // in order
}

// Clusters groups vectors by average linkage on the cosine distance
// 1 - a.b/(|a||b|). It merges the two nearest clusters while their distance is below
// limit. It returns at most m clusters, the largest first; of two clusters of the
// same size, the one with the earlier member is first.
func Clusters(vectors [][]float64, limit float64, m int, surplus Surplus) ([]Cluster, error) {
	units, err := units(vectors)
	if err != nil {
		return nil, err
	}
	n := len(units)
	steps := AverageLinkage(n, func(i, j int) float64 { return cosineDistance(units[i], units[j]) })
	merges := 0
	for merges < len(steps) && (steps[merges].Distance < limit || surplus == Merge && n-merges > m) {
		merges++
	}
	var out []Cluster
	for _, members := range Cut(n, steps[:merges]) {
		slices.Sort(members)
		out = append(out, Cluster{centre(units, members), members})
	}
	slices.SortStableFunc(out, func(a, b Cluster) int {
		if d := len(b.Members) - len(a.Members); d != 0 {
			return d
		}
		return a.Members[0] - b.Members[0]
	})
	return out[:min(m, len(out))], nil
}

// Centre returns the index of the semantic centroid: the vector nearest to the mean
// by cosine distance, or the first of several equally near ones. It is -1 for no
// vectors.
func Centre(vectors [][]float64) (int, error) {
	units, err := units(vectors)
	if err != nil || len(units) == 0 {
		return -1, err
	}
	all := make([]int, len(units))
	for i := range all {
		all[i] = i
	}
	return centre(units, all), nil
}

func centre(units [][]float64, members []int) int {
	mean := make([]float64, len(units[members[0]]))
	for _, i := range members {
		for c, x := range units[i] {
			mean[c] += x
		}
	}
	mean = unit(mean)
	// Distances that differ only by rounding count as equal.
	const rounding = 1e-12
	best := members[0]
	for _, i := range members[1:] {
		if cosineDistance(units[i], mean) < cosineDistance(units[best], mean)-rounding {
			best = i
		}
	}
	return best
}

func units(vectors [][]float64) ([][]float64, error) {
	out := make([][]float64, len(vectors))
	for i, v := range vectors {
		if len(v) != len(vectors[0]) {
			return nil, fmt.Errorf("construct: vector %d has %d elements, but the first one has %d", i, len(v), len(vectors[0]))
		}
		for _, x := range v {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return nil, fmt.Errorf("construct: vector %d has an element that is no finite number", i)
			}
		}
		out[i] = unit(v)
	}
	return out, nil
}
