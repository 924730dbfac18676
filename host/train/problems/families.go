package problems

// family makes a problem of about n steps.
type family struct {
	name string
	make func(d *draft, n int)
}

var families = []family{
	{"stock", stock},
	{"shopping", shopping},
	{"sharing", sharing},
	{"relations", relations},
	{"growth", growth},
	{"parts", parts},
	{"rows", rows},
}

// stock adds and subtracts, one after the other.
func stock(d *draft, n int) {
	place, thing := pick(d, places), pick(d, things)
	x := d.sized() + d.sized()
	d.say(d.either("A %s has %d %s.", "At first there are %[2]d %[3]s in the %[1]s."), place, x, thing)
	for range n {
		a := d.sized()
		if d.r.IntN(2) == 0 {
			d.say(d.either("It gets %d more.", "Another %d come in."), a)
			sum, y := d.sum(x, '+', a)
			d.step(d.either("With %d more it has %s %s.", "When %d come in there are %s %s."), a, sum, thing)
			x = y
		} else {
			d.say(d.either("It sells %d of them.", "Then %d are taken away."), a)
			sum, y := d.sum(x, '-', a)
			d.step(d.either("After it sells %d it has %s %s.", "When %d are taken away there are %s %s."), a, sum, thing)
			x = y
		}
	}
	d.say(d.either("How many %s does the %s have now?", "What is the number of %s in the %s at the end?"), thing, place)
}

// shopping adds products and, in some problems, computes the change.
func shopping(d *draft, n int) {
	name := pick(d, names)
	type item struct {
		good         string
		count, price int
	}
	var items []item
	cost := 0
	for _, i := range d.r.Perm(len(goods))[:n/2] {
		it := item{goods[i], d.between(2, 9), d.between(3, []int{9, 20, 50}[d.hard])}
		items = append(items, it)
		cost += it.count * it.price
		d.say(d.either("%s buys %d %s for %d dollars each.", "%[1]s pays %[4]d dollars for each of %[2]d %[3]s."), name, it.count, it.good, it.price)
	}
	purse := cost + 1 + d.sized()
	change := n%2 == 1 || n == 2
	if change {
		d.say(d.either("The money in the purse was %d dollars.", "The wallet held %d dollars before."), purse)
		d.say(d.either("How many dollars does %s have left?", "What remains for %s, in dollars?"), name)
	} else {
		d.say(d.either("How many dollars does %s pay?", "What does %s spend, in dollars?"), name)
	}

	total := 0
	for i, it := range items {
		product, x := d.sum(it.count, '*', it.price)
		d.step(d.either("The %s cost %s dollars.", "For the %s that makes %s dollars."), it.good, product)
		if i > 0 {
			product, x = d.sum(total, '+', x)
			d.step(d.either("Together that is %s dollars.", "So far that makes %s dollars."), product)
		}
		total = x
	}
	if change {
		left, _ := d.sum(purse, '-', total)
		d.step(d.either("What is left is %s dollars.", "There remain %s dollars."), left)
	}
}

// sharing multiplies, adds or subtracts, and divides at the end.
func sharing(d *draft, n int) {
	name, thing := pick(d, names), pick(d, things)
	people := d.between(2, 9)
	boxes, each := d.between(2, 9), d.between(3, []int{9, 20, 40}[d.hard])
	d.say(d.either("%s has %d boxes with %d %s in each.", "%[1]s owns %[3]d %[4]s in each of %[2]d boxes."), name, boxes, each, thing)
	product, x := d.sum(boxes, '*', each)
	d.step(d.either("The boxes have %s %s.", "In the boxes there are %s %s."), product, thing)
	for range n - 2 {
		a := d.sized()
		if d.r.IntN(2) == 0 {
			d.say(d.either("%s finds %d more.", "A friend gives %s %d more."), name, a)
			sum, y := d.sum(x, '+', a)
			d.step(d.either("With those found it is %s.", "With the gift there are %s."), sum)
			x = y
		} else {
			d.say(d.either("%s loses %d of them.", "%s throws away %d."), name, a)
			sum, y := d.sum(x, '-', a)
			d.step(d.either("Without those lost it is %s.", "Without those thrown away there are %s."), sum)
			x = y
		}
	}
	d.say(d.either("They are shared by %d children.", "A group of %d people divides them."), people)
	d.say("How many %s does each get?", thing)
	quotient, _ := d.sum(x, '/', people)
	d.step(d.either("Each gets %s %s.", "For each that makes %s %s."), quotient, thing)
}

// relations computes each person's number from the number of the person before.
func relations(d *draft, n int) {
	thing := pick(d, things)
	perm := d.r.Perm(len(names))
	name := func(i int) string { return names[perm[i%len(perm)]] }
	x := d.sized()
	d.say(d.either("%s has %d %s.", "In the bag of %s there are %d %s."), name(0), x, thing)
	total := x
	together := n >= 3 && d.r.IntN(2) == 0
	hops := n
	if together {
		hops = n / 2
	}
	for i := 1; i <= hops && i < len(perm); i++ {
		var sum string
		y := 0
		switch a := d.between(2, 5); d.r.IntN(4) {
		case 0, 1:
			b := d.sized()
			d.say(d.either("%s has %d more than %s.", "%[3]s has %[2]d fewer than %[1]s."), name(i), b, name(i-1))
			sum, y = d.sum(x, '+', b)
		case 2:
			b := d.sized()
			d.say(d.either("%s has %d fewer than %s.", "%[3]s has %[2]d more than %[1]s."), name(i), b, name(i-1))
			sum, y = d.sum(x, '-', b)
		case 3:
			d.say("%s has %d times as many as %s.", name(i), a, name(i-1))
			sum, y = d.sum(x, '*', a)
		}
		d.step("%s has %s %s.", name(i), sum, thing)
		x = y
		if together {
			sum, total = d.sum(total, '+', x)
			d.step(d.either("Together it is %s.", "In sum that makes %s."), sum)
		}
	}
	if together {
		d.say(d.either("How many %s do they have together?", "What is the sum of their %s?"), thing)
		return
	}
	d.say(d.either("How many %s does %s have?", "What is the number of %s of %s?"), thing, name(min(hops, len(perm)-1)))
}

// growth multiplies and subtracts by turns.
func growth(d *draft, n int) {
	place, thing := pick(d, places), pick(d, things)
	x, times, less := d.between(5, []int{12, 25, 50}[d.hard]), d.between(2, 3), d.between(2, []int{6, 12, 25}[d.hard])
	if n > 5 {
		times = 2
		x = d.between(4, 20)
	}
	d.say(d.either("A %s has %d %s.", "There are %[2]d %[3]s in a %[1]s."), place, x, thing)
	d.say(d.either("Every week the number is multiplied by %d and then %d are sold.", "Each week there are %d times as many, of which %d are given away."), times, less)
	weeks := max(2, n/2)
	for week := 1; week <= weeks; week++ {
		product, y := d.sum(x, '*', times)
		d.step(d.either("In week %d it grows to %s.", "Week %d brings %s."), week, product)
		sum, z := d.sum(y, '-', less)
		d.step(d.either("After the sale it has %s.", "After the gifts there are %s."), sum)
		x = z
	}
	d.say(d.either("How many %s does it have after %d weeks?", "What is the number of %s after week %d?"), thing, weeks)
}

// parts subtracts fractions, one after the other.
func parts(d *draft, n int) {
	place, thing := pick(d, places), pick(d, things)
	shareNames := []string{"half", "a third", "a quarter", "a fifth"}
	var shares []int
	x := d.between(2, []int{6, 12, 25}[d.hard])
	for range n / 2 {
		s := d.between(2, 5)
		if n > 5 {
			s = d.between(2, 3)
		}
		shares = append(shares, s)
		x *= s
	}
	if x > most {
		d.failed = true
		return
	}
	d.say(d.either("A %s has %d %s.", "There are %[2]d %[3]s in a %[1]s."), place, x, thing)
	for i, s := range shares {
		of := d.either("of them are sold", "of them go away")
		if i > 0 {
			of = d.either("of the rest are sold", "of what remains go away")
		}
		d.say("Then %s %s.", shareNames[s-2], of)
		quotient, y := d.sum(x, '/', s)
		d.step(d.either("The number sold is %s.", "The number that goes away is %s."), quotient)
		sum, z := d.sum(x, '-', y)
		d.step(d.either("What is left is %s %s.", "There remain %s %s."), sum, thing)
		x = z
	}
	if n%2 == 1 {
		a := d.sized()
		d.say(d.either("At last it gets %d more.", "Finally %d come in."), a)
		sum, _ := d.sum(x, '+', a)
		d.step(d.either("With %d more it has %s %s.", "When %d come in there are %s %s."), a, sum, thing)
	}
	d.say(d.either("How many %s are there now?", "What is the number of %s at the end?"), thing)
}

// rows multiplies numbers of two digits.
func rows(d *draft, n int) {
	thing := pick(d, things)
	place := pick(d, places)
	x := 0
	groups := n / 2
	for i := range groups {
		a, b := d.between(3, []int{6, 9, 15}[d.hard]), d.between(6, []int{12, 20, 30}[d.hard])
		where := []string{"first", "second", "third", "fourth"}[i]
		d.say(d.either("The %s room of a %s has %d shelves with %d %s each.", "There are %[4]d %[5]s on each of the %[3]d shelves in the %[1]s room of the %[2]s."), where, place, a, b, thing)
		product, y := d.sum(a, '*', b)
		d.step(d.either("The %s room has %s %s.", "In the %s room there are %s %s."), where, product, thing)
		if i == 0 {
			x = y
			continue
		}
		sum, z := d.sum(x, '+', y)
		d.step(d.either("Together it is %s.", "In sum that makes %s."), sum)
		x = z
	}
	if n%2 == 1 || groups == 1 {
		a := d.sized()
		d.say(d.either("Of all these %d are broken.", "There are %d among them that nobody can use."), a)
		sum, _ := d.sum(x, '-', a)
		d.step(d.either("Without the broken ones it is %s.", "Without the useless ones there are %s."), sum)
		d.say(d.either("How many %s are good?", "What is the number of %s that can be used?"), thing)
		return
	}
	d.say(d.either("How many %s are there?", "What is the number of %s?"), thing)
}
