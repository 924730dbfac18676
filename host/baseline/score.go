package baseline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/finece/finece/host/openai"
)

// Method is a way to get the log-probabilities of a given text.
type Method uint8

const (
	// NoScoring does not score texts: Tokens is unavailable.
	NoScoring Method = iota
	// Echo uses /completions with "echo" and no token to generate, which vLLM, SGLang and
	// this project's own server support. A chat must be written as the text that the model
	// sees: Scoring.Prompt.
	Echo
	// PromptLogprobs uses /chat/completions with "prompt_logprobs", which vLLM supports.
	PromptLogprobs
	methods = iota
)

var methodNames = [methods]string{"none", "echo", "prompt-logprobs"}

// Methods returns the names of the methods.
func Methods() []string { return methodNames[:] }

// String returns "none", "echo" or "prompt-logprobs".
func (m Method) String() string {
	if int(m) < len(methodNames) {
		return methodNames[m]
	}
	return fmt.Sprintf("method(%d)", m)
}

// ParseMethod reads a name that String returns.
func ParseMethod(s string) (Method, error) {
	for i, name := range methodNames {
		if s == name {
			return Method(i), nil
		}
	}
	return 0, fmt.Errorf("baseline: unknown way to score a text %q: want %s", s, strings.Join(methodNames[:], ", "))
}

// Scoring says how the log-probabilities of a text's tokens are obtained.
type Scoring struct {
	Method Method
	// Prompt is the text before the answer, for Echo. It is the chat template written out,
	// such as
	//
	//	<|user|>{question}<|end|><|assistant|>
	//
	// {question} is replaced by the generator's prompt for the question. "" is that prompt
	// alone.
	Prompt string
}

const placeholder = "{question}"

func (s *Scoring) validate() error {
	if s.Method >= methods {
		return fmt.Errorf("baseline: unknown %v", s.Method)
	}
	if s.Prompt != "" && !strings.Contains(s.Prompt, placeholder) {
		return fmt.Errorf("baseline: Scoring.Prompt does not contain %s", placeholder)
	}
	return nil
}

func (s *Scoring) before(asked string) string {
	if s.Prompt == "" {
		return asked
	}
	return strings.ReplaceAll(s.Prompt, placeholder, asked)
}

// scored is the result of scoring a text, as the store keeps it.
type scored struct {
	openai.Saved
	Tokens           []openai.Token `json:"tokens"`
	Why              string         `json:"why,omitempty"` // why there are no Tokens
	PromptTokens     int            `json:"prompt_tokens,omitempty"`
	CompletionTokens int            `json:"completion_tokens,omitempty"`
}

// score has a model on the generator's server score the answer so far, and returns its
// tokens with log-probabilities.
func (c *Collector) score(ctx context.Context, s *State, model string) (*scored, error) {
	request := c.request()
	if model != "" {
		request["model"] = model
	}
	prompt := c.config.Scoring.before(c.config.Generator.Prompt(s.Question.Text))
	if c.config.Scoring.Method == Echo {
		request["prompt"], request["echo"], request["max_tokens"] = prompt+s.Text, true, 0
		request["logprobs"] = c.config.TopLogprobs
	} else {
		request["messages"] = c.config.Generator.Messages(s.Question.Text, s.Text)
		request["continue_final_message"], request["add_generation_prompt"] = true, false
		request["prompt_logprobs"], request["max_tokens"] = 0, 1
	}
	out := &scored{}
	err := c.once(ctx, s.Question.ID, "scores", []any{c.config.Scoring.Method.String(), request}, out, func() error {
		var body json.RawMessage
		err := c.scoring.Post(ctx, request, &body)
		if lacksScoring(err) {
			out.Why = err.Error()
			return nil
		}
		if err != nil {
			return err
		}
		var r scoreReply
		if err := json.Unmarshal(body, &r); err != nil {
			return c.scoring.Failure(fmt.Errorf("the reply: %w", err))
		}
		out.PromptTokens, out.CompletionTokens = r.Usage.Prompt, r.Usage.Completion
		if out.Tokens, err = r.tokens(prompt, s.Text); err != nil {
			out.Why = err.Error()
		}
		return nil
	})
	return out, err
}

// lacksScoring reports whether the error means that the server cannot score texts.
func lacksScoring(err error) bool {
	var e *openai.ServerError
	return openai.Refused(err) || errors.As(err, &e) && (e.Status == http.StatusNotFound || e.Status == http.StatusMethodNotAllowed)
}

type scoreReply struct {
	Choices []struct {
		Text     string           `json:"text"`
		Logprobs *openai.Logprobs `json:"logprobs"`
	} `json:"choices"`
	Prompt []map[string]promptToken `json:"prompt_logprobs"`
	Usage  usage                    `json:"usage"`
}

type promptToken struct {
	Logprob *float64 `json:"logprob"`
	Text    string   `json:"decoded_token"`
}

// tokens returns the tokens of the text that follows the prompt.
func (r *scoreReply) tokens(prompt, text string) ([]openai.Token, error) {
	if r.Prompt != nil {
		var all []openai.Token
		for _, place := range r.Prompt {
			t := openai.Token{Logprob: math.NaN()}
			for _, p := range place { // there is only one, because no alternatives were requested
				if t.Text = p.Text; p.Logprob != nil {
					t.Logprob = *p.Logprob
				}
			}
			all = append(all, t)
		}
		return last(all, text)
	}
	if len(r.Choices) == 0 || r.Choices[0].Logprobs == nil {
		return nil, errors.New(noLogprobs)
	}
	l := r.Choices[0].Logprobs
	all, err := l.List()
	if err != nil {
		return nil, err
	}
	out, err := last(all, text)
	if err != nil {
		if cut, ok := byOffsets(all, l.Offsets, prompt, text); ok {
			return cut, nil
		}
	}
	return out, err
}

// byOffsets returns the tokens of text, cut at their offsets, which count code points of
// prompt + text. It is for servers that cannot write parts of a character: such a token has
// no text, or U+FFFD.
func byOffsets(all []openai.Token, offsets []int, prompt, text string) ([]openai.Token, bool) {
	if len(offsets) != len(all) {
		return nil, false
	}
	begin, runes := utf8.RuneCountInString(prompt), []rune(text)
	var out []openai.Token
	var joined strings.Builder
	for i, t := range all {
		from, to := offsets[i], begin+len(runes)
		if i+1 < len(offsets) {
			to = offsets[i+1]
		}
		if from > to || to > begin+len(runes) {
			return nil, false
		}
		if to <= begin {
			continue
		}
		piece := string(runes[max(from-begin, 0) : to-begin])
		switch {
		case from < begin: // the token begins in the prompt
			t.Logprob, t.Top = math.NaN(), nil
		case piece != t.Text && utf8.ValidString(t.Text) && !strings.ContainsRune(t.Text, utf8.RuneError):
			return nil, false // the offsets are of another text
		}
		t.Text = piece
		joined.WriteString(piece)
		out = append(out, t)
	}
	return out, joined.String() == text
}

// last returns the last tokens, which together are text. If the first of them begins before
// text, it is cut and has no log-probability.
func last(all []openai.Token, text string) ([]openai.Token, error) {
	left := text
	i := len(all)
	for i > 0 && left != "" {
		i--
		rest, ok := strings.CutSuffix(left, all[i].Text)
		switch {
		case ok:
			left = rest
		case strings.HasSuffix(all[i].Text, left):
			cut := openai.Token{Text: left, Logprob: math.NaN()}
			return append([]openai.Token{cut}, all[i+1:]...), nil
		default:
			return nil, fmt.Errorf("the tokens do not make up the text: %.40q is not the end of %.40q", all[i].Text, left)
		}
	}
	if left != "" {
		return nil, fmt.Errorf("the tokens do not make up the text: %.40q is left", left)
	}
	return all[i:], nil
}
