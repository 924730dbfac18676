package gateway

import (
	"maps"
	"slices"
	"strconv"

	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/jsonscan"
)

// The policy Warn holds nothing. If p(z) of a choice is below Config.WarnBelow, it adds
// Config.WarnText to the choice's text, before its end. It adds nothing where the client
// has asked for JSON, which the text would break, nor without a confidence that is a
// probability, unless Config.Uncalibrated allows others.

// warning is the decision to warn of a choice whose p(z) is c, or nil.
func (c *Config) warning(r *request, whole *record.Confidence) *record.Decision {
	if c.Policy != Warn || r.json || whole == nil || !c.usable(whole) || whole.Fused >= c.WarnBelow {
		return nil
	}
	d := decision(Warn, record.ActionRelease, low)
	d.Choice, d.Index, d.Threshold, d.Byte = whole.Choice, whole.Index, c.WarnBelow, whole.Byte
	return d
}

// warn sends the warnings of a stream, each in a chunk of its own.
func (b *body) warn() {
	for _, choice := range slices.Sorted(maps.Keys(b.scorer.last)) {
		d := b.config.warning(b.request, b.scorer.last[choice])
		if d == nil || b.template == nil || b.partial {
			continue
		}
		b.scorer.tell(d)
		text := jsonscan.AppendString(nil, []byte(b.config.WarnText))
		b.out = b.template.appendChunk(b.out, `[{"index":`+strconv.Itoa(choice)+`,"delta":{"content":`+string(text)+`},"finish_reason":null}]`, nil)
	}
}

// warn adds the warnings to a plain answer.
func (h *Handler) warn(s *scorer, a *answer, r *request) {
	below := map[int]bool{}
	for choice, whole := range s.last {
		if d := h.config.warning(r, whole); d != nil {
			s.tell(d)
			below[choice] = true
		}
	}
	if len(below) == 0 {
		return
	}
	text := jsonscan.AppendString(nil, []byte(h.config.WarnText))
	for choice, end := range contentEnds(a.body) {
		if below[choice] {
			a.strip = append(a.strip, edit{end, end, string(text[1 : len(text)-1])})
		}
	}
	slices.SortFunc(a.strip, func(x, y edit) int { return x.from - y.from })
}

// contentEnds returns where the content of each choice's message ends in a plain answer,
// before its closing quote.
func contentEnds(body []byte) map[int]int {
	ends := map[int]int{}
	var s jsonscan.Scanner
	s.Reset(body)
	each(&s, "choices", func() {
		if !s.EnterArray() {
			return
		}
		for s.NextElement() {
			index, end := 0, 0
			s.EnterObject()
			for s.NextKey() {
				switch string(s.Key()) {
				case "index":
					n, _ := s.Int()
					index = int(n)
				case "message":
					each(&s, "content", func() {
						if _, ok := s.Text(); ok {
							end = s.Offset() - 1
						}
					})
				default:
					s.Skip()
				}
			}
			if end > 0 {
				ends[index] = end
			}
		}
	})
	return ends
}

// each walks an object, and calls f where the member called name has its value.
func each(s *jsonscan.Scanner, name string, f func()) {
	if !s.EnterObject() {
		return
	}
	for s.NextKey() {
		if string(s.Key()) == name {
			f()
		} else {
			s.Skip()
		}
	}
}
