package construct

import "math"

// Step is one step of agglomerative clustering. Clusters 0 to n-1 are the items, and
// step i creates cluster n+i, as in SciPy's linkage matrix.
type Step struct {
	A, B     int     // the clusters that are merged, A < B
	Distance float64 // between them
	Size     int     // items in the new cluster
}

// AverageLinkage merges the two nearest clusters of n items until one cluster is left.
// distance returns the distance of items i < j, finite and at least 0. The distance of
// two clusters is the mean over all pairs of their items (UPGMA, Sokal and Michener
// 1958), updated by the formula of Lance and Williams (1967). Of equally near pairs,
// the one with the lower numbers is merged. It uses O(n^2) memory and usually O(n^2)
// time, at worst O(n^3).
func AverageLinkage(n int, distance func(i, j int) float64) []Step {
	if n < 2 {
		return nil
	}
	d := make([]float64, n*n)
	for i := range n {
		for j := i + 1; j < n; j++ {
			d[i*n+j] = distance(i, j)
			d[j*n+i] = d[i*n+j]
		}
	}
	// Row i stands for cluster name[i] of size[i] items. The size is 0 after a merge.
	name, size, nearest := make([]int, n), make([]int, n), make([]int, n)
	for i := range n {
		name[i], size[i] = i, 1
	}
	find := func(i int) { // the nearest of the rows after i
		nearest[i] = -1
		for j := i + 1; j < n; j++ {
			if size[j] > 0 && (nearest[i] < 0 || d[i*n+j] < d[i*n+nearest[i]]) {
				nearest[i] = j
			}
		}
	}
	for i := range n {
		find(i)
	}
	steps := make([]Step, 0, n-1)
	for len(steps) < n-1 {
		a, least := -1, math.Inf(1)
		for i := range n {
			if size[i] > 0 && nearest[i] >= 0 && (a < 0 || d[i*n+nearest[i]] < least) {
				a, least = i, d[i*n+nearest[i]]
			}
		}
		b := nearest[a]
		total := size[a] + size[b]
		steps = append(steps, Step{min(name[a], name[b]), max(name[a], name[b]), least, total})
		wa, wb := float64(size[a])/float64(total), float64(size[b])/float64(total)
		size[b] = 0
		for j := range n {
			if size[j] > 0 && j != a {
				mean := float64(wa*d[a*n+j]) + float64(wb*d[b*n+j])
				d[a*n+j], d[j*n+a] = mean, mean
			}
		}
		name[a], size[a] = n+len(steps)-1, total
		for i := range n {
			if size[i] == 0 {
				continue
			}
			switch {
			case i == a || nearest[i] == a || nearest[i] == b:
				find(i)
			case i < a && d[i*n+a] < d[i*n+nearest[i]]:
				nearest[i] = a
			}
		}
	}
	return steps
}

// Cut returns the clusters, as lists of items, after the given first steps of
// [AverageLinkage].
func Cut(n int, steps []Step) [][]int {
	clusters := make([][]int, n, n+len(steps))
	for i := range n {
		clusters[i] = []int{i}
	}
	for _, s := range steps {
		merged := append(append(make([]int, 0, s.Size), clusters[s.A]...), clusters[s.B]...)
		clusters[s.A], clusters[s.B] = nil, nil
		clusters = append(clusters, merged)
	}
	var out [][]int
	for _, c := range clusters {
		if c != nil {
			out = append(out, c)
		}
	}
	return out
}
