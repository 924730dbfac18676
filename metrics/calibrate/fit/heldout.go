package fit

import "math/rand/v2"

// Path is a labelled answer with its confidences in the order in which they came.
type Path struct {
	Group      int // number of the question, from 0; answers to the same question are not independent
	Correct    bool
	Confidence []float64 // in [0,1], one for each step at which the answer can be stopped
	At         []int64   // tokens before each of these steps
	Tokens     int64     // tokens of the whole answer
}

// RightPaths draws one right answer to each question that has one. It returns their
// confidences, for [StopBelow].
func RightPaths(list []Path, seed uint64) (paths [][]float64) {
	order := rand.New(rand.NewPCG(seed, 0x73746f70)).Perm(len(list))
	seen := map[int]bool{}
	for _, i := range order {
		if a := &list[i]; a.Correct && !seen[a.Group] {
			seen[a.Group] = true
			paths = append(paths, a.Confidence)
		}
	}
	return paths
}

// Stopped says which answers of a list were stopped.
type Stopped struct {
	Stopped       []bool // whether each answer was stopped
	Groups        []int  // the question of each answer
	Saved, Tokens int64  // tokens that were not generated, and tokens of the whole answers
}

// Count is how many answers were stopped.
func (s *Stopped) Count() (n int) {
	for _, stopped := range s.Stopped {
		if stopped {
			n++
		}
	}
	return n
}

// StopHeldOut applies thresholds to answers on which they were not chosen. It returns the
// results for right and for wrong answers. The questions are divided into folds (2 or more)
// at random, by the seed. Each fold is stopped by the threshold that [StopBelow] finds on the
// other folds. alpha is the share of right answers that may be stopped, in (0,1). The error
// is that of StopBelow.
func StopHeldOut(list []Path, alpha float64, folds int, seed uint64) (right, wrong Stopped, err error) {
	groups := 0
	for i := range list {
		groups = max(groups, list[i].Group+1)
	}
	fold := rand.New(rand.NewPCG(seed, 0x686f6c64)).Perm(groups)
	for held := range folds {
		var others []Path
		for i := range list {
			if fold[list[i].Group]%folds != held {
				others = append(others, list[i])
			}
		}
		s, err := StopBelow(RightPaths(others, seed), alpha)
		if err != nil {
			return right, wrong, err
		}
		for i := range list {
			a := &list[i]
			if fold[a.Group]%folds != held {
				continue
			}
			o := &wrong
			if a.Correct {
				o = &right
			}
			at := s.Stops(a.Confidence)
			o.Tokens += a.Tokens
			o.Stopped, o.Groups = append(o.Stopped, at >= 0), append(o.Groups, a.Group)
			if at >= 0 {
				o.Saved += a.Tokens - a.At[at]
			}
		}
	}
	return right, wrong, nil
}
