package estimate

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
)

// chatReply is the body of a chat completion that says text.
func chatReply(text, finish string) string {
	quoted, _ := json.Marshal(text)
	return `{"id":"1","choices":[{"index":0,"message":{"role":"assistant","content":` + string(quoted) + `},"finish_reason":"` + finish + `"}],"usage":{"total_tokens":9}}`
}

func TestNumbersThatAreRead(t *testing.T) {
	m := DefaultModel()
	for text, want := range map[string]float64{
		"0.85": 0.85, "0": 0, "1": 1, "1.0": 1, "1.": 1, ".85": 0.85, "0,85": 0.85, "0.85.": 0.85, "1e-05": 1e-05, "8.5E-1": 0.85,
		" \n0.85\n ": 0.85, `"0.85"`: 0.85, "**0.85**": 0.85, "`0.85`": 0.85, "__0.85__.": 0.85,
		"85%": 0.85, "85 %": 0.85, "100%": 1, "0%": 0, "12.5%": 0.125, "7%.": 0.07,
		`{"confidence":0.85}`: 0.85, "{\n  \"confidence\": 0.85\n}": 0.85, `{"confidence": "0.85"}`: 0.85,
		"```json\n{\"confidence\": 0.85}\n```": 0.85, "```\n0.85\n```": 0.85, `{"Probability":1}`: 1,
		"Confidence: 0.85": 0.85, "**Confidence:** 0.85.": 0.85, "likelihood = 85%": 0.85,
		"<think>It is 0.3 or so.</think>\n\n0.85": 0.85, "so it seems </think>0.85": 0.85,
		"0.8500000000000000000000000001": 0.85,
	} {
		r, err := m.ReadReply([]byte(chatReply(text, "stop")))
		if err != nil || r.Confidence != want || r.Basis != Parsed || !math.IsNaN(r.Mass) {
			t.Errorf("%q is %+v, %v; want %v", text, r, err, want)
		}
	}
}

func TestTextThatIsNoConfidence(t *testing.T) {
	m := DefaultModel()
	for _, c := range []struct {
		text, finish string
		want         Failure
	}{
		{"", "stop", Empty}, {" \n", "stop", Empty}, {"\"\"", "stop", Empty}, {"{}", "stop", NoNumber},
		{"very sure", "stop", NoNumber}, {"NaN", "stop", NoNumber}, {"Infinity", "stop", NoNumber}, {"+0.8", "stop", NoNumber},
		{".", "stop", NoNumber}, {"%", "stop", NoNumber}, {"00.8", "stop", NoNumber}, {"0x1p-1", "stop", ExtraText}, {"1e", "stop", NoNumber},
		{"Confidence 0.8", "stop", NoNumber}, {"Confidence:", "stop", Empty}, {"The confidence is 0.8", "stop", NoNumber},
		{"1.7", "stop", OutOfRange}, {"-1", "stop", OutOfRange}, {"-0.5", "stop", OutOfRange}, {"85", "stop", OutOfRange}, {"101%", "stop", OutOfRange}, {"1e300", "stop", OutOfRange},
		{"0.8 or 0.9", "stop", ExtraText}, {"0.8, because", "stop", ExtraText}, {"8/10", "stop", ExtraText}, {"0.85.3", "stop", ExtraText}, {"0,", "stop", ExtraText},
		{"0.8\n\n0.9", "stop", ExtraText}, {"0.8}", "stop", ExtraText}, {`{"confidence":0.8,"why":"x"}`, "stop", ExtraText}, {"1,000", "stop", ExtraText},
		{`{"confidence":0.8`, "stop", Unfinished}, {"0.8", "length", Unfinished}, {"", "length", Unfinished}, {"<think>hm", "stop", Unfinished}, {"<think>0.8", "length", Unfinished},
		{"0." + strings.Repeat("1", 200), "stop", NoNumber},
		{"0.8", "content_filter", Refused},
	} {
		r, err := m.ReadReply([]byte(chatReply(c.text, c.finish)))
		var e *ReplyError
		if !errors.As(err, &e) || e.Failure != c.want {
			t.Errorf("%q (%s) is %+v, %v; want %v", c.text, c.finish, r, err, c.want)
		}
	}
	if r, err := m.ReadReply([]byte(chatReply("0.8\n", "length"))); err != nil || r.Confidence != 0.8 {
		t.Errorf("a number that ended before the cut: %+v, %v", r, err)
	}
}

func TestErrorsSayWhereAndWhy(t *testing.T) {
	m := DefaultModel()
	long := strings.Repeat("I am quite sure about this. ", 400)
	for _, c := range []struct {
		name, body string
		want       Failure
		says       []string
	}{
		{"an essay", chatReply(long, "stop"), NoNumber, []string{"at byte 0", "I am quite sure", "0.85"}},
		{"a second number", chatReply("0.8 or 0.9", "stop"), ExtraText, []string{"at byte 4", "0.8 or 0.9"}},
		{"OpenAI's error", `{"error":{"message":"The model does not exist","type":"invalid_request_error","code":404}}`, ProviderError, []string{"The model does not exist"}},
		{"an error in words", `{"error":"overloaded","error_type":"overloaded"}`, ProviderError, []string{"overloaded"}},
		{"vLLM's former error", `{"object":"error","message":"max_tokens is too large","type":"BadRequestError","param":null,"code":400}`, ProviderError, []string{"max_tokens is too large"}},
		{"FastAPI's error", `{"detail":[{"loc":["body"],"msg":"field required"}]}`, ProviderError, []string{"field required"}},
		{"FastAPI's error in words", `{"detail":"Not Found"}`, ProviderError, []string{"Not Found"}},
		{"HTML", "<html><body>502 Bad Gateway</body></html>", Malformed, []string{"at byte 0", "502 Bad Gateway"}},
		{"cut off", `{"choices":[{"message":{"content":"0.8`, Malformed, []string{"at byte 38"}},
		{"nothing", "", Malformed, []string{"at byte 0"}},
		{"endless", chatReply("0.8"+strings.Repeat(" ", MaxReply), "stop"), TooLarge, []string{"at most 1048576 bytes"}},
		{"two values", chatReply("0.8", "stop") + "{}", Malformed, nil},
		{"no choice", `{"choices":[]}`, WrongShape, []string{"chat"}},
		{"another API's reply", `{"data":[{"probs":[0.1,0.9]}]}`, Empty, nil},
		{"a number for a reply", `0.85`, WrongShape, []string{"chat/completions"}},
		{"a refusal", `{"choices":[{"message":{"content":null,"refusal":"I can't help"},"finish_reason":"stop"}]}`, Refused, []string{"I can't help"}},
		{"no content", `{"choices":[{"message":{"content":null},"finish_reason":"stop"}]}`, Empty, nil},
	} {
		r, err := m.ReadReply([]byte(c.body))
		var e *ReplyError
		if !errors.As(err, &e) || e.Failure != c.want {
			t.Errorf("%s: %+v, %v; want %v", c.name, r, err, c.want)
			continue
		}
		for _, s := range append(c.says, "reply", c.want.String()) {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%s: %v does not say %q", c.name, err, s)
			}
		}
		if len(err.Error()) > 400 || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %d bytes: %v", c.name, len(err.Error()), err)
		}
	}
}

func TestShapesOfReplies(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name    string
		set     func(*Model)
		body    string
		want    Reading
		failure Failure
	}{
		{"chat in parts", func(m *Model) {}, `{"choices":[{"message":{"content":[{"type":"thinking","thinking":[]},{"type":"text","text":"0."},{"type":"text","text":"85"}]},"finish_reason":"stop"},{"message":{"content":"0.1"}}]}`, Reading{0.85, Parsed, nan}, 0},
		{"chat with reasoning in a field of its own", func(m *Model) {}, `{"error":null,"choices":[{"message":{"reasoning_content":"0.2?","content":"\n0.85"},"finish_reason":"stop"}]}`, Reading{0.85, Parsed, nan}, 0},
		{"completions", func(m *Model) { m.Adapter = Completions }, `{"choices":[{"text":" 0.85\n","logprobs":null,"finish_reason":"stop"}]}`, Reading{0.85, Parsed, nan}, 0},
		{"completions with logprobs", func(m *Model) { m.Adapter = Completions }, `{"choices":[{"text":" 0.85","finish_reason":"stop","logprobs":{"top_logprobs":[{" 0":-0.06," 1":-3},null,{"85":-0.6931471805599453,"9":-0.6931471805599453}],"tokens":[" 0",".","85"],"token_logprobs":[-0.06,0,-0.6931471805599453],"text_offset":[1,2,3]}}]}`,
			Reading{(math.Exp(-0.06)*0.875 + math.Exp(-3)) / (math.Exp(-0.06) + math.Exp(-3)), Expectation, math.Exp(-0.06) + math.Exp(-3)}, 0},
		{"llama.cpp's completions", func(m *Model) { m.Adapter = Completions }, `{"choices":[{"text":"1","finish_reason":"stop","logprobs":{"content":[{"id":16,"token":"1","bytes":[49],"logprob":-0.6931471805599453,"top_logprobs":[{"id":16,"token":"1","logprob":-0.6931471805599453},{"id":15,"token":".5","logprob":-0.6931471805599453}]}]}}]}`, Reading{0.75, Expectation, 1}, 0},
		{"classify", func(m *Model) { m.Adapter = Classify }, `{"id":"classify-1","object":"list","data":[{"index":0,"label":"LABEL_1","probs":[0.25,0.75],"num_classes":2}],"usage":{}}`, Reading{0.75, Class, nan}, 0},
		{"classify, another class", func(m *Model) { m.Adapter, m.Class = Classify, 0 }, `{"data":[{"probs":[0.25,0.75]}]}`, Reading{0.25, Class, nan}, 0},
		{"classify with one class", func(m *Model) { m.Adapter = Classify }, `{"data":[{"probs":[0.75],"num_classes":1}]}`, Reading{0.75, Class, nan}, 0},
		{"classify without that class", func(m *Model) { m.Adapter, m.Class = Classify, 2 }, `{"data":[{"probs":[0.25,0.75]}]}`, Reading{}, WrongShape},
		{"pooling", func(m *Model) { m.Adapter = Pooling }, `{"data":[{"index":0,"object":"pooling","data":[0.75]}]}`, Reading{0.75, Score, nan}, 0},
		{"pooling, a row a token", func(m *Model) { m.Adapter = Pooling }, `{"data":[{"data":[[0.1],[0.2],[0.75]]}]}`, Reading{0.75, Score, nan}, 0},
		{"pooling, two classes a token", func(m *Model) { m.Adapter = Pooling }, `{"data":[{"data":[[0.9,0.1],[0.25,0.75]]}]}`, Reading{0.75, Score, nan}, 0},
		{"pooling in base64", func(m *Model) { m.Adapter = Pooling }, `{"data":[{"data":"AABAPw=="}]}`, Reading{}, WrongShape},
		{"a logit without activation", func(m *Model) { m.Adapter = Pooling }, `{"data":[{"data":[1.5]}]}`, Reading{}, OutOfRange},
		{"a logit below 0 without activation", func(m *Model) { m.Adapter = Pooling }, `{"data":[{"data":[-0.1]}]}`, Reading{}, OutOfRange},
		{"a logit of 0", func(m *Model) { m.Adapter, m.Activation = Pooling, Sigmoid }, `{"data":[{"data":[0]}]}`, Reading{0.5, Score, nan}, 0},
		{"a logit of ln 3", func(m *Model) { m.Adapter, m.Activation = Pooling, Sigmoid }, `{"data":[{"data":[1.0986122886681098]}]}`, Reading{0.75, Score, nan}, 0},
		{"a very low logit", func(m *Model) { m.Adapter, m.Activation = Pooling, Sigmoid }, `{"data":[{"data":[-1e9]}]}`, Reading{0, Score, nan}, 0},
		{"no number", func(m *Model) { m.Adapter, m.Activation = Pooling, Sigmoid }, `{"data":[{"data":[null]}]}`, Reading{}, OutOfRange},
		{"reward", func(m *Model) { m.Adapter = Reward }, `[{"score":0.75,"label":"LABEL_0"}]`, Reading{0.75, Class, nan}, 0},
		{"reward in a batch", func(m *Model) { m.Adapter, m.Label = Reward, "correct" }, `[[{"score":0.75,"label":"wrong"},{"score":0.25,"label":"correct"}],[{"score":1,"label":"correct"}]]`, Reading{0.25, Class, nan}, 0},
		{"reward with several labels", func(m *Model) { m.Adapter = Reward }, `[{"score":0.75,"label":"a"},{"score":0.25,"label":"b"}]`, Reading{}, WrongShape},
		{"reward without that label", func(m *Model) { m.Adapter, m.Label = Reward, "correct" }, `[{"score":0.75,"label":"a"}]`, Reading{}, WrongShape},
		{"an error for a reward", func(m *Model) { m.Adapter = Reward }, `{"error":"Model is overloaded","error_type":"overloaded"}`, Reading{}, ProviderError},
		{"an empty batch", func(m *Model) { m.Adapter = Reward }, `[]`, Reading{}, WrongShape},
		{"deep nesting", func(m *Model) { m.Adapter = Reward }, strings.Repeat("[", 500) + strings.Repeat("]", 500), Reading{}, WrongShape},
	} {
		m := DefaultModel()
		c.set(&m)
		r, err := m.ReadReply([]byte(c.body))
		var e *ReplyError
		if c.failure != 0 {
			if !errors.As(err, &e) || e.Failure != c.failure {
				t.Errorf("%s: %+v, %v; want %v", c.name, r, err, c.failure)
			}
			continue
		}
		if err != nil || !near(r.Confidence, c.want.Confidence) || r.Basis != c.want.Basis || !near(r.Mass, c.want.Mass) {
			t.Errorf("%s: %+v, %v; want %+v", c.name, r, err, c.want)
		}
	}
}

func near(a, b float64) bool {
	return math.Abs(a-b) < 1e-12 || math.IsNaN(a) && math.IsNaN(b)
}

func FuzzReadReply(f *testing.F) {
	for _, body := range []string{
		chatReply("0.85", "stop"), chatReply("**Confidence:** 85%.", "length"), `{"error":{"message":"no"}}`, `[[{"label":"a","score":0.5}]]`,
		`{"data":[{"probs":[0.1,0.9],"data":[[0.5],[1e9]]}]}`,
		`{"choices":[{"text":" 0.85","logprobs":{"tokens":[" 0",".","85"],"token_logprobs":[null,-1,0],"top_logprobs":[{"1":-3},null,{"9":-1,"":-2}]}}]}`,
		`{"choices":[{"message":{"content":"85%"},"logprobs":{"content":[{"token":"85","logprob":-0.1,"top_logprobs":[{"token":"9","logprob":-2}]},{"token":"%","logprob":0,"top_logprobs":[]},{"token":"<|end|>","logprob":0}]}}]}`,
		`{"choices":[{"logprobs":{"content":[{"token":"0","logprob":99,"top_logprobs":[{"token":"1","logprob":1e308}]}]},"message":{"content":"0"}}]}`,
	} {
		for adapter := range Adapter(adapters) {
			f.Add([]byte(body), byte(adapter))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, kind byte) {
		m := DefaultModel()
		m.Adapter, m.Activation = Adapter(kind%adapters), Activation(kind/adapters%activations)
		r, err := m.ReadReply(body)
		var e *ReplyError
		switch {
		case err != nil && (!errors.As(err, &e) || e.Failure == 0 || len(err.Error()) > 1000):
			t.Fatalf("error %v", err)
		case err == nil && !(r.Confidence >= 0 && r.Confidence <= 1):
			t.Fatalf("confidence %v", r.Confidence)
		case err == nil && (r.Basis == Expectation) != (r.Mass > 0 && r.Mass <= 1):
			t.Fatalf("%+v", r)
		}
	})
}

// TestLongReplies: the cost of a reply is linear in its length.
func TestLongReplies(t *testing.T) {
	const n = 10_000
	space := `{"token":" ","logprob":0,"top_logprobs":[{"token":"0.5","logprob":-30}]},`
	m := DefaultModel()
	for name, body := range map[string]string{
		"white space": `{"choices":[{"message":{"content":"` + strings.Repeat(" ", n) + `0.8"},"logprobs":{"content":[` + strings.Repeat(space, n) + `{"token":"0.8","logprob":0}]}}]}`,
		"parts":       `{"choices":[{"message":{"content":[` + strings.Repeat(`{"text":" "},`, n) + `{"text":"0.8"}]}}]}`,
	} {
		if r, err := m.ReadReply([]byte(body)); err != nil || r.Confidence != 0.8 || r.Basis != Parsed {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}
