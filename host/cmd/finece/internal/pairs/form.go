package pairs

import "bytes"

// form is how one line was written. Programs write the lines of a file alike: the same members in
// the same order, with the same white space. Comparing a line with a form takes a fraction of the
// time of reading it member by member.
type form struct {
	line  []byte // the whole line
	parts []formPart
	seen  []bool // by place: whether there is such a member already
	usual bool   // no value is an object or an array, and no member comes twice
}

// formPart is a value: line[begin:end].
type formPart struct {
	begin, end int
	place      int // see walk.place
}

// begin starts the form of a line.
func (f *form) begin(places int) {
	if f.seen == nil {
		f.seen = make([]bool, places)
	}
	clear(f.seen)
	f.parts, f.usual = f.parts[:0], true
}

// add adds the value that ends at end.
func (f *form) add(end int, value []byte, place int) {
	const most = 32 // members
	if len(value) == 0 || value[0] == '{' || value[0] == '[' || len(f.parts) == most || place >= 0 && f.seen[place] {
		f.usual = false
		return
	}
	if place >= 0 {
		f.seen[place] = true
	}
	f.parts = append(f.parts, formPart{end - len(value), end, place})
}

func (f *form) end(line []byte) {
	if f.usual {
		f.line = append(f.line[:0], line...)
	}
}

// alike adds a line that is written like the last one that line has read, and returns false for
// another. A line that alike adds is one that line would add, in the same way.
func (w *walk) alike(p *Pairs, number int, line []byte) bool {
	f, s := &w.form, &w.scan
	if !f.usual || len(f.parts) == 0 {
		return false
	}
	var confidence float64
	s.Reset(line)
	at, upTo := 0, 0 // where the last values end
	for i := range f.parts {
		part := &f.parts[i]
		before := f.line[upTo:part.begin]
		if !bytes.HasPrefix(line[at:], before) {
			return false
		}
		at += len(before)
		if at == len(line) {
			return false
		}
		end := -1
		switch c := line[at]; {
		case c-'0' < 10 || c == '-':
			s.Seek(at, 0, 0)
			v, ok := s.Float()
			if !ok {
				return false
			}
			end = s.Offset()
			if part.place == 0 {
				confidence = v
			}
		case part.place == 0:
			return false
		case c == '"':
			end = stringEnd(line, at)
		case bytes.HasPrefix(line[at:], []byte("true")):
			end = at + 4
		case bytes.HasPrefix(line[at:], []byte("null")):
			end = at + 4
		case bytes.HasPrefix(line[at:], []byte("false")):
			end = at + 5
		}
		if end < 0 {
			return false
		}
		if part.place >= 0 {
			w.values[part.place] = line[at:end]
		}
		at, upTo = end, part.end
	}
	if !bytes.Equal(line[at:], f.line[upTo:]) {
		return false
	}
	r, ok := w.row(number)
	if !ok {
		return false
	}
	right, labelled := parseCorrect(r.correct)
	if !labelled {
		return false
	}
	p.put(w.columns, &r, confidence, right, true)
	return true
}

// stringEnd returns the end of the string that begins at line[at], or -1 if it has escapes or
// control characters, or does not end.
func stringEnd(line []byte, at int) int {
	for i := at + 1; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			return i + 1
		case c == '\\' || c < ' ':
			return -1
		}
	}
	return -1
}
