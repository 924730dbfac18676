package score

import (
	"math"
	"slices"
)

// finished is what is in the output already: lines of the input, by the key of
// their answers. Keys may repeat, and so an answer is told by its key and line.
// Where the input was edited and lines have moved, it is told by its key alone.
type finished struct {
	lines   map[string][]int  // in order: those that no answer was found for yet
	waiting map[int][]waiting // by the line that decides on them
}

// waiting is an answer whose key is only recorded for later lines: it is done if
// one of these turns out to be another answer's.
type waiting struct {
	key string
	job job
}

func newFinished() *finished {
	return &finished{map[string][]int{}, map[int][]waiting{}}
}

// add records a line of the output.
func (f *finished) add(key string, line int) {
	lines := f.lines[key]
	if i, found := slices.BinarySearch(lines, line); !found {
		f.lines[key] = slices.Insert(lines, i, line)
	}
}

// take reports whether the answer on a line is done. If until is not 0, that is
// not known before that line has been taken.
func (f *finished) take(key string, line int) (done bool, until int) {
	lines := f.lines[key]
	i, found := slices.BinarySearch(lines, line)
	if !found {
		return f.moved(key, line)
	}
	copy(lines[1:i+1], lines[:i])
	f.lines[key] = lines[1:]
	return true, 0
}

// moved is take for an answer that is recorded for another line, if at all, when
// those up to passed have been taken.
func (f *finished) moved(key string, passed int) (done bool, until int) {
	switch lines := f.lines[key]; {
	case len(lines) == 0:
		return false, 0
	case lines[0] > passed:
		return false, lines[0]
	default:
		f.lines[key] = lines[1:]
		return true, 0
	}
}

// wait keeps an answer until a line has been taken.
func (f *finished) wait(until int, w waiting) {
	f.waiting[until] = append(f.waiting[until], w)
}

// after decides on the answers that waited for a line, and returns those that
// are not done.
func (f *finished) after(line int) (left []job) {
	due := f.waiting[line]
	delete(f.waiting, line)
	for _, w := range due {
		switch done, until := f.moved(w.key, line); {
		case done:
		case until != 0:
			f.wait(until, w)
		default:
			left = append(left, w.job)
		}
	}
	return left
}

// end is after for the end of the input.
func (f *finished) end() (left []job) {
	var all []waiting
	for _, some := range f.waiting {
		all = append(all, some...)
	}
	slices.SortFunc(all, func(a, b waiting) int { return a.job.number - b.job.number })
	for _, w := range all {
		if done, _ := f.moved(w.key, math.MaxInt); !done {
			left = append(left, w.job)
		}
	}
	return left
}
