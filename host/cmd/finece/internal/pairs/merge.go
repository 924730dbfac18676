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
	return func(part *Pairs) error {
		file := max(len(p.Files)-1, 0)
		for _, l := range part.left {
			if err := list.Add(p.Files[file], l.line, l.reason, l.text); err != nil {
				return err
			}
		}
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
	bytes []byte
	ends  []int
}

func (t *texts) add(text []byte) {
	t.bytes = append(t.bytes, text...)
	t.ends = append(t.ends, len(t.bytes))
}

// blank reports whether all texts are empty.
func (t *texts) blank() bool { return len(t.bytes) == 0 }

func (t *texts) all(yield func([]byte) bool) {
	begin := 0
	for _, end := range t.ends {
		if !yield(t.bytes[begin:end]) {
			return
		}
		begin = end
	}
}
