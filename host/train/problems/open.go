package problems

import (
	"fmt"
	"slices"
)

// openEnded is the family of [OpenEnded].
var openEnded = family{"collections", collections}

// claim is a sentence that is true of a question. In a draft with a mistake it is
// wrong, if it is its step that has it.
type claim func(d *draft) string

// collections are how many things each of some people has, and n of all that can
// be said of that.
func collections(d *draft, n int) {
	thing := pick(d, things)
	var people []string
	var counts []int
	for _, i := range d.r.Perm(len(names))[:d.between(4, 5)] {
		x := d.sized()
		for slices.Contains(counts, x) { // so that one has the most
			x = d.sized()
		}
		people, counts = append(people, names[i]), append(counts, x)
		d.say("%s has %d %s.", names[i], x, thing)
	}
	d.say("Write what can be said of them.")

	claims := []claim{
		func(d *draft) string {
			return d.someone(people, slices.Index(counts, slices.Max(counts))) + " has the most."
		},
		func(d *draft) string {
			return d.someone(people, slices.Index(counts, slices.Min(counts))) + " has the fewest."
		},
	}
	for i, a := range people {
		for j, b := range people {
			if i == j {
				continue
			}
			x, y := counts[i], counts[j]
			compared := func(format string, first int, op byte, second int) {
				claims = append(claims, func(d *draft) string {
					sum, _ := d.sum(first, op, second)
					return fmt.Sprintf(format, a, sum, b)
				})
			}
			compared("Together %[1]s and %[3]s have %[2]s.", x, '+', y)
			if x < y {
				compared("%s has %s fewer than %s.", y, '-', x)
				continue
			}
			compared("%s has %s more than %s.", x, '-', y)
			if x%y == 0 {
				compared("%s has %s times as many as %s.", x, '/', y)
			}
		}
	}
	for _, c := range claims {
		d.statements = append(d.statements, c(&draft{})) // which has no mistake
	}
	for _, i := range d.r.Perm(len(claims))[:n] {
		d.step("%s", claims[i](d))
	}
	d.last = 0 // no one answer
}

// someone is person number right, or another one where the mistake is.
func (d *draft) someone(people []string, right int) string {
	if d.wrong == len(d.steps)+1 {
		right = (right + 1 + d.slips.IntN(len(people)-1)) % len(people)
	}
	return people[right]
}
