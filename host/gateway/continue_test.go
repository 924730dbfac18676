package gateway_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
)

// TestAnAnswerIsContinued by the other model: the client reads one well-formed stream, however
// the streams are cut, and the other model is given what is out. Where it cannot be, it is asked
// anew.
func TestAnAnswerIsContinued(t *testing.T) {
	for _, c := range restartSurfaces() {
		continues := c.name != "responses" && c.name != "ollama generate"
		for _, model := range []bool{false, true} {
			if c.model && !model {
				continue
			}
			first := ""
			for _, cut := range []int{1 << 20, 1, 3, 50, 333} {
				u := models(t, func(w http.ResponseWriter, r *http.Request) {
					c.serve(c.weak, cut)(w, r)
					<-r.Context().Done()
				}, c.serve(c.strong, cut))
				set := restartAt(0.5, gateway.Open)
				if model {
					set = both(modelSaying(t, [2]string{"wrong", "0.1"}, [2]string{"42", "0.7"}), set)
				}
				s := newGateway(t, u, both(set, func(g *gateway.Config) { g.EscalateMode, g.Continue = gateway.Continue, gateway.Prefix }))
				all, rest := told(t, read(t, postTo(t, s, c.path, c.ask)))
				rest = stamp.ReplaceAllString(rest, `"created_at":"2026-01-01T00:00:00Z"`)
				if first == "" {
					first = rest
				}
				want, action := doubtful+better, record.ActionAsk
				if !continues {
					want, action = doubtful+restartNote+better, record.ActionReplace
				}
				text, finish := c.read(t, rest)
				if text != want || !slices.Contains([]string{"stop", "end_turn", "response.completed"}, finish) || rest != first {
					t.Fatalf("%s, in pieces of %d: %q ended with %q\n%s", c.name, cut, text, finish, difference(rest, first))
				}
				d, whole := decided(all), lastOf(all)
				if d.Action != action || d.Reason != "low" || d.Byte != int64(len(doubtful)) || d.Index != 2 {
					t.Errorf("%s: %+v", c.name, d)
				}
				if whole == nil || whole.Byte != int64(len(text)) || whole.UTF16 != int64(len(text))-2 || whole.Index != d.Index+1 || model && whole.Fused != 0.7 {
					t.Errorf("%s, model %v: p(z) is %+v", c.name, model, whole)
				}
				if asked := u.body(1); continues != strings.Contains(asked, `So far right.\n\nHm Hm`) {
					t.Errorf("%s: the other model was asked %s", c.name, asked)
				}
			}
		}
	}
}

// TestTheTextThatStaysIsSettled: what the other model continues is told as final, although no
// further position of the first answer comes that would revise it.
func TestTheTextThatStaysIsSettled(t *testing.T) {
	c := restartSurfaces()[0]
	for _, model := range []bool{false, true} {
		u := models(t, func(w http.ResponseWriter, r *http.Request) {
			c.serve(c.weak+"data: {\"choices\"", 1<<20)(w, r) // left in the middle of an event
			<-r.Context().Done()
		}, c.serve(c.strong, 1<<20))
		set := restartAt(0.5, gateway.Open)
		if model {
			set = both(modelSaying(t, [2]string{"wrong", "0.1"}, [2]string{"42", "0.7"}), set)
		}
		s := newGateway(t, u, both(set, func(g *gateway.Config) {
			g.EscalateMode, g.Continue, g.Session.Fusion.Depth = gateway.Continue, gateway.Prefix, 3
		}))
		all, _ := told(t, read(t, postTo(t, s, c.path, c.ask)))
		if open := unsettled(all); len(open) > 0 {
			t.Errorf("model %v: positions %v are not final", model, open)
		}
		for _, r := range all {
			if f, ok := r.(*record.Fault); ok {
				t.Errorf("model %v: a fault: %+v", model, f)
			}
		}
		if ends := slices.DeleteFunc(slices.Clone(all), func(r record.Record) bool { _, end := r.(*record.End); return !end }); len(ends) != 1 {
			t.Errorf("model %v: %d records end the answer", model, len(ends))
		}
		if whole := latest(all, 0); len(whole) != 4 || whole[3].Kinds&position.End == 0 {
			t.Errorf("model %v: the positions are %v", model, whole)
		}
	}
}

// unsettled are the positions whose last confidence may still change.
func unsettled(all []record.Record) (open []int) {
	for i, c := range latest(all, 0) {
		if c.State != session.Final && c.State != session.Unavailable {
			open = append(open, i)
		}
	}
	return open
}

// TestWhiteSpaceIsNotRepeated: an answer is continued without the white space at its end, which
// models write again.
func TestWhiteSpaceIsNotRepeated(t *testing.T) {
	weak := tokensOf(0, sure, "So ", "far ", `right.\n\n`) + tokensOf(0, hesitant, "Wrong.", `\n\n`, `## A\n\n`)
	for begins, want := range map[string]string{`\n\nIt is 42.`: "It is 42.", `\nIt is 42.`: "It is 42.", "It is 42.": "It is 42.", `\n\n\nIt is 42.`: "\nIt is 42."} {
		for _, model := range []bool{false, true} {
			u := models(t, func(w http.ResponseWriter, r *http.Request) {
				replay([]byte(weak), burst)(w, r)
				<-r.Context().Done()
			}, replay([]byte(tokensOf(0, sure, begins)+finish(0)+ended), burst))
			set := restartAt(0.5, gateway.Open)
			if model {
				set = both(modelSaying(t, [2]string{"Wrong", "0.1"}, [2]string{"42", "0.7"}), set)
			}
			s := newGateway(t, u, both(set, func(g *gateway.Config) { g.EscalateMode, g.Continue = gateway.Continue, gateway.Trailing }))
			all, rest := told(t, read(t, post(t, s, `{"model":"weak","messages":[{"role":"user","content":"?"}],"stream":true}`)))
			text, _ := content(t, rest)
			if text != "So far right.\n\nWrong.\n\n## A\n\n"+want {
				t.Errorf("%q, model %v: %q", begins, model, text)
			}
			if whole := lastOf(all); whole == nil || whole.Byte != int64(len(text)) {
				t.Errorf("%q, model %v: p(z) of %d bytes is %+v", begins, model, len(text), whole)
			}
			if !strings.Contains(u.body(1), `Wrong.\n\n## A"`) {
				t.Errorf("asked %s", u.body(1))
			}
		}
	}
}

// TestAModelThatDoesNotContinueIsAskedAnew, and where there is nothing to continue.
func TestAModelThatDoesNotContinueIsAskedAnew(t *testing.T) {
	chat := restartSurfaces()[0]
	short := doubts(func(text string, _ float64) string { return tokensOf(0, hesitant, strings.Trim(text, `\n`)) }) // p(z) alone is low
	for _, c := range []struct {
		name string
		how  gateway.Continuing
		weak string
		text string
	}{
		{"nothing says how", gateway.NotContinued, chat.weak, doubtful},
		{"it refuses", gateway.Prefix, chat.weak, doubtful},
		{"the answer is whole", gateway.Trailing, short + finish(0) + ended, strings.ReplaceAll(doubtful, "\n\n", "")},
	} {
		u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
			switch body, _ := io.ReadAll(r.Body); {
			case strings.Contains(string(body), `"prefix":true`):
				w.WriteHeader(http.StatusBadRequest)
			case strings.Contains(string(body), `"strong"`):
				replay([]byte(chat.strong), burst)(w, r)
			default:
				replay([]byte(c.weak), burst)(w, r)
				<-r.Context().Done()
			}
		})
		s := newGateway(t, u, both(restartAt(0.5, gateway.Closed), func(g *gateway.Config) { g.EscalateMode, g.Continue = gateway.Continue, c.how }))
		all, rest := told(t, read(t, post(t, s, chat.ask)))
		if text, _ := content(t, rest); text != c.text+restartNote+better || decided(all).Action != record.ActionReplace {
			t.Errorf("%s: %q, %+v", c.name, text, decided(all))
		}
	}
}

// lastOf is the last confidence of a whole answer.
func lastOf(all []record.Record) (last *record.Confidence) {
	for _, r := range all {
		if c, ok := r.(*record.Confidence); ok && c.Kinds.String() != "" && strings.Contains(c.Kinds.String(), "end") {
			last = c
		}
	}
	return last
}
