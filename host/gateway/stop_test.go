package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/contract/record"
)

func stop(below float64, after int) func(*gateway.Config) {
	return func(c *gateway.Config) {
		c.Policy, c.StopBelow, c.StopAfter = gateway.Stop, below, after
	}
}

// tokensOf is an event of a choice for each of the texts, every one a token of the
// log-probability before it.
func tokensOf(choice int, logprob float64, texts ...string) string {
	all := ""
	for _, text := range texts {
		all += fmt.Sprintf(`data: {"object":"chat.completion.chunk","choices":[{"index":%d,"delta":{"content":"%s"},"logprobs":{"content":[{"token":"%[2]s","logprob":%[3]v,"top_logprobs":[]}]},"finish_reason":null}]}`+"\n\n", choice, text, logprob)
	}
	return all
}

// paragraphs is a paragraph of a choice for each log-probability. Each is three times as
// long as the one before it, so that it alone decides about the mean so far.
func paragraphs(choice int, logprobs ...float64) string {
	all := ""
	tokens := 1
	for i, l := range logprobs {
		tokens *= 3
		all += tokensOf(choice, l, append(slices.Repeat([]string{"."}, tokens-1), fmt.Sprintf(`%d.\n\n`, i+1))...)
	}
	return all
}

// steps is the text of the first n paragraphs.
func steps(n int) string {
	text, tokens := "", 1
	for i := range n {
		tokens *= 3
		text += strings.Repeat(".", tokens-1) + fmt.Sprintf("%d.\n\n", i+1)
	}
	return text
}

func finish(choice int) string {
	return fmt.Sprintf(`data: {"object":"chat.completion.chunk","choices":[{"index":%d,"delta":{},"finish_reason":"stop"}]}`+"\n\n", choice)
}

const (
	sure     = -0.01
	hesitant = -4.0
)

// TestStopEndsAnAnswerThatStaysLow, and no other. The upstream, which goes on for ever, is
// cancelled.
func TestStopEndsAnAnswerThatStaysLow(t *testing.T) {
	for _, c := range []struct {
		name       string
		paragraphs []float64
		after      int
		want       int // paragraphs that are sent before it is stopped; 0: it is not
	}{
		// The end of a paragraph shows at the next token.
		{"twice in a row", []float64{sure, hesitant, hesitant, sure, sure}, 2, 3},
		{"once", []float64{sure, hesitant, sure, sure}, 2, 0},
		{"twice, not in a row", []float64{hesitant, sure, hesitant, sure, sure}, 2, 0},
		{"at once", []float64{sure, hesitant, sure}, 1, 2},
	} {
		cancelled := make(chan struct{})
		data := paragraphs(0, c.paragraphs...)
		u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
			replay([]byte(data), burst)(w, r)
			if c.want > 0 {
				<-r.Context().Done()
				close(cancelled)
				return
			}
			io.WriteString(w, finished+ended)
		})
		s := newGateway(t, u, both(stop(0.3, c.after), paragraphsOnly))
		got := read(t, post(t, s, ask))
		all, rest := told(t, got)
		d := decided(all)
		if c.want == 0 {
			if d.Policy != "" || rest != data+finished+ended {
				t.Errorf("%s: %+v\n%s", c.name, d, rest)
			}
			continue
		}
		<-cancelled
		text, ends := content(t, got)
		if text != steps(c.want)+"." || fmt.Sprint(ends) != "[content_filter]" || !strings.HasSuffix(got, ended) {
			t.Errorf("%s: %q %v\n%s", c.name, text, ends, got)
		}
		if d.Policy != "stop" || d.Action != record.ActionCancel || d.Reason != "low" || d.Threshold != 0.3 || d.Byte != int64(len(text)) {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}

// TestOneLowChoiceEndsAlone: the other one is sent to its end.
func TestOneLowChoiceEndsAlone(t *testing.T) {
	const two = `{"model":"demo","messages":[{"role":"user","content":"How many?"}],"stream":true,"n":2,"logprobs":true}`
	// The choices take turns.
	data := paragraphs(0, sure) + paragraphs(1, hesitant, hesitant) + tokensOf(1, hesitant, "seen", "late") + tokensOf(0, sure, "last") + finish(1) + finish(0) + ended
	for name, set := range map[string]func(*gateway.Config){
		"stop":     stop(0.3, 2),
		"withhold": withhold(0.3, gateway.Closed),
	} {
		u := newUpstream(t, replay([]byte(data), burst))
		s := newGateway(t, u, both(set, paragraphsOnly))
		got := read(t, post(t, s, two))
		texts, ends := map[int]string{}, map[int]string{}
		for _, c := range chunksOf(t, got) {
			for _, choice := range c.Choices {
				texts[choice.Index] += choice.Delta.Content
				if choice.Finish != "" {
					ends[choice.Index] += choice.Finish + " "
				}
			}
		}
		if want := steps(1) + "last"; texts[0] != want || ends[0] != "stop " || ends[1] != "content_filter " || strings.Contains(texts[1], "late") {
			t.Errorf("%s: %v %v\n%s", name, texts, ends, got)
		}
		if name == "withhold" && texts[1] != "" {
			t.Errorf("%s: %q", name, texts[1])
		}
		if strings.Count(got, ended) != 1 {
			t.Errorf("%s: %s", name, got)
		}
	}
}
