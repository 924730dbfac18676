package construct

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// Store keeps what was paid for: completions, the clusters found with
// embeddings, and verdicts of a judge. It is safe for concurrent use.
type Store interface {
	// Load returns the value saved under a key, or nil. The value is not kept.
	Load(key string) ([]byte, error)
	// Save keeps a value: one JSON object without line ends, that begins with
	// {"key":"...","id":"..."}, the question's id. It has to be safe from a kill
	// when Save returns. The value is not used by the caller afterwards.
	Save(key string, value []byte) error
}

// ErrStore is the error of a question whose replies could not be saved or read.
// Others would fare no better.
var ErrStore = errors.New("construct: the store of replies failed")

// saved is what every value begins with.
type saved struct {
	Key  string `json:"key"`
	ID   string `json:"id"`   // of the question
	Kind string `json:"kind"` // completions, clusters or verdict
}

func (s *saved) head() *saved { return s }

type savedCompletions struct {
	saved
	At               string       `json:"at"`              // which partial answer: "" is the question, "2.1" the first fragment of branch 2
	Start            int          `json:"start"`           // number of the first completion, from 0
	Partial          string       `json:"partial"`         // what was completed
	Served           string       `json:"model,omitempty"` // as the server names it
	Seed             int64        `json:"seed"`
	Completions      []Completion `json:"completions"`
	PromptTokens     int          `json:"prompt_tokens,omitempty"`
	CompletionTokens int          `json:"completion_tokens,omitempty"`
}

type savedClusters struct {
	saved
	At       string    `json:"at"`
	Clusters []Cluster `json:"clusters"`
}

type savedVerdict struct {
	saved
	Verdict string `json:"verdict"` // right, wrong or ungraded
	Reply   string `json:"reply"`
}

// keyOf names what is asked. Parts are JSON-encoded, so no two lists are alike.
func keyOf(parts ...any) (string, error) {
	b, err := json.Marshal(parts)
	if err != nil {
		return "", fmt.Errorf("construct: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16]), nil
}

// load reads a value from a store into v. A store may be nil.
func load(s Store, key string, v any) (bool, error) {
	if s == nil {
		return false, nil
	}
	b, err := s.Load(key)
	if err != nil {
		return false, fmt.Errorf("%w: reading: %w", ErrStore, err)
	}
	if b == nil {
		return false, nil
	}
	if err := json.Unmarshal(b, v); err != nil {
		return false, fmt.Errorf("%w: reading: %w", ErrStore, err)
	}
	return true, nil
}

// line is v as JSON in one line, as readable as it can be: "<<3*6=18>>" stays.
func line(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func save(s Store, key, id, kind string, v interface{ head() *saved }) error {
	if s == nil {
		return nil
	}
	*v.head() = saved{key, id, kind}
	b, err := line(v)
	if err == nil {
		err = s.Save(key, b)
	}
	if err != nil {
		return fmt.Errorf("%w: saving: %w", ErrStore, err)
	}
	return nil
}
