package answers_test

import (
	"math"
	"strings"
	"testing"

	"github.com/finece/finece/host/batch/answers"
	"github.com/finece/finece/wasm/stream"
)

// The lines here are made by hand after the documented shapes.
const (
	// vLLM's run_batch, and OpenAI's batch API without "error" in the body
	vllm = `{"id":"vllm-1","custom_id":"q1","response":{"status_code":200,"request_id":"b","body":{"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"It is 42."},"finish_reason":"stop"}]}},"error":null,"gold":42}`
	// Anthropic's message batches
	claude    = `{"custom_id":"q2","result":{"type":"succeeded","message":{"type":"message","role":"assistant","content":[{"type":"text","text":"It is 42."}]}}}`
	responses = `{"custom_id":"q3","response":{"status_code":200,"body":{"object":"response","output":[{"type":"reasoning"},{"type":"message","content":[{"type":"output_text","text":"It is 42."}]}]}}}`
	generated = `{"doc_id":3,"doc":{"question":"6*7?"},"target":"6 times 7.\n#### 42","arguments":{"gen_args_0":{"arg_0":"Question: 6*7?","arg_1":{"until":["\n"]}}},"resps":[["It is 42."]],"filtered_resps":["42"],"exact_match":1.0}`
	before    = `{"doc_id":3,"target":"42","arguments":[["Question: 6*7?",{"until":["\n"]}]],"resps":[["It is 42.","41"]]}`
	options   = `{"doc_id":4,"target":"1","resps":[[["-2.5","False"]],[["-1.5","True"]]],"filtered_resps":[["-2.5","False"],["-1.5","True"]],"acc":1.0}`
)

func TestLayouts(t *testing.T) {
	for _, c := range []struct{ name, columns, line, id, question, text, gold, wrong, said string }{
		{name: "usual", line: `{"id":1,"question":"Why?","answer":"So.","gold":"So"}`, id: "1", question: "Why?", text: "So.", gold: `"So"`},
		{name: "guessed", line: `{"Prompt":"Why?","completion":"So.","qid":"x","target":"So"}`, id: `"x"`, question: "Why?", text: "So.", gold: `"So"`, said: `the answer is taken from "completion"`},
		{name: "named", columns: "answer=a,question=q", line: `{"a":"So.","q":"Why?","output":"no"}`, question: "Why?", text: "So."},
		{name: "of the wrong type", columns: "answer=a", line: `{"a":7}`, wrong: "answer is a JSON number, want a string"},
		{name: "vLLM", line: vllm, id: `"q1"`, text: "It is 42.", gold: "42", said: "the responses of a batch"},
		{name: "Anthropic", line: claude, id: `"q2"`, text: "It is 42."},
		{name: "Responses", line: responses, id: `"q3"`, text: "It is 42."},
		{name: "a failed request", line: `{"custom_id":"a","response":{"status_code":429,"body":{"error":{"message":"slow down"}}}}`, wrong: "the request failed with status 429: slow down"},
		{name: "an expired request", line: `{"custom_id":"a","response":null,"error":{"code":"batch_expired","message":"too late"}}`, wrong: "the request failed: too late"},
		{name: "a cancelled request", line: `{"custom_id":"a","result":{"type":"errored","error":{"type":"error","error":{"message":"overloaded"}}}}`, wrong: "the request is errored: overloaded"},
		{name: "a generated sample", line: generated, id: "3", question: "Question: 6*7?", text: "It is 42.", gold: `"42"`, said: "samples of lm-evaluation-harness"},
		{name: "one of an older version", line: before, id: "3", question: "Question: 6*7?", text: "It is 42.", gold: `"42"`},
		{name: "options", line: options, wrong: "finece eval reads its confidence"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var pairs []string
			if c.columns != "" {
				pairs = strings.Split(c.columns, ",")
			}
			named, err := answers.Named(pairs)
			if err != nil {
				t.Fatal(err)
			}
			if !named.Holds([]byte(c.line)) {
				t.Error("it is not taken for an answer")
			}
			layout, said := named.Of([]byte(c.line))
			if !strings.Contains(strings.Join(said, "\n"), c.said) {
				t.Errorf("said %q, want %s", said, c.said)
			}
			r := answers.Reader{Layout: layout}
			a, err := r.Read([]byte(c.line), 1)
			g, failed := layout.Graded([]byte(c.line))
			if c.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), c.wrong) {
					t.Errorf("%v, want %s", err, c.wrong)
				}
				if failed == nil {
					t.Error("it can be graded")
				}
				return
			}
			if err != nil || failed != nil {
				t.Fatal(err, failed)
			}
			text := a.Text
			if a.Whole {
				data, format := a.Stream()
				if format != stream.Auto || !strings.HasPrefix(string(data), "{") {
					t.Errorf("%s: %s", format, data)
				}
				text = *g.Answer
			}
			if string(a.ID) != c.id || a.Question != c.question || text != c.text || *g.Answer != c.text || string(g.Gold) != c.gold {
				t.Errorf("%s %q %q %q %s", a.ID, a.Question, text, *g.Answer, g.Gold)
			}
		})
	}
	for _, wrong := range []string{"answer", "answers=a", "answer="} {
		if _, err := answers.Named([]string{wrong}); err == nil || !strings.Contains(err.Error(), "want NAME=KEY with one of the names id, question, answer") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	// A response of Ollama is no answer of ours, though it has a key that is guessed.
	if answers.Usual().Holds([]byte(`{"model":"m","response":"So.","done":true}`)) {
		t.Error("a recorded response is taken for an answer")
	}
}

func TestTheConfidenceOfOptions(t *testing.T) {
	if got, want := answers.OptionConfidence([]byte(options)), 1/(1+math.Exp(-1)); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	for _, line := range []string{generated, "{}", "", `{"resps":[[["-1","True"]]]}`, `{"resps":[[["x","True"]],[["-1","True"]]]}`} {
		if got := answers.OptionConfidence([]byte(line)); !math.IsNaN(got) {
			t.Errorf("%s: %v", line, got)
		}
	}
}
