package record

import (
	"strings"
	"testing"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// chunk is an event of OpenAI's stream with one token.
func chunk(text string) string {
	return `data: {"choices":[{"index":0,"delta":{"content":"` + text + `"},"logprobs":{"content":[{"token":"x","logprob":-0.2,"top_logprobs":[{"token":"x","logprob":-0.2},{"token":"y","logprob":-2}]}]}}]}` + "\n\n"
}

func stop() string {
	return `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"
}

// records returns the records of a whole stream.
func records(t *testing.T, c session.Config, data string) []Record {
	t.Helper()
	b := NewBuilder(c.Model.Name)
	s, events, err := session.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	out := b.Take(nil, events)
	events, err = s.Write([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	out = b.Take(out, events)
	if events, err = s.End(); err != nil {
		t.Fatal(err)
	}
	out = b.Take(out, events)
	if len(b.open) != 0 {
		t.Errorf("%d positions are still open", len(b.open))
	}
	return out
}

func text(list []Record) string {
	var b strings.Builder
	for _, r := range list {
		b.Write(append(r.AppendJSON(nil), '\n'))
	}
	return b.String()
}

func TestASessionsEventsBecomeRecords(t *testing.T) {
	c := session.DefaultConfig()
	c.Positions.Strategy = position.Paragraph
	got := text(records(t, c, chunk("one.\\n\\n")+chunk("two.")+stop()))
	for _, want := range []string{
		`{"type":"position","choice":0,"index":0,"kinds":["question"],"segment":"answer","byte":0,"utf16":0,"token":0,"ratio":0}` + "\n",
		`{"type":"confidence","choice":0,"index":0,"kinds":["question"],"segment":"answer","byte":0,"utf16":0,"token":0,"ratio":0,"state":"unavailable","revision":0,"reason":"` + session.NoText.String() + `"}` + "\n",
		`"index":1,"kinds":["paragraph"],"segment":"answer","byte":4,"utf16":4,"token":1,"entropy":{"lower":`,
		`"state":"provisional","revision":0,"raw":0.818`,
		`"calibrated":false,"source":{"estimator":"logprob","method":"perplexity"}}` + "\n",
		`"index":2,"kinds":["end"],"segment":"answer","byte":10,"utf16":10,"token":2,"ratio":1,`,
		`"token":1,"ratio":0.5,`,
		`{"type":"end","choice":0,"reason":"stop","tokens":2,"reasoning":0}` + "\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}

// Every record of a position has the whole place. The revisions of its confidences count up,
// and the last one is final or unavailable.
func TestEveryConfidenceRepeatsItsPlace(t *testing.T) {
	c := session.DefaultConfig()
	places, revisions, settled := map[int]Place{}, map[int]int{}, map[int]bool{}
	for _, r := range records(t, c, chunk("one.\\n\\n")+chunk("two.\\n\\n")+chunk("three.")+stop()) {
		switch r := r.(type) {
		case *Position:
			places[r.Index] = r.Place
			revisions[r.Index] = -1
		case *Confidence:
			p := places[r.Index]
			if r.Kinds != p.Kinds || r.Byte != p.Byte || r.UTF16 != p.UTF16 || r.Token != p.Token || r.Segment != p.Segment {
				t.Errorf("position %d is %+v, its confidence says %+v", r.Index, p, r.Place)
			}
			if r.Revision != revisions[r.Index]+1 || settled[r.Index] {
				t.Errorf("position %d: revision %d after %d, settled %v", r.Index, r.Revision, revisions[r.Index], settled[r.Index])
			}
			revisions[r.Index] = r.Revision
			settled[r.Index] = r.State == session.Final || r.State == session.Unavailable
		}
	}
	if len(places) != 4 || len(settled) != 4 {
		t.Errorf("%d positions, %d settled, want 4", len(places), len(settled))
	}
	for index, done := range settled {
		if !done {
			t.Errorf("position %d is not settled at the end", index)
		}
	}
}

func TestALostCoreLeavesNothingOpen(t *testing.T) {
	b := NewBuilder("")
	c := session.DefaultConfig()
	s, events, err := session.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	b.Take(nil, events)
	if events, err = s.Write([]byte(chunk("one.\\n\\n") + chunk("two.\\n\\n") + chunk("three."))); err != nil {
		t.Fatal(err)
	}
	taken := b.Take(nil, events)
	open := map[int]int{}
	for _, r := range taken {
		if c, ok := r.(*Confidence); ok {
			if open[c.Index] = c.Revision; c.State == session.Final {
				delete(open, c.Index)
			}
		}
	}
	lost := b.Unavailable(nil, session.CoreLost)
	if len(lost) != len(open) || len(open) == 0 {
		t.Fatalf("%d lost, %d were open", len(lost), len(open))
	}
	last := 0
	for _, r := range lost {
		c := r.(*Confidence)
		if c.State != session.Unavailable || c.Reason.String() != "core-lost" || c.Revision != open[c.Index]+1 || c.HasValue() || c.Index < last {
			t.Errorf("%s", c.AppendJSON(nil))
		}
		last = c.Index
	}
	if again := b.Unavailable(nil, session.CoreLost); len(again) != 0 {
		t.Errorf("%d positions are lost twice", len(again))
	}
}

func TestFaultsAndModelsAreNamed(t *testing.T) {
	b := NewBuilder("judge-1")
	detail := []byte("[DONE]")
	got := b.Take(nil, []session.Event{
		{Kind: session.Positioned, Position: position.Position{Index: 1, Kind: position.Paragraph, EntropyLo: nan, EntropyHi: nan}},
		{
			Kind: session.Confidence, Position: position.Position{Index: 1}, State: session.Provisional, Raw: 0.5, Fused: 0.25,
			Source: session.Source{Estimator: session.Model, Mass: 0.75},
		},
		{Kind: session.Fault, Fault: stream.Fault{Code: session.FaultReply, Offset: -1, Detail: detail}},
	})
	copy(detail, "xxxxxx")
	want := []string{
		`{"type":"position","choice":0,"index":1,"kinds":["paragraph"],"segment":"answer","byte":0,"utf16":0,"token":0}`,
		`{"type":"confidence","choice":0,"index":1,"kinds":["paragraph"],"segment":"answer","byte":0,"utf16":0,"token":0,` +
			`"state":"provisional","revision":0,"raw":0.5,"fused":0.25,"calibrated":false,` +
			`"source":{"estimator":"model","basis":"expectation","mass":0.75,"model":"judge-1"}}`,
		`{"type":"fault","choice":0,"code":"` + session.FaultName(session.FaultReply) + `","detail":"[DONE]"}`,
	}
	if text(got) != strings.Join(want, "\n")+"\n" {
		t.Errorf("%s", text(got))
	}
}
