package session

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/stream"
)

func TestTheDemonstrationStream(t *testing.T) {
	data, err := os.ReadFile("testdata/demo.sse")
	if err != nil {
		t.Fatal(err)
	}
	for _, strategy := range []position.Kind{position.Paragraph, position.Line | position.Periodic, position.Entropy} {
		c := DefaultConfig()
		c.Text = true
		c.Positions.Strategy = strategy
		r := scoreCuts(t, c, string(data))
		if n := len(r.of(Positioned, 0)); n < 5 || len(r.faults()) > 0 {
			t.Errorf("%s: %d positions, faults %v", strategy, n, r.faults())
		}
	}
}

func TestInlineReasoningIsASegmentOfItsOwn(t *testing.T) {
	type total = [2]Total
	for _, c := range []struct {
		name              string
		tokens            []string
		reasoning, answer string
		total             total
		first             float64 // First-Prob of the answer
	}{
		{"tags that are tokens", []string{"<think>", "Hm", ".", "</think>", "So", " 42"}, "Hm.", "So 42", total{{2, false}, {4, false}}, 0.5},
		{"tags cut into tokens", []string{"<", "th", "ink", ">", "Hm", "</", "think", ">", "42"}, "Hm", "42", total{{1, false}, {8, false}}, 0.9},
		{"white space around the tags", []string{"\n", " <think>", "Hm", "</think>\n\n", "42"}, "Hm", "\n\n42", total{{2, false}, {3, false}}, 0.4},
		{"a token with all of it", []string{"<think>Hm</think>42"}, "Hm", "42", total{{1, false}, {1, false}}, 0.1},
		{"a token that is cut by a tag", []string{"<think>", "Hm</think>So", " 42"}, "Hm", "So 42", total{{2, false}, {2, false}}, 0.2},
		{"no reasoning in the tags", []string{"<think>", "</think>", "42"}, "", "42", total{{1, false}, {2, false}}, 0.3},
		{"what only begins as a tag", []string{"<", "thi", "s", ">"}, "", "<this>", total{{4, false}, {0, false}}, 0.1},
		{"what only begins as a closing tag", []string{"<think>", "a", "</", "th", "is>", "b"}, "a</this>b", "", total{{0, false}, {6, false}}, nan},
		{"the end in an opening tag", []string{"<", "th"}, "", "<th", total{{2, false}, {0, false}}, 0.1},
		{"the end in a closing tag", []string{"<think>", "a", "</", "th"}, "a</th", "", total{{0, false}, {4, false}}, nan},
		{"the end in white space", []string{" ", "\n"}, "", " \n", total{{2, false}, {0, false}}, 0.1},
		{"a tag further on", []string{"So", "<think>", "x"}, "", "So<think>x", total{{3, false}, {0, false}}, 0.1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var input strings.Builder
			for i, text := range c.tokens {
				input.WriteString(content(0, text, math.Log(float64(i+1)/10)))
			}
			config := DefaultConfig()
			config.Text, config.Method = true, 0 // First-Prob
			r := scoreCuts(t, config, input.String()+finish(0, "stop")+doneMarker)
			if got := r.text(0, position.Reasoning); got != c.reasoning {
				t.Errorf("reasoning %q, want %q", got, c.reasoning)
			}
			if got := r.text(0, position.Answer); got != c.answer {
				t.Errorf("answer %q, want %q", got, c.answer)
			}
			if got := r.of(Finish, 0)[0].Total; got != c.total {
				t.Errorf("tokens %+v, want %+v", got, c.total)
			}
			if end := r.endOf(0); math.Abs(end.Raw-c.first) > 1e-12 || math.IsNaN(end.Raw) != math.IsNaN(c.first) {
				t.Errorf("First-Prob of the answer is %v (%s), want %v", end.Raw, end.Reason, c.first)
			}
		})
	}
}

func TestWhyThereIsNoConfidence(t *testing.T) {
	tool := `data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]}}]}` + "\n\n"
	broken := "data: {\"error\":{\"message\":\"overloaded\"}}\n\n"
	for _, c := range []struct {
		name, input string
		want        Reason
		finish      stream.Reason
		faults      []stream.FaultCode
	}{
		{"nothing sent", "", NoText, stream.Failed, []stream.FaultCode{stream.Truncated}},
		{"nothing but comments", ": ping\n\n", StreamFailed, stream.Failed, []stream.FaultCode{stream.Truncated}},
		{"nothing generated", finish(0, "stop") + doneMarker, NoText, stream.Stop, nil},
		{"no log-probabilities", chunk(0, "content", "42") + finish(0, "stop"), NoLogprobs, stream.Stop, nil},
		{"log-probabilities for a part", content(0, "4", -1) + chunk(0, "content", "2") + finish(0, "stop"), NoLogprobs, stream.Stop, nil},
		{"plain text", "42", NoLogprobs, stream.Stop, nil},
		{"a refusal", chunk(0, "refusal", "I cannot.") + finish(0, "stop"), Refusal, stream.Stop, nil},
		{"a refusal behind text", content(0, "So", -1) + chunk(0, "refusal", "No.") + finish(0, "stop"), Refusal, stream.Stop, nil},
		{"a refusal by its reason", content(0, "So", -1) + finish(0, "refusal"), Refusal, stream.Refused, nil},
		{"a tool call", tool + finish(0, "tool_calls"), ToolCall, stream.ToolCalls, nil},
		{"a tool call by its reason", finish(0, "tool_calls"), ToolCall, stream.ToolCalls, nil},
		{"a tool call behind text", content(0, "So", -1) + tool + finish(0, "tool_calls"), NoReason, stream.ToolCalls, nil},
		{"reasoning and no answer", chunk(0, "reasoning", "Hm", token{text: "Hm"}) + finish(0, "length"), NoText, stream.Length, nil},
		{"cut by a limit on tokens", content(0, "So", -1) + finish(0, "length"), NoReason, stream.Length, nil},
		{"an error in mid-stream", content(0, "So", -1) + broken, StreamFailed, stream.Failed, []stream.FaultCode{stream.ProviderError}},
		{"an error for a reason", content(0, "So", -1) + finish(0, "error"), StreamFailed, stream.Failed, nil},
		{"an error behind the finish", content(0, "So", -1) + finish(0, "stop") + broken, NoReason, stream.Stop, []stream.FaultCode{stream.ProviderError}},
		{"a stream cut off", content(0, "So", -1), StreamFailed, stream.Failed, []stream.FaultCode{stream.Truncated}},
		{"a page instead of a stream", "<html><body>502</body></html>", StreamFailed, stream.Failed, []stream.FaultCode{stream.NotAStream}},
		{"JSON of no known format", "data: {\"a\":1}\n\n", StreamFailed, stream.Failed, []stream.FaultCode{stream.UnknownFormat}},
		{"text behind the finish", finish(0, "stop") + content(0, "So", -1) + doneMarker, NoReason, stream.Stop, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := scoreCuts(t, DefaultConfig(), c.input)
			if end := r.endOf(0); end.Reason != c.want || end.State != Unavailable && c.want != NoReason {
				t.Errorf("p(z) is %s: %q, want %q", end.State, end.Reason, c.want)
			}
			if got := r.of(Finish, 0)[0].Finish; got != c.finish {
				t.Errorf("finished with %s, want %s", got, c.finish)
			}
			if !slices.Equal(r.faults(), c.faults) {
				t.Errorf("faults %v, want %v", r.faults(), c.faults)
			}
		})
	}
}

func TestChoices(t *testing.T) {
	t.Run("one that finished is whole though another broke off", func(t *testing.T) {
		r := scoreCuts(t, DefaultConfig(), content(0, "One", -1)+content(1, "Zwei", -2)+finish(0, "stop"))
		if end := r.endOf(0); end.State != Final || r.of(Finish, 0)[0].Finish != stream.Stop {
			t.Errorf("choice 0: p(z) is %s: %q, finished with %s", end.State, end.Reason, r.of(Finish, 0)[0].Finish)
		}
		if end := r.endOf(1); end.Reason != StreamFailed || r.of(Finish, 1)[0].Finish != stream.Failed {
			t.Errorf("choice 1: p(z) is %s: %q, finished with %s", end.State, end.Reason, r.of(Finish, 1)[0].Finish)
		}
	})
	t.Run("choice 0 stays empty", func(t *testing.T) {
		r := scoreCuts(t, DefaultConfig(), content(2, "One", -1)+finish(2, "stop")+doneMarker)
		if end := r.endOf(2); end.State != Final {
			t.Errorf("choice 2: p(z) is %s: %q", end.State, end.Reason)
		}
		if end := r.endOf(0); end.Reason != NoText || r.of(Finish, 0)[0].Finish != stream.Other {
			t.Errorf("choice 0: p(z) is %s: %q, finished with %s", end.State, end.Reason, r.of(Finish, 0)[0].Finish)
		}
	})
	t.Run("over the limit are a fault", func(t *testing.T) {
		c := DefaultConfig()
		c.MaxChoices, c.Text = 2, true
		r := scoreCuts(t, c, content(0, "One", -1)+content(2, "Three", -1)+content(1, "Two", -1)+finish(0, "stop")+finish(1, "stop")+doneMarker)
		if !slices.Equal(r.faults(), []stream.FaultCode{stream.TooManyChoices}) || len(r.of(Positioned, 2)) > 0 || r.text(1, position.Answer) != "Two" {
			t.Errorf("faults %v, %d positions of choice 2, choice 1 %q", r.faults(), len(r.of(Positioned, 2)), r.text(1, position.Answer))
		}
	})
}

// TestTheQuestionIsAskedOnce has choices that begin before and after the reply.
func TestTheQuestionIsAskedOnce(t *testing.T) {
	asks := func(r *record) (ids []uint32) {
		for _, e := range r.events {
			if e.Kind == Ask && e.Position.Kind == position.Question {
				ids = append(ids, e.ID)
			}
		}
		return ids
	}
	for _, c := range []struct {
		name   string
		settle func(*record, uint32)
		state  State
		raw    float64
		reason Reason
	}{
		{"a value", func(r *record, id uint32) { r.add(r.Resolve(id, reply("0.3"))) }, Final, 0.3, NoReason},
		{"a bad reply", func(r *record, id uint32) { r.add(r.Resolve(id, reply("very sure"))) }, Unavailable, nan, BadReply},
		{"no reply", func(r *record, id uint32) { r.add(r.Fail(id, Timeout)) }, Unavailable, nan, Timeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := asking()
			config.Fusion.Depth = 0
			r := open(t, config)
			r.write(content(1, "One", -1))
			ids := asks(r)
			if len(ids) != 1 || r.last(1)[0].State != Pending {
				t.Fatalf("%d requests for the question, choice 1 is %s", len(ids), r.last(1)[0].State)
			}
			if _, err := r.Resolve(askID(1, 0), reply("0.9")); !errors.Is(err, ErrUnknownAsk) {
				t.Errorf("a reply to what was not asked: %v", err)
			}
			c.settle(r, ids[0])
			r.write(content(2, "Two", -1))
			r.end()
			r.check()
			for choice := range 3 {
				if got := r.last(choice)[0]; got.State != c.state || got.Raw != c.raw && !math.IsNaN(c.raw) || got.Reason != c.reason {
					t.Errorf("choice %d: p(0) is %s: %v %q, want %s: %v %q", choice, got.State, got.Raw, got.Reason, c.state, c.raw, c.reason)
				}
			}
			if n := len(asks(r)); n != 1 {
				t.Errorf("%d requests for the question", n)
			}
		})
	}

	paragraphs := func(choice, n int) string { return chunk(choice, "content", strings.Repeat("One.\n\n", n)) }
	t.Run("a choice that comes long after", func(t *testing.T) {
		config := asking()
		config.MaxPending = 8
		r := open(t, config)
		r.add(r.Resolve(asks(r)[0], reply("0.3")))
		r.write(paragraphs(0, 50) + content(1, "Late", -1))
		r.end()
		r.check()
		if got := r.last(1)[0]; got.State == Unavailable || got.Raw != 0.3 {
			t.Errorf("choice 1: p(0) is %s: %v %q, want the value that choice 0 has", got.State, got.Raw, got.Reason)
		}
	})
	t.Run("given up with choice 0's", func(t *testing.T) {
		config := asking()
		config.MaxPending = 8
		r := open(t, config)
		r.write(paragraphs(1, 1) + paragraphs(0, 50) + paragraphs(2, 1))
		r.end()
		r.check()
		for choice := range 3 {
			if got := r.last(choice)[0]; got.State != Unavailable || got.Reason != GivenUp {
				t.Errorf("choice %d: p(0) is %s %q, want it given up", choice, got.State, got.Reason)
			}
		}
	})
}

func TestPositionsOverTheLimitAreLeftOut(t *testing.T) {
	text := strings.Repeat("Step.\n\n", 100)
	for _, limit := range []int{1, 2, 10} {
		c := DefaultConfig()
		c.MaxPositions, c.Text = limit, true
		r := scoreCuts(t, c, chunk(0, "content", text)+chunk(1, "content", text)+finish(0, "stop")+finish(1, "stop")+doneMarker)
		if !slices.Equal(r.faults(), []stream.FaultCode{FaultPositions}) {
			t.Errorf("limit %d: faults %v, want one", limit, r.faults())
		}
		n := 0
		for choice := range 2 {
			positions := r.of(Positioned, choice)
			if first, last := positions[0].Position, positions[len(positions)-1].Position; first.Kind != position.Question || last.Kind != position.End {
				t.Errorf("limit %d, choice %d: from %s to %s, want p(0) to p(z)", limit, choice, first.Kind, last.Kind)
			}
			if got := r.text(choice, position.Answer); got != text {
				t.Errorf("limit %d, choice %d: %d bytes of text, want %d", limit, choice, len(got), len(text))
			}
			n += len(positions)
		}
		if most := limit + 4; n > most {
			t.Errorf("limit %d: %d positions, want %d at most", limit, n, most)
		}
	}
}

func TestTooManyPendingPositionsAreGivenUp(t *testing.T) {
	c := asking()
	c.MaxPending = 8
	r := open(t, c)
	r.write(strings.Repeat("Step.\n\n", 30))
	r.end()
	r.check()
	last := r.last(0)
	for i, e := range last {
		want := Unavailable
		if i >= len(last)-8 {
			want = Pending
		}
		if e.State != want || want == Unavailable && e.Reason != GivenUp {
			t.Errorf("position %d of %d is %s %q, want %s", i, len(last), e.State, e.Reason, want)
		}
		_, err := r.Request(nil, askID(0, i))
		if (err == nil) != (want == Pending) || err != nil && !errors.Is(err, ErrUnknownAsk) {
			t.Errorf("position %d: Request says %v", i, err)
		}
	}
	for i := range last {
		if i >= len(last)-8 {
			r.add(r.Resolve(askID(0, i), reply("0.5")))
		}
	}
	r.check()
	if end := r.endOf(0); end.State != Final || end.Raw != 0.5 {
		t.Errorf("p(z) is %s %v", end.State, end.Raw)
	}
}

func TestTextOverTheLimitIsNotAskedAbout(t *testing.T) {
	c := asking()
	c.MaxText = 25
	for name, input := range map[string]string{"answer": "One é.\n\nTwo.\n\nThree.\n\nFour.\n\nFive.", "one step": strings.Repeat("x", 26)} {
		r := scoreCuts(t, c, input)
		for i, e := range r.of(Positioned, 0) {
			fits := e.Position.Byte <= 25
			got := r.last(0)[i]
			if (got.State == Pending) != fits || !fits && got.Reason != TextTooLong {
				t.Errorf("%s: position %d at byte %d is %s %q", name, i, e.Position.Byte, got.State, got.Reason)
			}
			if fits && e.Position.Byte > 0 {
				body, err := r.Request(nil, askID(0, i))
				if want := strings.ReplaceAll(input[:e.Position.Byte], "\n", `\n`); err != nil || !strings.Contains(string(body), want) {
					t.Errorf("%s: position %d: %v, the request lacks %q: %s", name, i, err, want, body)
				}
			}
		}
	}
}

func TestSettlingInAnyOrder(t *testing.T) {
	r := open(t, asking())
	r.write("One.\n\nTwo.\n\nThree.")
	r.end()
	if _, err := r.End(); !errors.Is(err, ErrEnded) {
		t.Errorf("a second End: %v", err)
	}
	if _, err := r.Write([]byte("x")); !errors.Is(err, ErrEnded) {
		t.Errorf("a Write after End: %v", err)
	}
	for _, why := range []Reason{NoReason, reasons, 255} {
		if _, err := r.Fail(askID(0, 1), why); !errors.Is(err, ErrReason) {
			t.Errorf("failing for reason %d: %v", why, err)
		}
	}
	r.add(r.Resolve(askID(0, 3), reply("0.9")))
	r.add(r.Fail(askID(0, 1), Unreachable))
	r.add(r.Resolve(askID(0, 2), []byte("not JSON")))
	r.add(r.Resolve(askID(0, 0), reply("0.1")))
	for _, id := range []uint32{askID(0, 0), askID(0, 1), askID(0, 2), askID(0, 3), askID(0, 4), askID(1, 0), math.MaxUint32} {
		if _, err := r.Resolve(id, reply("0.5")); !errors.Is(err, ErrUnknownAsk) {
			t.Errorf("id %d: %v", id, err)
		}
		if _, err := r.Fail(id, Timeout); !errors.Is(err, ErrUnknownAsk) {
			t.Errorf("id %d: %v", id, err)
		}
	}
	r.check()
	got := ""
	for _, e := range r.last(0) {
		got += fmt.Sprintf("%s %.3g %.3g %s; ", e.State, e.Raw, e.Fused, e.Reason)
	}
	if want := "final 0.1 0.5 ; unavailable NaN NaN unreachable; unavailable NaN NaN bad-reply; final 0.9 0.9 ; "; got != want {
		t.Errorf("confidences %s want %s", got, want)
	}
	if !slices.Equal(r.faults(), []stream.FaultCode{FaultReply}) {
		t.Errorf("faults %v", r.faults())
	}
}

func TestWhatIsWrongWithAReplyIsCut(t *testing.T) {
	open := func() *Session {
		config := DefaultConfig()
		config.Question, config.Estimator = "Why?", Model
		s, _, err := Open(config)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, c := range []struct{ problem, want string }{
		{strings.Repeat("x", 256), strings.Repeat("x", 256)},
		{strings.Repeat("x", 257), strings.Repeat("x", 256)},
		{strings.Repeat("x", 254) + "\u20ac", strings.Repeat("x", 254)},
		{strings.Repeat("x", 253) + "\u20ac!", strings.Repeat("x", 253) + "\u20ac"},
	} {
		events, err := open().Refuse(askID(0, 0), []byte(c.problem))
		if err != nil || string(events[0].Fault.Detail) != c.want {
			t.Errorf("%q: %q, %v", c.problem, events[0].Fault.Detail, err)
		}
	}
	// Each of these characters takes six bytes in quoted form.
	events, err := open().Resolve(askID(0, 0), []byte(`{"choices":[{"message":{"content":"`+strings.Repeat(`\u0001`, 100)+`"}}]}`))
	if err != nil || len(events[0].Fault.Detail) != stream.MaxDetail {
		t.Errorf("%q, %v", events[0].Fault.Detail, err)
	}
}

func TestUsageAndFinish(t *testing.T) {
	r := scoreCuts(t, DefaultConfig(), content(0, "So", -1)+content(0, " 42", -1)+finish(0, "length")+
		`data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}}`+"\n\n"+doneMarker)
	if got := r.of(Usage, 0); len(got) != 1 || got[0].Usage != (stream.Usage{Prompt: 5, Completion: 2, Reasoning: -1}) {
		t.Errorf("usage %+v", got)
	}
	if got := r.of(Finish, 0); len(got) != 1 || got[0].Finish != stream.Length || got[0].Total != [2]Total{{Tokens: 2}} {
		t.Errorf("finish %+v", got)
	}
	if r.Format() != stream.OpenAIChat {
		t.Errorf("the format is %s", r.Format())
	}
}

func TestWhatCouldNotBeServedIsSaidAtTheFinish(t *testing.T) {
	c := DefaultConfig()
	c.Positions.Strategy = position.Paragraph | position.Entropy
	for _, stream := range []struct {
		name, text string
		want       position.Kind
	}{
		{"no logprobs", chunk(0, "content", "So 42"), position.Entropy},
		{"top_logprobs", chunk(0, "content", "So", token{"So", -1, []float64{-1, -2}}), 0},
	} {
		r := scoreCuts(t, c, stream.text+finish(0, "stop")+doneMarker)
		if got := r.of(Finish, 0); len(got) != 1 || got[0].Missing != stream.want {
			t.Errorf("%s: missing %+v, want %v", stream.name, got, stream.want)
		}
	}
}

func TestTheEndMarkerIsReportedOnce(t *testing.T) {
	for _, stream := range []struct {
		name, text string
		want       int
	}{
		{"done", content(0, "42", -1) + finish(0, "stop") + doneMarker + doneMarker, 1},
		{"an error", content(0, "42", -1) + "data: {\"error\":{\"message\":\"overloaded\"}}\n\n", 1},
		{"cut off", content(0, "42", -1), 0},
	} {
		r := scoreCuts(t, DefaultConfig(), stream.text)
		if got := r.of(Ended, 0); len(got) != stream.want {
			t.Errorf("%s: %d times, want %d", stream.name, len(got), stream.want)
		}
	}
}

func TestATokenCostsNoAllocation(t *testing.T) {
	for name, chunks := range map[string][]string{
		"content with log-probabilities": {chunk(0, "content", " 42", token{" 42", -1, []float64{-1, -2, -3}}), content(0, ".\n\n", -1), content(0, "So", -1)},
		"reasoning":                      {chunk(0, "reasoning_content", " Hm"), chunk(0, "reasoning_content", ".\n\n")},
	} {
		c := DefaultConfig()
		c.Text, c.MaxPositions = true, 1<<20
		c.Positions.Strategy = position.Paragraph | position.Entropy
		r := open(t, c)
		var pieces [][]byte
		for _, chunk := range chunks {
			pieces = append(pieces, []byte(chunk))
		}
		i := 0
		write := func() {
			if _, err := r.Write(pieces[i%len(pieces)]); err != nil {
				t.Fatal(err)
			}
			i++
		}
		for range 1000 {
			write()
		}
		if n := testing.AllocsPerRun(1000, write); n > 0 {
			t.Errorf("%s: %v allocations a chunk", name, n)
		}
	}
}
