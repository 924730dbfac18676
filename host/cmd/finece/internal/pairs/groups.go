package pairs

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// MaxGroups is the most groups of Columns.By that an input may have.
const MaxGroups = 1000

// grouping numbers the combinations of the values of Columns.By.
type grouping struct {
	numbers map[string]uint32
	key     []byte // the key of the present combination
}

// number returns the group of a combination of values. all has the groups so far.
func (g *grouping) number(values [][]byte, all *[][]string) uint32 {
	g.key = g.key[:0]
	for _, v := range values {
		g.key = append(binary.AppendUvarint(g.key, uint64(len(v))), v...)
	}
	if n, known := g.numbers[string(g.key)]; known {
		return n
	}
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	if g.numbers == nil {
		g.numbers = map[string]uint32{}
	}
	n := uint32(len(*all))
	*all = append(*all, texts)
	g.numbers[string(g.key)] = n
	return n
}

// tooMany returns the error of an input with more than MaxGroups groups.
func tooMany(by []string) error {
	names := make([]string, len(by))
	for i, name := range by {
		names[i] = quote(name)
	}
	return fmt.Errorf("more than %d groups by %s: choose a column with fewer values; a group needs many rows", MaxGroups, strings.Join(names, " and "))
}

// Missing returns the columns of Columns.By in which no row has a value.
func (p *Pairs) Missing(by []string) (missing []string) {
	for i, name := range by {
		if !slices.ContainsFunc(p.Groups, func(values []string) bool { return values[i] != "" }) {
			missing = append(missing, name)
		}
	}
	return missing
}
