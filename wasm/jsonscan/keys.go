package jsonscan

import "github.com/finece/finece/wasm/internal/word"

// Keys numbers a set of keys, so that a walk can switch on small integers:
// comparing a key with one string after the other costs more than reading it.
// It is not changed after NewKeys and may be shared.
type Keys struct {
	slots [slots]uint8 // hash to number, 0 where free; collisions go to the next one
	words []words      // by number
}

// words are the beginning and the end of a key, which are all of it up to 16
// bytes.
type words struct {
	first, last uint64
	length      int
	name        string
	field       literal // "name":
}

// literal is a text of 8 to 16 bytes: the first and the last eight of them.
type literal struct {
	first, last uint64
	length      int // 0 for none
}

func newLiteral(text string) literal {
	n := len(text)
	if n < 8 || n > 16 {
		return literal{}
	}
	return literal{word.Load([]byte(text), 0), word.Load([]byte(text), n-8), n}
}

// at reports whether data[i:] begins with the literal. It has to be as long.
func (l *literal) at(data []byte, i int) bool {
	if l.length == 0 {
		return false
	}
	first, last := word.Ends(data, i, l.length)
	return first == l.first && last == l.last
}

// NewKeys numbers the names from 1 up. There may be 255 of them, no two alike in
// their length and their first and last eight bytes.
func NewKeys(names ...string) *Keys {
	k := &Keys{words: make([]words, 1+len(names))}
	for i, name := range names {
		w := &k.words[i+1]
		w.name, w.length = name, len(name)
		w.field = newLiteral(`"` + name + `":`)
		if len(name) > 8 {
			w.first, w.last = word.Load([]byte(name), 0), word.Load([]byte(name), len(name)-8)
		} else {
			w.first = pack([]byte(name))
		}
		slot := hash(w.first, w.last)
		for k.slots[slot%slots] != 0 {
			slot++
		}
		k.slots[slot%slots] = uint8(i + 1)
	}
	return k
}

// Find returns the number of a key, or 0 for one that is not in the set.
func (k *Keys) Find(key []byte) int {
	var first, last uint64
	if len(key) > 8 {
		first, last = word.Load(key, 0), word.Load(key, len(key)-8)
	} else {
		first = pack(key)
	}
	n := k.find(first, last, len(key))
	if len(key) > 16 && n > 0 && !same(key, k.words[n].name) {
		return 0
	}
	return n
}

// find does so by what words has.
func (k *Keys) find(first, last uint64, length int) int {
	for slot := hash(first, last); ; slot++ {
		n := k.slots[slot%slots]
		w := &k.words[n]
		if n == 0 || w.first == first && w.last == last && w.length == length {
			return int(n)
		}
	}
}

const slots = 512

func hash(first, last uint64) uint {
	return uint((first ^ last>>7) * 0x9E3779B97F4A7C15 >> 55)
}

// pack is the value of up to eight bytes with the last one on top.
func pack(key []byte) (x uint64) {
	for _, c := range key {
		x = x>>8 | uint64(c)<<56
	}
	return x
}

func same(key []byte, name string) bool {
	for i := range key {
		if key[i] != name[i] {
			return false
		}
	}
	return true
}
