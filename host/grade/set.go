package grade

import (
	"context"
	"regexp"
	"slices"
	"strings"
)

// SetGrader compares lists of short answers whose order does not matter: each of
// Question.Gold is a whole list, such as "red, green and blue". An answer is right if
// its items are exactly those of one list. Items are compared like aliases. An item that is
// named twice counts once.
//
// The answer's list is in the place where [AliasGrader] looks, or in the bulleted or
// numbered lines at its end. Items are separated by commas, semicolons, "and", "&" or
// lines.
type SetGrader struct{}

// Name is "set".
func (SetGrader) Name() string { return "set" }

// Check requires at least one item.
func (SetGrader) Check(q *Question) error {
	for _, g := range q.Gold {
		if len(itemsOf(g)) > 0 {
			return nil
		}
	}
	return ErrNoGold
}

// Grade returns Unread for an answer without items.
func (SetGrader) Grade(_ context.Context, q *Question, answer string) (Verdict, error) {
	got := itemsOf(statedSet(answer))
	if len(got) == 0 {
		return Unread, nil
	}
	for _, g := range q.Gold {
		if slices.Equal(itemsOf(g), got) {
			return Right, nil
		}
	}
	return Wrong, nil
}

// Final returns the items in order, each in its normal form.
func (SetGrader) Final(_ *Question, answer string) (string, bool) {
	items := itemsOf(statedSet(answer))
	return strings.Join(items, "\n"), len(items) > 0
}

// bullet begins the line of an item.
var bullet = regexp.MustCompile(`^\s*(?:[-*•]|\d{1,3}[.)])\s+`)

// statedSet returns the text with the items: the bulleted lines at the end of an answer,
// or the stated answer.
func statedSet(answer string) string {
	lines := strings.Split(strings.TrimSpace(answer), "\n")
	first := len(lines)
	for first > 0 && bullet.MatchString(lines[first-1]) {
		first--
	}
	if len(lines)-first < 2 {
		return statedAlias(answer)
	}
	items := lines[first:]
	for i, line := range items {
		items[i] = bullet.ReplaceAllString(line, "")
	}
	return strings.Join(items, "\n")
}

// between separates items; tight is a comma without a space, which between two digits
// groups them.
var (
	between = regexp.MustCompile(`(?i)\s*(?:[,;]\s+(?:and\s+)?|;|\n|\s&\s|\sand\s)\s*`)
	tight   = regexp.MustCompile(`(\D),|,(\D)`)
)

// itemsOf returns the different items of a list in their normal form, sorted.
func itemsOf(list string) []string {
	list = between.ReplaceAllString(strings.TrimSpace(list), "\n")
	list = tight.ReplaceAllString(list, "$1\n$2")
	var items []string
	for item := range strings.Lines(list) {
		if item = strings.ReplaceAll(normalised(item, ""), " ", ""); item != "" {
			items = append(items, item)
		}
	}
	slices.Sort(items)
	return slices.Compact(items)
}
