package lm

import (
	"reflect"
	"strings"
	"testing"
)

// TestStop checks that the text ends before the stop sequence, that its tokens are those
// that begin before it, and that a stream sends nothing else.
func TestStop(t *testing.T) {
	m := model(t, "untied")
	e := engine(t, m, DefaultOptions())
	ask := Request{Prompt: someTokens(20, 4), MaxTokens: 60, Temperature: 1, Seed: 3, Logprobs: true}
	whole, err := e.Generate(t.Context(), ask, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := whole.Choices[0]
	partly := false
	for at := 5; at < len(all.Text)-3; at++ {
		stop := all.Text[at : at+3]
		ask.Stop = []string{"not there", all.Text[at-1:at+2] + "\x00", stop} // the second one holds back the text before the third
		if strings.ContainsRune(stop, '\uFFFD') {
			continue
		}
		text := all.Text[:strings.Index(all.Text, stop)]
		kept, sampled, inside := cutTokens(m.tokenizer, all.Tokens, stop)
		partly = partly || inside
		want := Choice{Text: text, Tokens: all.Tokens[:kept], Probs: all.Probs[:kept], Finish: FinishStop}
		var streamed strings.Builder
		var told []TokenLogprob
		r, err := e.Generate(t.Context(), ask, func(d Delta) error {
			streamed.WriteString(d.Text)
			told = append(told, d.Probs...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if c := r.Choices[0]; !reflect.DeepEqual(c, want) || r.Usage.Completion != sampled {
			t.Errorf("stop %q: %+v and %d tokens sampled, want %+v and %d", stop, c, r.Usage.Completion, want, sampled)
		}
		if streamed.String() != text || len(told) != kept || kept > 0 && !reflect.DeepEqual(told, want.Probs) {
			t.Errorf("stop %q: %q and %v in the stream, want %q and %v", stop, streamed.String(), told, text, want.Probs)
		}
	}
	if !partly {
		t.Error("no token goes over a stop sequence's beginning: choose another seed")
	}
}

// cutTokens returns how many tokens begin before stop, how many there are up to its end, and whether
// the last token that begins before stop extends into it.
func cutTokens(t *Tokenizer, tokens []int, stop string) (kept, sampled int, inside bool) {
	text := ""
	var begins []int
	for !strings.Contains(text, stop) {
		begins = append(begins, len(text))
		text += t.text(tokens[len(begins)-1])
	}
	at := strings.Index(text, stop)
	for kept < len(begins) && begins[kept] < at {
		kept++
	}
	return kept, len(begins), kept > 0 && begins[kept-1]+len(t.text(tokens[kept-1])) > at
}
