package problems

import "slices"

// openEnded is the family of [OpenEnded].
var openEnded = family{"numbers", numbers}

// calculation is x op y.
type calculation struct {
	x  int
	op byte
	y  int
}

// numbers asks for calculations with one of three numbers. The solution has n of them.
func numbers(d *draft, n int) {
	var given []int
	for len(given) < 3 {
		if x := d.between(20, 199); !slices.Contains(given, x) {
			given = append(given, x)
		}
	}
	d.say("Write what can be calculated with %d, %d or %d.", given[0], given[1], given[2])
	all := map[byte][]calculation{}
	for _, x := range given {
		for y := 2; y < 100; y++ {
			all['+'] = append(all['+'], calculation{x, '+', y})
			if y < x {
				all['-'] = append(all['-'], calculation{x, '-', y})
			}
			if y < 10 {
				all['*'] = append(all['*'], calculation{x, '*', y})
			}
			if y < 10 && x%y == 0 {
				all['/'] = append(all['/'], calculation{x, '/', y})
			}
		}
	}
	for _, op := range []byte("+-*/") {
		for _, s := range all[op] {
			equation, _ := new(draft).sum(s.x, s.op, s.y) // a new draft, so without a mistake
			d.statements = append(d.statements, equation)
		}
	}
	var said []calculation
	for len(said) < n {
		of := all["+-*/"[d.r.IntN(4)]]
		if len(of) == 0 { // no division: none of the numbers has a divisor below 10
			continue
		}
		s := of[d.r.IntN(len(of))]
		if slices.Contains(said, s) {
			continue
		}
		said = append(said, s)
		equation, _ := d.sum(s.x, s.op, s.y)
		d.step("%s", equation)
	}
	d.last = 0 // there is no single answer
}
