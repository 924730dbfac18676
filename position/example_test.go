package position_test

import (
	"fmt"

	"github.com/finece/finece/position"
)

func Example() {
	d, err := position.New(position.DefaultOptions())
	if err != nil {
		panic(err)
	}
	var found []position.Position
	for _, text := range []string{"First.\n", "\nSec", "ond."} {
		found = d.Feed(&position.Token{Text: []byte(text)}, found)
	}
	for _, p := range d.End(found) {
		fmt.Println(p.Index, p.Kind, p.Byte)
	}
	// Output:
	// 1 paragraph 6
	// 2 end 15
}
