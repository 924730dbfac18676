package pairs

import (
	"runtime/debug"

	"github.com/finece/finece/host/cmd/finece/internal/rejects"
)

// many is the number of pairs from which on the process collects garbage more often.
const many = 1 << 19

// merger returns a function that adds parts of the last one of p.Files to p, in order.
func (p *Pairs) merger(columns *Columns, list *rejects.List) func(*Pairs) error {
	numbers := map[string]int{}
	var groups grouping
	var read progress
	return func(part *Pairs) error {
		file := max(len(p.Files)-1, 0)
		if read.file != file {
			read = progress{file: file, before: len(p.Confidence)}
		}
		read.share += part.share
		p.reserve(len(part.Confidence), &read)
		for _, l := range part.left {
			if err := list.Add(p.Files[file], l.line, l.reason, l.text); err != nil {
				return err
			}
		}
		defer part.free()
		p.Confidence = append(p.Confidence, part.Confidence...)
		p.Correct = append(p.Correct, part.Correct...)
		if !p.frugal && len(p.Confidence) >= many {
			// Pairs are most of the memory now. They have no pointers, so frequent collection
			// costs little.
			p.frugal = true
			debug.SetGCPercent(20)
		}
		p.Other = append(p.Other, part.Other...)
		p.Labelled = append(p.Labelled, part.Labelled...)
		for _, at := range part.At {
			p.At = append(p.At, Place{file, at.Line})
		}
		p.More = append(p.More, part.More...)
		p.Kinds |= part.Kinds
		for _, note := range part.Notes {
			if len(p.Files) > 0 {
				note = p.Files[file] + ": " + note
			}
			p.Notes = append(p.Notes, note)
		}
		if err := p.group(part, &groups, columns); err != nil {
			return err
		}
		for _, r := range part.Rejected {
			p.Rejected = counted(p.Rejected, r.in(file))
		}
		for _, r := range part.Faults {
			p.Faults = counted(p.Faults, r.in(file))
		}
		if !p.Asked && part.keys.blank() {
			return nil
		}
		p.apart(len(p.Confidence) - len(part.Confidence))
		for key := range part.keys.all {
			number, known := numbers[string(key)]
			if !known || len(key) == 0 {
				number = p.Questions
				p.Questions++
				numbers[string(key)] = number
				p.Asked = p.Asked || len(key) > 0
			}
			p.Question = append(p.Question, number)
		}
		return nil
	}
}

// progress is how much of a file was read.
type progress struct {
	file   int
	before int     // pairs of the earlier files
	share  float64 // 0 if it is not known
}

// reserve makes room for more pairs. If the share of the file that was read is known, it makes room
// for all pairs of the file, so that they are copied only once or twice. Unlike append, it does
// not write to that room. Because other lines may be longer, it makes room for at most 16 times
// the pairs so far.
func (p *Pairs) reserve(more int, read *progress) {
	need := len(p.Confidence) + more
	if need <= cap(p.Confidence) || read.share <= 0 {
		return
	}
	all := read.before + int(1.01*float64(need-read.before)/read.share) + 1
	size := max(need, min(all, 16*need))
	p.Confidence = append(make([]float64, 0, size), p.Confidence...)
	p.Correct = append(make([]bool, 0, size), p.Correct...)
	if p.Other != nil {
		p.Other = append(make([]float64, 0, size), p.Other...)
	}
}

// group adds the groups of a part.
func (p *Pairs) group(part *Pairs, groups *grouping, columns *Columns) error {
	numbers := make([]uint32, len(part.Groups))
	values := make([][]byte, len(columns.By))
	for i, texts := range part.Groups {
		for k, text := range texts {
			values[k] = []byte(text)
		}
		numbers[i] = groups.number(values, &p.Groups)
	}
	for _, n := range part.Group {
		p.Group = append(p.Group, numbers[n])
	}
	if len(p.Groups) > MaxGroups {
		return tooMany(columns.By)
	}
	return nil
}

// apart gives the first n pairs questions of their own, if they have none: questions are
// numbered only after the first pair that has one.
func (p *Pairs) apart(n int) {
	for len(p.Question) < n {
		p.Question = append(p.Question, p.Questions)
		p.Questions++
	}
}

// texts are short texts in one piece of memory.
type texts struct {
	blanks int // empty texts before the first other one
	bytes  []byte
	ends   []int // of the texts after the blanks
}

func (t *texts) add(text []byte) {
	if len(text) == 0 && len(t.ends) == 0 {
		t.blanks++ // all of them, if the input has no such column
		return
	}
	t.bytes = append(t.bytes, text...)
	t.ends = append(t.ends, len(t.bytes))
}

func (t *texts) clear() { t.blanks, t.bytes, t.ends = 0, t.bytes[:0], t.ends[:0] }

// blank reports whether all texts are empty.
func (t *texts) blank() bool { return len(t.bytes) == 0 }

func (t *texts) all(yield func([]byte) bool) {
	for range t.blanks {
		if !yield(nil) {
			return
		}
	}
	begin := 0
	for _, end := range t.ends {
		if !yield(t.bytes[begin:end]) {
			return
		}
		begin = end
	}
}
