package estimate

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestRequestBodies(t *testing.T) {
	type message = map[string]any
	const input = "<question>\n6 * 7?\n</question>\n<answer>\n42\n</answer>"
	prompt := defaultInstructions[Complete] + "\n" + input
	for _, c := range []struct {
		name string
		set  func(*Model)
		want map[string]any
	}{
		{"chat", func(m *Model) { m.Name = `a "model"` }, map[string]any{
			"model":      `a "model"`,
			"messages":   []any{message{"role": "system", "content": defaultInstructions[Complete]}, message{"role": "user", "content": input}},
			"max_tokens": 16.0, "temperature": 0.0, "logprobs": true, "top_logprobs": 20.0,
		}},
		{"chat in one message, without logprobs", func(m *Model) { m.OneMessage, m.TopLogprobs, m.MaxTokens = true, 0, 512 }, map[string]any{
			"messages":   []any{message{"role": "user", "content": prompt}},
			"max_tokens": 512.0, "temperature": 0.0,
		}},
		{"chat with an instruction of one's own", func(m *Model) { m.Instructions[Complete], m.TopLogprobs = "How sure?", 0 }, map[string]any{
			"messages":   []any{message{"role": "system", "content": "How sure?"}, message{"role": "user", "content": input}},
			"max_tokens": 16.0, "temperature": 0.0,
		}},
		{"completions", func(m *Model) { m.Adapter, m.Name, m.TopLogprobs = Completions, "m", 5 }, map[string]any{
			"model": "m", "prompt": "### Instruction:\n" + prompt + "\n\n### Response:\n",
			"max_tokens": 16.0, "temperature": 0.0, "logprobs": 5.0,
		}},
		{"classify", func(m *Model) { m.Adapter, m.Name = Classify, "m" }, map[string]any{"model": "m", "input": prompt}},
		{"pooling", func(m *Model) { m.Adapter = Pooling }, map[string]any{"input": prompt}},
		{"reward", func(m *Model) { m.Adapter, m.Name = Reward, "m" }, map[string]any{"inputs": prompt}},
	} {
		m := DefaultModel()
		c.set(&m)
		if err := m.Validate(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		var got map[string]any
		body := m.AppendRequest([]byte("x"), Complete, []byte("6 * 7?"), []byte("42"))
		if err := json.Unmarshal(body[1:], &got); body[0] != 'x' || err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v in %s\nwant %v", c.name, err, body, c.want)
		}
	}
}

func TestStagesAskDifferentQuestions(t *testing.T) {
	m := DefaultModel()
	seen := map[string]bool{}
	for stage := range Stage(stages) {
		text := string(m.AppendPrompt(nil, stage, []byte("Q"), []byte("A")))
		if seen[m.Instruction(stage)] || !strings.Contains(text, "between 0 and 1") || !strings.Contains(text, "<question>\nQ\n") {
			t.Errorf("%v: %s", stage, text)
		}
		if shows := strings.Contains(text, "answer>\nA\n"); shows != (stage != QuestionOnly) {
			t.Errorf("%v: %s", stage, text)
		}
		seen[m.Instruction(stage)] = true
	}
}

func TestRequestDoesNotAllocate(t *testing.T) {
	question, answer := []byte("6 * 7?"), []byte(strings.Repeat("<b>\n", 1000))
	buffer := make([]byte, 0, 1<<16)
	for adapter := range Adapter(adapters) {
		m := DefaultModel()
		m.Adapter, m.Name = adapter, "m"
		if n := testing.AllocsPerRun(20, func() { m.AppendRequest(buffer, Partial, question, answer) }); n != 0 {
			t.Errorf("%v: %v allocations", adapter, n)
		}
	}
}

func TestNamesReadBack(t *testing.T) {
	for m := range Method(methods) {
		if got, err := ParseMethod(m.String()); err != nil || got != m || !strings.Contains(m.About(), "not calibrated") {
			t.Errorf("%v: %v, %v, %q", m, got, err, m.About())
		}
	}
	for a := range Adapter(adapters) {
		if got, err := ParseAdapter(a.String()); err != nil || got != a || a.Path() == "" {
			t.Errorf("%v: %v, %v", a, got, err)
		}
	}
	for a := range Activation(activations) {
		if got, err := ParseActivation(a.String()); err != nil || got != a {
			t.Errorf("%v: %v, %v", a, got, err)
		}
	}
	if _, err := ParseMethod("mean"); err == nil || !strings.Contains(err.Error(), `"mean"`) || !strings.Contains(err.Error(), "mean-prob") {
		t.Errorf("an unknown name: %v", err)
	}
	if s := Method(200).String() + Method(200).About() + Adapter(200).Path() + Stage(9).String() + Reason(99).String(); s != "unknownunknownunknownunknown" {
		t.Errorf("values out of range: %q", s)
	}
}

func TestModelsThatCannotBeServed(t *testing.T) {
	for name, set := range map[string]func(*Model){
		"Adapter":     func(m *Model) { m.Adapter = adapters },
		"Activation":  func(m *Model) { m.Activation = activations },
		"MaxTokens":   func(m *Model) { m.MaxTokens = 0 },
		"TopLogprobs": func(m *Model) { m.TopLogprobs = -1 },
		"Class":       func(m *Model) { m.Class = -1 },
	} {
		m := DefaultModel()
		set(&m)
		if err := m.Validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
