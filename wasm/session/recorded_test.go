package session

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/stream"
	"github.com/finece/finece/wasm/stream/fixture"
)

// carried is the text of a stream, from the decoder and a splitter.
type carried struct {
	splitters map[int]*position.Splitter
	text      map[int]*[3]strings.Builder
}

func (c *carried) add(choice int, pieces []position.Piece) {
	if c.text[choice] == nil {
		c.text[choice] = &[3]strings.Builder{}
	}
	for _, p := range pieces {
		c.text[choice][p.Segment].Write(p.Text)
	}
}

func (c *carried) Token(t *stream.Token) {
	if t.Segment != position.Answer {
		c.add(t.Choice, []position.Piece{{Segment: t.Segment, Text: t.Text}})
		return
	}
	if c.splitters[t.Choice] == nil {
		c.splitters[t.Choice] = &position.Splitter{}
	}
	c.add(t.Choice, c.splitters[t.Choice].Feed(t.Text, nil))
}

func (c *carried) Finish(int, stream.Reason) {}
func (c *carried) Fault(*stream.Fault)       {}
func (c *carried) Usage(*stream.Usage)       {}
func (c *carried) Said(*stream.Said)         {}
func (c *carried) Frame(*stream.Frame)       {}

func textOf(t testing.TB, input []byte) *carried {
	c := &carried{splitters: map[int]*position.Splitter{}, text: map[int]*[3]strings.Builder{}}
	d, err := stream.New(stream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d.Write(input, c)
	d.End(c)
	for choice, s := range c.splitters {
		c.add(choice, s.End(nil))
	}
	return c
}

// streams returns the fixtures, and the recordings of an extra corpus, if it is on this machine.
func streams(t *testing.T) map[string][]byte {
	all := map[string][]byte{}
	for _, f := range fixture.All() {
		all[f.Name] = f.Data
	}
	const extra = "../../../shared/data/streams"
	files, _ := filepath.Glob(extra + "/*.*s*")
	if len(files) == 0 {
		t.Log(extra + " is absent: its recordings were not run")
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(file)] = data
	}
	return all
}

// TestTextEventsAreTheStreamsText compares the text events of a session with the text of the
// decoder and a splitter, for every stream, cut in several ways.
func TestTextEventsAreTheStreamsText(t *testing.T) {
	reasoned := 0
	for name, input := range streams(t) {
		t.Run(name, func(t *testing.T) {
			config := DefaultConfig()
			config.Text = true
			config.Positions.Strategy = position.Paragraph | position.Periodic | position.Entropy
			r := scoreCuts(t, config, string(input))
			for choice, text := range textOf(t, input).text {
				for segment := range text {
					got := r.text(choice, position.Segment(segment))
					if want := text[segment].String(); got != want {
						t.Errorf("choice %d: %s %q, want %q", choice, position.Segment(segment), got, want)
					}
					if segment == int(position.Reasoning) && got != "" {
						reasoned++
					}
				}
			}
		})
	}
	if reasoned < 15 {
		t.Errorf("only %d streams have reasoning", reasoned)
	}
}

func FuzzSession(f *testing.F) {
	for i, s := range []string{
		content(0, "One.\n\n", -1) + content(1, "<think>", -2) + content(0, "Two.", -0.5) + content(1, "x</think>\n", -1) + finish(0, "stop") + doneMarker,
		"Plain.\n\ntext\n\n```\nx\n\n```\n", chunk(0, "reasoning_content", "Hm\n\nso") + chunk(0, "refusal", "No"), "data: {\"error\":{\"message\":\"x\"}}\n\n",
		content(0, "<", -1) + content(0, "th", -1), content(0, "<think>", -1) + content(0, "a</", -1) + content(0, "think", -1),
	} {
		f.Add([]byte(s), uint8(i), uint64(i))
	}
	f.Fuzz(func(t *testing.T, input []byte, settings uint8, seed uint64) {
		c := DefaultConfig()
		if settings&1 != 0 {
			c = asking()
		}
		c.Text = true
		c.Positions.Strategy = position.Kind(1+settings>>1&7) << 1
		c.Positions.Every = 3
		c.MaxPending, c.MaxEvent, c.MaxText, c.MaxPositions = 8, 1<<10, 20, 1+int(settings>>4)
		want := score(t, c, string(input), randomly(seed))
		want.check()
		compare(t, want, score(t, c, string(input), whole))
		compare(t, want, score(t, c, string(input), every(1)))
	})
}
