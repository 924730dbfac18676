package gateway

import (
	"maps"
	"slices"

	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/jsonscan"
)

// warner is the policy Warn. It holds no text. If p(z) of a choice is below Config.WarnBelow,
// Config.WarnText is added to the choice's text, before its end. Nothing is added if the client
// asked for JSON, which the text would break. Nothing is added if p(z) is not calibrated, unless
// Config.Uncalibrated is Allow.
type warner struct {
	idle
	config *Config
	json   bool
}

func newWarner(c *Config, r *request) acting { return &warner{config: c, json: r.json} }

func (w *warner) ending(whole *record.Confidence) (text string, d *record.Decision) {
	if w.json || whole == nil || !w.config.usable(whole) || whole.Fused >= w.config.WarnBelow {
		return "", nil
	}
	return w.config.WarnText, decisionOn(Warn, record.ActionRelease, whole, w.config.WarnBelow)
}

// addTexts sends the policy's texts at a stream's end, each in an event of its own.
func (b *body) addTexts() {
	for _, choice := range slices.Sorted(maps.Keys(b.scorer.last)) {
		text, d := b.scorer.acting.ending(b.scorer.last[choice])
		if d == nil || b.writer.names() == nil || b.partial || b.cut[choice] {
			continue
		}
		out, ok := b.writer.text(b.out, choice, []byte(text))
		if b.out = out; ok {
			b.scorer.tell(d)
		}
	}
}

// addTexts adds the policy's texts to a plain answer.
func (a *answer) addTexts(s *scorer) {
	texts := map[int]string{}
	for choice, whole := range s.last {
		if text, d := s.acting.ending(whole); d != nil {
			s.tell(d)
			texts[choice] = text
		}
	}
	if len(texts) == 0 {
		return
	}
	for choice, end := range a.surface.textEnds(a.body) {
		if text, ok := texts[choice]; ok {
			quoted := jsonscan.AppendString(nil, []byte(text))
			a.add(edit{end, end, string(quoted[1 : len(quoted)-1])})
		}
	}
}
