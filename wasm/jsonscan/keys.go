package jsonscan

import "github.com/finece/finece/wasm/internal/word"

// Keys gives each key of a set a number, so that a walk can switch on small integers. Comparing
// a key with one string after the other would take longer than reading the key. A Keys does
// not change after NewKeys and may be shared.
type Keys struct {
	slots [slots]uint8 // number of a key by its hash, 0 if free; after a collision, the next slot
	words []words      // by number
}

// words are the first and the last eight bytes of a key. They are the whole key if it has up to
// 16 bytes.
type words struct {
	first, last uint64
	length      int
	name        string
	field       literal // "name":
}

// literal is a text of 8 to 16 bytes, as its first and its last eight bytes.
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

// at reports whether data[i:] begins with the literal. data[i:] must be at least as long.
func (l *literal) at(data []byte, i int) bool {
	if l.length == 0 {
		return false
	}
	first, last := word.Ends(data, i, l.length)
	return first == l.first && last == l.last
}

// NewKeys gives the names the numbers 1, 2, ... in order. There may be up to 255 names. No two
// may have the same length and the same first and last eight bytes.
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

// Find returns the number of a key, or 0 if the key is not in the set.
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

// find is Find by the fields of words. It does not compare the middle of keys over 16 bytes.
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

// pack returns up to eight bytes in a word, the last one in the highest byte.
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
