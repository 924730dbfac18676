package lm

import (
	"errors"
	"unicode/utf8"
)

// symbol is a token of a word whose tokens are being merged. The symbols of a word are a
// linked list.
type symbol struct {
	id         int
	prev, next int32 // -1 at the ends
	gone       bool  // merged into the symbol before
}

// candidate is a pair of symbols that can be merged. The first symbol is at index at. The
// candidate is out of date if the two symbols there are no longer left and right.
type candidate struct {
	merge
	at          int32
	left, right int
}

// before orders merges by rank, and merges of the same rank from left to right.
func (c candidate) before(d candidate) bool {
	return c.rank < d.rank || c.rank == d.rank && c.at < d.at
}

// appendWord appends the tokens of a word: its bytes, merged in the order of the merges'
// ranks (Sennrich et al., arXiv 1508.07909). With a heap it takes O(n log n) for a word of
// n bytes. This matters because without the regular expression the word is the whole text.
func (t *Tokenizer) appendWord(ids []int, word string) []int {
	var few [64]symbol
	symbols := few[:0]
	for i := range len(word) {
		if id := t.singles[word[i]]; id >= 0 { // a byte without a token is left out before merging
			at := int32(len(symbols))
			symbols = append(symbols, symbol{id: id, prev: at - 1, next: at + 1})
		}
	}
	switch len(symbols) {
	case 0:
		return ids
	case 1:
		return append(ids, symbols[0].id)
	}
	symbols[len(symbols)-1].next = -1
	var fewer [64]candidate
	q := queue(fewer[:0])
	pair := func(at int32) {
		if at < 0 || symbols[at].next < 0 {
			return
		}
		left, right := symbols[at].id, symbols[symbols[at].next].id
		if m, ok := t.merges[[2]int{left, right}]; ok {
			q.push(candidate{m, at, left, right})
		}
	}
	for i := range symbols {
		pair(int32(i))
	}
	for len(q) > 0 {
		c := q.pop()
		s := &symbols[c.at]
		if s.gone || s.next < 0 || s.id != c.left || symbols[s.next].id != c.right {
			continue
		}
		n := &symbols[s.next]
		n.gone, s.id, s.next = true, c.id, n.next
		if s.next >= 0 {
			symbols[s.next].prev = c.at
		}
		pair(s.prev)
		pair(c.at)
	}
	for i := int32(0); i >= 0; i = symbols[i].next {
		ids = append(ids, symbols[i].id)
	}
	return ids
}

// queue is a binary heap. container/heap would allocate for every candidate.
type queue []candidate

func (q *queue) push(c candidate) {
	s := append(*q, c)
	for i := len(s) - 1; i > 0; {
		p := (i - 1) / 2
		if !s[i].before(s[p]) {
			break
		}
		s[i], s[p] = s[p], s[i]
		i = p
	}
	*q = s
}

func (q *queue) pop() candidate {
	s := *q
	top, last := s[0], len(s)-1
	s[0] = s[last]
	s = s[:last]
	for i := 0; ; {
		c := 2*i + 1
		if c >= last {
			break
		}
		if c+1 < last && s[c+1].before(s[c]) {
			c++
		}
		if !s[c].before(s[i]) {
			break
		}
		s[i], s[c] = s[c], s[i]
		i = c
	}
	*q = s
	return top
}

// byteOf is GPT-2's table from the characters of a vocabulary to the bytes that they stand
// for. Printable bytes are their own characters. The other bytes are the characters from
// U+0100 on, in order.
var byteOf = func() map[rune]byte {
	table, next := map[rune]byte{}, rune(0x100)
	for b := range rune(256) {
		if b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae {
			table[b] = byte(b)
			continue
		}
		table[next] = byte(b)
		next++
	}
	return table
}()

// fromByteLevel returns the bytes that a token of the vocabulary stands for.
func fromByteLevel(token string) (string, error) {
	b := make([]byte, 0, utf8.RuneCountInString(token))
	for _, r := range token {
		c, ok := byteOf[r]
		if !ok {
			return "", errors.New("has a character that stands for no byte")
		}
		b = append(b, c)
	}
	if len(b) == 0 {
		return "", errors.New("is empty")
	}
	return string(b), nil
}
