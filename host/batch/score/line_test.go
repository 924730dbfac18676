package score

import (
	"encoding/json"
	"testing"

	"github.com/finece/finece/host/follow"
)

func TestOutputKeepsTheLine(t *testing.T) {
	const added = `"confidence":null,"finece":{"version":1,"calibrated":false,"positions":[],"hash":"h","settings":"s"}}`
	for _, c := range []struct{ name, line, want string }{
		{"keys stay", `{"id":1,"answer":"a","n":12345678901234567890}`, `{"id":1,"answer":"a","n":12345678901234567890,` + added},
		{"white space", ` {"answer": "a" } `, `{"answer": "a",` + added},
		{"no keys", `{}`, `{` + added},
		{"old values are replaced", `{"confidence":0.5,"a":[1, {"confidence":2}],"finece":{},"b":"é"}`, `{"a":[1, {"confidence":2}],"b":"é",` + added},
		{"the key of an inner object stays", `{"a":{"confidence":2}}`, `{"a":{"confidence":2},` + added},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", "{\"a\":\"\uFFFD\"," + added},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Line([]byte(c.line), &follow.Answer{}, "h", "s")
			if err != nil || string(got) != c.want || !json.Valid(got) {
				t.Errorf("%v\n%s\nwant\n%s", err, got, c.want)
			}
		})
	}
}
