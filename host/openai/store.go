package openai

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// Store keeps what was paid for: completions, the clusters found with
// embeddings, and judgements. It is safe for concurrent use.
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
var ErrStore = errors.New("openai: the store of replies failed")

// Saved is what every value begins with: embed it first in what is saved.
type Saved struct {
	Key  string `json:"key"`
	ID   string `json:"id"`   // of the question
	Kind string `json:"kind"` // completions, clusters, verdict, ...
}

func (s *Saved) head() *Saved { return s }

// Keepable is a pointer to a struct with [Saved] in it.
type Keepable interface{ head() *Saved }

// KeyOf names what is asked. Parts are JSON-encoded, so no two lists are alike.
func KeyOf(parts ...any) (string, error) {
	b, err := json.Marshal(parts)
	if err != nil {
		return "", fmt.Errorf("openai: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16]), nil
}

// LoadFrom reads a value from a store into v, and reports whether it is there. A
// store may be nil, and then it is not. The error is [ErrStore].
func LoadFrom(s Store, key string, v any) (bool, error) {
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

// Line is v as JSON in one line, as readable as it can be: "<<3*6=18>>" stays.
func Line(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// SaveTo saves a value under a key; id is the question's, and kind says what it
// is. A store may be nil. The error is [ErrStore].
func SaveTo(s Store, key, id, kind string, v Keepable) error {
	if s == nil {
		return nil
	}
	*v.head() = Saved{key, id, kind}
	b, err := Line(v)
	if err == nil {
		err = s.Save(key, b)
	}
	if err != nil {
		return fmt.Errorf("%w: saving: %w", ErrStore, err)
	}
	return nil
}
