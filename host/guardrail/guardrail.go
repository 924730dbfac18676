// Package guardrail serves LiteLLM's generic guardrail API (guardrail: generic_guardrail_api)
// with a confidence model. LiteLLM asks it before an answer is generated and when there is
// text of the answer, and blocks what it is told to block.
//
// LiteLLM's first call has the question, and the later ones have the text without the
// question. Both have a litellm_call_id, by which the question is kept in memory. So a
// guardrail in LiteLLM needs the modes pre_call and post_call. There are no log-probabilities.
//
// # Streams
//
// No call says whether its text is whole. With streaming_end_of_stream_only or
// streaming_buffer_until_moderated it is, as for answers that are not streamed, and
// [Whole] judges the answer by p(z). Otherwise LiteLLM calls with the text so far at every
// fifth chunk. Then [Growing] judges the paragraphs that further text has closed. The last
// paragraph is not judged, since it may be unfinished, and an answer of one paragraph is not
// judged at all.
//
// # The gate
//
// If p(0), the confidence of the question alone, is above Config.SkipAbove, the answer passes and
// nothing else is asked. Calls that repeat the text do not ask about the question again.
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

// Path is where LiteLLM asks, below its api_base.
const Path = "/beta/litellm_basic_guardrail_api"

// Texts says what the text of a call is.
type Texts string

const (
	Whole   Texts = "whole"   // the whole answer
	Growing Texts = "growing" // of a stream, the text so far
)

// Config is a guardrail. All fields but Tell and Drifted have to be set.
type Config struct {
	Follower     *follow.Follower // with a confidence model
	Session      host.Config
	Below        float64 // the confidence below which an answer is blocked, in [0,1]
	SkipAbove    float64 // p(0) above which an answer passes without being scored, in [0,1]; 1 never skips
	Failure      gateway.Failure
	Uncalibrated gateway.Uncalibrated
	Texts        Texts
	// ConversationTokens bounds what a confidence model is asked about beside the user's last
	// message, in tokens: see [follow.Conversation].
	ConversationTokens int
	Timeout            time.Duration // for the confidences of one call
	MaxRequest         int64         // bytes of a call
	Drifted            func() bool   // whether the calibration no longer holds; nil is never
	Tell               func(Verdict) // is told what was decided about each text; it may be nil
}

// Verdict is what was decided about a call with text.
type Verdict struct {
	Client     string
	Blocked    bool
	Reason     string  // "low", or why the text could not be checked; "" if it passed the check
	Confidence float64 // the lowest that was compared, if Reason is "" or "low"
	Skipped    bool    // it passed by the confidence of its question alone
}

// Handler serves a guardrail. It is safe for concurrent use. Who may use it is checked
// before, by [gateway.Access.GuardAPI].
type Handler struct {
	config Config
	asked  *lru.Cache[callKey, *asked]
}

type callKey struct{ client, id string }

// asked is a question whose answer is to come.
type asked struct {
	messages follow.Conversation
	mu       sync.Mutex
	replies  map[[sha256.Size]byte][]byte // of the confidence model, for text that is repeated
}

// maxAsked and maxReplies bound the memory: of questions, and of replies to each.
const (
	maxAsked   = 4096
	maxReplies = 64
)

// New makes a handler. An error says that the session asks no confidence model, or that Texts
// is unknown.
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

// call is what LiteLLM sends. Further keys are ignored: some of them a client of LiteLLM can
// set, and no client may say how it is checked.
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

// said is the message that the client of LiteLLM gets.
func (v *Verdict) said() string {
	if v.Reason == "low" {
		return "The answer is withheld: it is not likely enough to be correct."
	}
	return "The answer is withheld: it could not be checked (" + v.Reason + ")."
}

// keep keeps the question of a call.
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

// judge decides about the texts of a call, one of each choice.
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

// text judges one text. A low confidence counts more than what could not be checked.
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

// usable reports whether a value may be acted on.
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

// score follows a text as a stream of its own. If the confidence of the question lets it pass, it
// returns that, and asks nothing more.
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

// remembered asks the confidence model, unless it was asked the same of this answer.
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
