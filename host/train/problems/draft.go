package problems

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// The words that problems are made of.
var (
	names  = []string{"Mia", "Tom", "Ann", "Ben", "Eva", "Max", "Lea", "Jan", "Ida", "Leo", "Nina", "Paul", "Sara", "Finn", "Rosa", "Emil"}
	things = []string{"apples", "books", "cards", "coins", "eggs", "stamps", "shells", "marbles", "tickets", "bottles", "flowers", "stones"}
	goods  = []string{"pens", "bags", "cups", "lamps", "hats", "balls", "boxes", "shirts", "plates", "chairs", "clocks", "knives"}
	places = []string{"shop", "farm", "school", "library", "museum", "market", "bakery", "garden"}
)

// draft is a problem that is being made.
type draft struct {
	r        *rand.Rand
	slips    *rand.Rand // for mistakes: a source of its own, so that a mistake does not change the question
	family   string
	other    bool // some sentences are in other words
	hard     int  // 0 to 2; the numbers are larger the harder it is
	question []string
	steps    []string
	last     int // the last result
	// statements has all true statements about an open-ended question.
	statements []string
	wrong      int  // the step that gets a wrong result, from 1; 0 for none
	failed     bool // a result is out of range: another attempt is needed
}

// draftOf makes the given attempt at the problem of a seed. The attempt may fail
// (draft.failed).
func draftOf(seed, attempt uint64, domain Domain, wrong int) *draft {
	f := families[seed%uint64(len(families))]
	if domain == OpenEnded {
		f = openEnded
	}
	d := &draft{
		r:      rand.New(rand.NewPCG(seed, attempt)),
		slips:  rand.New(rand.NewPCG(seed, uint64(wrong)<<32)),
		family: f.name, wrong: wrong,
	}
	n := d.between(2, 5)
	if domain == LongChains {
		n = d.between(6, 7)
	}
	if domain == OtherWording {
		d.other = true
	}
	d.hard = d.r.IntN(3)
	if domain == Hard {
		n, d.hard = d.between(4, 5), 2
	}
	if domain == OpenEnded {
		n = d.between(3, 5)
	}
	f.make(d, n)
	return d
}

func (d *draft) say(format string, a ...any) {
	d.question = append(d.question, fmt.Sprintf(format, a...))
}
func (d *draft) step(format string, a ...any) { d.steps = append(d.steps, fmt.Sprintf(format, a...)) }

func pick(d *draft, from []string) string { return from[d.r.IntN(len(from))] }

// between returns a random number from lo to hi, both included.
func (d *draft) between(lo, hi int) int { return lo + d.r.IntN(max(1, hi-lo+1)) }

// sized returns a random number. Its range is higher for harder problems.
func (d *draft) sized() int { return d.between([]int{2, 5, 12}[d.hard], []int{9, 30, 99}[d.hard]) }

// either returns a or, in other wording, b half of the time.
func (d *draft) either(a, b string) string {
	if d.other && d.r.IntN(2) == 0 {
		return b
	}
	return a
}

const most = 9999 // the largest result

// sum returns the equation "a op b = c" of the next step, and c. In the step with the
// mistake, c is wrong.
func (d *draft) sum(a int, op byte, b int) (string, int) {
	var c int
	switch op {
	case '+':
		c = a + b
	case '-':
		c = a - b
	case '*':
		c = a * b
	case '/':
		if d.wrong == 0 && (b == 0 || a%b != 0) {
			d.failed = true
			return "", 0
		}
		c = a / max(b, 1)
	}
	if d.wrong == len(d.steps)+1 {
		c = d.mistake(c)
	} else if d.wrong == 0 && (c < 1 || c > most) {
		d.failed = true
	}
	d.last = c
	return fmt.Sprintf("%d %c %d = %d", a, op, b, c), c
}

// mistake changes a digit of c, mostly by one, as a forgotten carry does.
func (d *draft) mistake(c int) int {
	digits := []byte(strconv.Itoa(max(c, 0)))
	i := d.slips.IntN(len(digits))
	by := 1 + d.slips.IntN(9)
	if d.slips.IntN(3) > 0 {
		by = 1 + 8*d.slips.IntN(2) // one up, or one down
	}
	digits[i] = '0' + (digits[i]-'0'+byte(by))%10
	if len(digits) > 1 && digits[0] == '0' {
		digits[0] = '1'
		if c/pow10(len(digits)-1) == 1 {
			digits[0] = '2'
		}
	}
	v, _ := strconv.Atoi(string(digits))
	return v
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}
