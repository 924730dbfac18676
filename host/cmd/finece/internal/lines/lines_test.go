package lines_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/finece/finece/host/cmd/finece/internal/lines"
)

// read returns the lines, the too long ones as "!number".
func read(t *testing.T, r io.Reader, max int) []string {
	t.Helper()
	var out []string
	l := lines.New(r, max)
	for {
		line, err := l.Next()
		var long *lines.TooLongError
		switch {
		case err == io.EOF:
			return out
		case errors.As(err, &long):
			out = append(out, fmt.Sprintf("!%d", long.Line))
		case err != nil:
			t.Fatal(err)
		default:
			out = append(out, string(line))
		}
	}
}

func TestNext(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", nil},
		{"LF, CRLF, and no end", "a\nb\r\nc", []string{"a", "b", "c"}},
		{"empty lines count", "\n\na\n", []string{"", "", "a"}},
		{"a byte order mark", "\xef\xbb\xbfa\n", []string{"a"}},
		{"exactly the bound", "12345678\n12345678\r\n12345678", []string{"12345678", "12345678", "12345678"}},
		{"over the bound", "123456789\nb\n", []string{"!1", "b"}},
		{"far over the bound and over the buffer", "a\n" + long + "\nb\n" + long, []string{"a", "!2", "b", "!4"}},
		{"a CR inside", "a\rb\n", []string{"a\rb"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in)), iotest.DataErrReader(strings.NewReader(c.in))} {
				if got := read(t, r, 8); !slices.Equal(got, c.want) {
					t.Errorf("%q, want %q", got, c.want)
				}
			}
		})
	}
}
