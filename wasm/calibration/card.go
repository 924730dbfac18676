package calibration

import (
	"errors"
	"strconv"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/internal/settings"
	"github.com/finece/finece/wasm/jsonscan"
)

// ParseCard reads a card and checks it. An error names the key with the wrong value.
func ParseCard(data []byte) (*calibrate.Card, error) {
	in := settings.New("card: ", data)
	r := newCardReader(&in)
	if err := r.All("the input", r.member); err != nil {
		return nil, err
	}
	if r.version(""); r.Err != nil {
		return nil, r.Err
	}
	if err := r.c.Validate(); err != nil {
		return nil, err
	}
	return r.c, nil
}

// ReadCard reads a card that is the value of a key among other settings. The value may be
// null. Errors go to the reader's Err. The values are not checked yet, see
// calibrate.Card.Validate.
func ReadCard(from *settings.Reader, path string) *calibrate.Card {
	if from.Scan.Kind() == jsonscan.Null {
		from.Scan.Skip()
		return nil
	}
	r := newCardReader(from)
	r.Object(path, r.member)
	r.version(path)
	return r.c
}

type cardReader struct {
	*settings.Reader
	c       *calibrate.Card
	written int // the version in the file
}

func newCardReader(from *settings.Reader) *cardReader {
	return &cardReader{Reader: from, c: &calibrate.Card{High: 1}}
}

func (r *cardReader) version(path string) {
	checkVersion(r.Reader, path+"finece_card", r.written, calibrate.CardVersion)
}

func (r *cardReader) member(key string) bool {
	c := r.c
	switch key {
	case "finece_card":
		r.Whole(key, &r.written)
	case "name":
		r.Text(key, &c.Name)
	case "generator":
		r.Text(key, &c.Generator)
	case "domain":
		r.Text(key, &c.Domain)
	case "bands":
		readNames(r.Reader, "card: ", key, func(name string) bool {
			for _, b := range calibrate.AllBands() {
				if b.String() == name {
					c.Bands = append(c.Bands, b)
					return true
				}
			}
			return false
		})
	case "kinds":
		readNames(r.Reader, "card: ", key, func(name string) bool {
			for _, k := range position.Kinds() {
				if k.String() == name {
					c.Kinds |= k
					return true
				}
			}
			return false
		})
	case "conversation":
		var many bool
		r.Truth(key, &many)
		if c.Conversation = calibrate.OneTurn; many {
			c.Conversation = calibrate.ManyTurns
		}
	case "questions":
		r.questions(key)
	case "labels":
		r.Whole(key, &c.Labels)
	case "range":
		c.Low = -1 // a range without two numbers is wrong
		if both := r.Numbers(key, 2); len(both) == 2 {
			c.Low, c.High = both[0], both[1]
		}
	case "figures":
		r.Object(key+".", func(name string) bool {
			f := calibrate.Figure{Name: name}
			r.Number(name, &f.Value)
			c.Figures = append(c.Figures, f)
			return true
		})
	default:
		return false
	}
	return true
}

func (r *cardReader) questions(key string) {
	r.c.Questions = &calibrate.Likeness{}
	r.Object(key+".", func(name string) bool {
		switch name {
		case "surprisal":
			r.Text(name, &r.c.Questions.Surprisal)
		case "above":
			r.Number(name, &r.c.Questions.Above)
		default:
			return false
		}
		return true
	})
}

// readNames reads an array of names. what is the beginning of its errors, such as "card: ".
func readNames(r *settings.Reader, what, key string, known func(name string) bool) {
	if r.Scan.Kind() != jsonscan.Array {
		r.Wrong(key, "an array of names")
	}
	if !r.Scan.EnterArray() {
		return
	}
	for r.Scan.NextElement() {
		r.Parsed(key, func(name string) error {
			if !known(name) {
				return errors.New(what + key + ": unknown name \"" + name + "\"")
			}
			return nil
		})
	}
}

// AppendCard appends the JSON form of a valid card on one line. ParseCard reads the same card
// from it.
func AppendCard(dst []byte, c *calibrate.Card) []byte {
	dst = append(dst, `{"finece_card":`...)
	dst = strconv.AppendInt(dst, calibrate.CardVersion, 10)
	dst = appendText(dst, "name", c.Name)
	dst = appendText(dst, "generator", c.Generator)
	dst = appendText(dst, "domain", c.Domain)
	if len(c.Bands) > 0 {
		names := make([]string, len(c.Bands))
		for i, b := range c.Bands {
			names[i] = b.String()
		}
		dst = appendTexts(dst, "bands", names)
	}
	if c.Kinds != 0 {
		var names []string
		for _, k := range position.Kinds() {
			if c.Kinds&k != 0 {
				names = append(names, k.String())
			}
		}
		dst = appendTexts(dst, "kinds", names)
	}
	if c.Conversation != calibrate.AnyTurns {
		dst = strconv.AppendBool(append(dst, `,"conversation":`...), c.Conversation == calibrate.ManyTurns)
	}
	if c.Questions != nil {
		dst = append(append(dst, `,"questions":{"surprisal":"`...), c.Questions.Surprisal...)
		dst = append(jsonscan.AppendFloat(append(dst, `","above":`...), c.Questions.Above), '}')
	}
	dst = strconv.AppendInt(append(dst, `,"labels":`...), int64(c.Labels), 10)
	dst = appendNumbers(dst, "range", []float64{c.Low, c.High})
	if len(c.Figures) > 0 {
		dst = append(dst, `,"figures":`...)
		between := byte('{')
		for _, f := range c.Figures {
			dst = append(jsonscan.AppendString(append(dst, between), []byte(f.Name)), ':')
			dst = jsonscan.AppendFloat(dst, f.Value)
			between = ','
		}
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// appendText appends a member unless it is empty.
func appendText(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(append(append(dst, `,"`...), name...), `":`...)
	return jsonscan.AppendString(dst, []byte(value))
}

func appendTexts(dst []byte, name string, values []string) []byte {
	dst = append(append(append(dst, `,"`...), name...), `":`...)
	between := byte('[')
	for _, v := range values {
		dst = jsonscan.AppendString(append(dst, between), []byte(v))
		between = ','
	}
	return append(dst, ']')
}
