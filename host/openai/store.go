package openai

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// Store keeps replies, so that resumed work does not ask for them again. It is safe for
// concurrent use.
type Store interface {
	// Load returns the value saved under a key, or nil. The caller does not keep or
	// change it.
	Load(key string) ([]byte, error)
	// Save keeps a value: one JSON object on one line that starts with
	// {"key":"...","id":"..."}, where id is the question's. The value has to survive a
	// kill of the process once Save has returned. The caller does not use it
	// afterwards.
	Save(key string, value []byte) error
}

// ErrStore says that replies could not be saved or read. Further questions would
// fail as well.
var ErrStore = errors.New("openai: the store of replies failed")

// Saved holds the first keys of every saved value: embed it as the first field.
type Saved struct {
	Key  string `json:"key"`
	ID   string `json:"id"`   // of the question
	Kind string `json:"kind"` // completions, clusters, verdict, ...
}

func (s *Saved) head() *Saved { return s }

// Keepable is a pointer to a struct that embeds [Saved].
type Keepable interface{ head() *Saved }

// KeyOf returns a key for a list of parts. The parts are encoded as JSON and hashed,
// so that different lists have different keys.
func KeyOf(parts ...any) (string, error) {
	b, err := json.Marshal(parts)
	if err != nil {
		return "", fmt.Errorf("openai: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16]), nil
}

// LoadFrom reads the value of a key into v and reports whether the store has it. A
// nil store has nothing. The error is [ErrStore].
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

// Line returns v as JSON on one line. Characters such as < and > are not escaped.
func Line(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// SaveTo saves a value under a key. id is the question's, and kind names the kind of
// value. A nil store saves nothing. The error is [ErrStore].
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
