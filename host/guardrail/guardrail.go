// Package guardrail serves LiteLLM's generic guardrail API (guardrail: generic_guardrail_api)
// with a confidence model. LiteLLM is a proxy for language models. It calls the
// guardrail before an answer is generated, and again when there is text of the
// answer. It blocks the answer if the guardrail says so.
//
//	handler, err := guardrail.New(config)
//	...
//	mux.Handle(guardrail.Path, access.GuardAPI(handler)) // access is a *gateway.Access
//
// LiteLLM's first call has the question, and later calls have the text without the
// question. All calls about an answer have the same litellm_call_id, so the guardrail
// keeps the question in memory until the later calls. In LiteLLM the guardrail
// therefore needs both modes, pre_call and post_call. The calls have no
// log-probabilities, so a confidence model is needed.
//
// # Streams
//
// A call does not say whether its text is complete. It is complete if the answer is not
// streamed, or with LiteLLM's streaming_end_of_stream_only or streaming_buffer_until_moderated.
// Then use [Whole], which judges the answer by p(z), its confidence as a whole. Otherwise
// LiteLLM calls at every fifth chunk with the text so far. Then use [Growing], which judges each
// paragraph that further text follows. It does not judge the last paragraph, which may be
// unfinished, so an answer of one paragraph is not judged at all.
//
// # The gate
//
// If p(0), the confidence of the question alone, is above Config.SkipAbove, the answer passes
// and the model is asked nothing else. The model is not asked again about a question or text
// that a later call repeats.
package guardrail

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// Path is the path that LiteLLM calls, below its api_base.
const Path = "/beta/litellm_basic_guardrail_api"

// Texts says which part of an answer a call has.
type Texts string

const (
	Whole   Texts = "whole"   // the whole answer
	Growing Texts = "growing" // the text so far of a stream
)

// Config configures a guardrail. All fields except Tell and Drifted have to be set.
type Config struct {
	Follower     *follow.Follower // with a confidence model
	Session      host.Config
	Below        float64 // the confidence below which an answer is blocked, in [0,1]
	SkipAbove    float64 // p(0) above which an answer passes without being scored, in [0,1]; 1 never skips
	Failure      gateway.Failure
	Uncalibrated gateway.Uncalibrated
	Texts        Texts
	// ConversationTokens bounds the messages, in tokens, that a confidence model is given
	// besides the user's last message: see [follow.Conversation].
	ConversationTokens int
	Timeout            time.Duration // for the confidences of one call
	MaxRequest         int64         // bytes of a call
	Drifted            func() bool   // reports whether the calibration no longer holds; nil means never
	Tell               func(Verdict) // is called with each verdict; may be nil
}

// Verdict is the decision about a call with text.
type Verdict struct {
	Client     string
	Blocked    bool
	Reason     string  // "low", or why the text could not be checked; "" if it passed the check
	Confidence float64 // the lowest confidence of the judged parts, if Reason is "" or "low"
	Skipped    bool    // the text passed because the confidence of its question is above SkipAbove
}

// Handler serves a guardrail. It is safe for concurrent use. It does not check who may use it:
// wrap it in [gateway.Access.GuardAPI].
type Handler struct {
	config Config
	asked  *lru.Cache[callKey, *asked]
}

type callKey struct{ client, id string }

// asked is a question whose answer is not complete yet.
type asked struct {
	messages follow.Conversation
	mu       sync.Mutex
	replies  map[[sha256.Size]byte][]byte // replies of the confidence model, for repeated text
}

// maxAsked bounds the questions in memory, and maxReplies the replies about each.
const (
	maxAsked   = 4096
	maxReplies = 64
)

// New makes a handler. It fails if the session has no confidence model, or if Texts is unknown.
func New(c Config) (*Handler, error) {
	switch {
	case c.Session.Estimator != session.Model:
		return nil, errors.New("guardrail: LiteLLM sends no log-probabilities, so a confidence model is needed")
	case c.Texts != Whole && c.Texts != Growing:
		return nil, errors.New("guardrail: texts " + string(c.Texts) + ": want " + string(Whole) + " or " + string(Growing))
	}
	c.Session.Format = stream.Text
	questions, _ := lru.New[callKey, *asked](maxAsked) // the error is about sizes below 1
	return &Handler{config: c, asked: questions}, nil
}

// call is a request of LiteLLM. Further keys are ignored: clients of LiteLLM can set some of
// them, and no client may decide how it is checked.
type call struct {
	InputType string          `json:"input_type"`
	CallID    string          `json:"litellm_call_id"`
	Texts     []string        `json:"texts"`
	Messages  json.RawMessage `json:"structured_messages"`
	ToolCalls json.RawMessage `json:"tool_calls"`
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		gateway.WriteError(w, r, http.StatusMethodNotAllowed, "finece-method", Path+" takes POST")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.config.MaxRequest))
	var c call
	if err == nil {
		err = json.Unmarshal(body, &c)
	}
	if err != nil || c.InputType != "request" && c.InputType != "response" {
		gateway.WriteError(w, r, http.StatusBadRequest, "finece-request", "want a call of LiteLLM's generic_guardrail_api")
		return
	}
	key := callKey{gateway.ClientOf(r.Context()), c.CallID}
	answer := map[string]string{"action": "NONE"}
	if c.InputType == "request" {
		h.keep(key, &c)
	} else if v := h.judge(r.Context(), key, &c); v.Blocked {
		answer = map[string]string{"action": "BLOCKED", "blocked_reason": v.said()}
	}
	text, _ := json.Marshal(answer) // texts have no error
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(text, '\n'))
}

// said returns the message for the client of LiteLLM.
func (v *Verdict) said() string {
	if v.Reason == "low" {
		return "The answer is withheld: it is not likely enough to be correct."
	}
	return "The answer is withheld: it could not be checked (" + v.Reason + ")."
}

// keep stores the question of a call.
func (h *Handler) keep(key callKey, c *call) {
	a := &asked{replies: map[[sha256.Size]byte][]byte{}}
	s := &jsonscan.Scanner{}
	s.Reset(c.Messages)
	if a.messages.Read(s); a.messages.Question() == "" && len(c.Texts) > 0 {
		a.messages = follow.Conversation{}
		a.messages.Add(follow.User, c.Texts[len(c.Texts)-1])
	}
	h.asked.Add(key, a)
}

// judge decides about the texts of a call. Each choice has one text.
func (h *Handler) judge(ctx context.Context, key callKey, c *call) Verdict {
	v := Verdict{Client: key.client, Confidence: 1}
	a, _ := h.asked.Get(key)
	ctx, cancel := context.WithTimeout(ctx, h.config.Timeout)
	defer cancel()
	switch {
	case a == nil || a.messages.Question() == "":
		v.Reason = "no-question"
	case len(c.Texts) == 0 && len(c.ToolCalls) > 0 && string(c.ToolCalls) != "null":
		v.Reason = "no-text"
	default:
		for _, text := range c.Texts {
			h.text(ctx, a, text, &v)
		}
	}
	v.Blocked = v.Reason == "low" || v.Reason != "" && h.config.Failure == gateway.Closed
	if h.config.Tell != nil {
		h.config.Tell(v)
	}
	return v
}

// text judges one text. A low confidence replaces the reason of a text that could not be checked.
func (h *Handler) text(ctx context.Context, a *asked, text string, v *Verdict) {
	whole := h.config.Texts == Whole
	all, question, err := h.score(ctx, a, text, whole)
	switch {
	case err != nil:
		v.worse(session.CoreLost.String())
		return
	case question != nil:
		v.Skipped, v.Confidence = true, min(v.Confidence, question.Fused)
		return
	}
	if whole {
		c := all.Answer(0).Headline()
		if c == nil {
			v.worse(session.NoText.String())
			return
		}
		h.compare(c, v)
		return
	}
	for i := range all.Answer(0).Places {
		if c := &all.Answer(0).Places[i].Confidence; c.Kinds&position.Question == 0 {
			h.compare(c, v)
		}
	}
}

// usable reports whether the guardrail may act on a confidence.
func (h *Handler) usable(c *record.Confidence) bool {
	if h.config.Drifted != nil && h.config.Drifted() {
		c.Drifted()
	}
	return c.HasValue() && (c.Calibrated || h.config.Uncalibrated == gateway.Allow)
}

func (h *Handler) compare(c *record.Confidence, v *Verdict) {
	switch usable := h.usable(c); {
	case !c.HasValue():
		v.worse(c.Reason.String())
	case !usable:
		v.worse("not-calibrated")
	case c.Fused < h.config.Below:
		v.Reason, v.Confidence = "low", min(v.Confidence, c.Fused)
	default:
		v.Confidence = min(v.Confidence, c.Fused)
	}
}

// worse notes that a text could not be checked.
func (v *Verdict) worse(reason string) {
	if v.Reason == "" {
		v.Reason = reason
	}
}

// score follows a text as a stream of its own. If the confidence of the question lets the text
// pass, passes is that confidence, and the model is asked nothing more.
func (h *Handler) score(ctx context.Context, a *asked, text string, whole bool) (all *follow.Ledger, passes *record.Confidence, err error) {
	config := h.config.Session
	a.messages.Ask(&config, h.config.ConversationTokens)
	f := *h.config.Follower
	f.Post = a.remembered(h.config.Follower)
	f.Limits.QuestionFirst = h.config.SkipAbove < 1
	all = &follow.Ledger{}
	var s *follow.Stream
	s, err = f.Open(ctx, config, follow.Handler{Record: func(r record.Record) {
		all.Take(r)
		c, ok := r.(*record.Confidence)
		if ok && passes == nil && c.Kinds&position.Question != 0 && h.config.SkipAbove < 1 && h.usable(c) && c.Fused > h.config.SkipAbove {
			passes = c
			s.Stop(session.Cancelled)
		}
	}})
	if err != nil {
		return nil, nil, err
	}
	defer s.Close()
	if err = s.Write([]byte(text)); err == nil && whole {
		err = s.End()
	}
	if err == nil {
		err = s.Drain(ctx, session.Timeout)
	}
	return all, passes, err
}

// remembered asks the confidence model, unless it has replied to the same request about this answer.
func (a *asked) remembered(f *follow.Follower) model.Post {
	post := f.Post
	if post == nil {
		post = f.Client.Post
	}
	return func(ctx context.Context, body []byte) ([]byte, error) {
		key := sha256.Sum256(body)
		a.mu.Lock()
		reply, known := a.replies[key]
		a.mu.Unlock()
		if known {
			return reply, nil
		}
		reply, err := post(ctx, body)
		a.mu.Lock()
		defer a.mu.Unlock()
		if err == nil && len(a.replies) < maxReplies {
			a.replies[key] = reply
		}
		return reply, err
	}
}
