// Package replies saves the replies of model servers in a file, so that resumed work does not
// ask for them again.
package replies

import (
	"encoding/json"
	"errors"
	"os"
	"sync"

	"github.com/finece/finece/host/cmd/finece/internal/journal"
)

// File is the file of replies, an openai.Store. It keeps in memory where each reply
// is, and reads a reply when it is needed.
type File struct {
	mu      sync.Mutex
	Journal *journal.Journal
	from    *os.File
	spans   map[string]extent
	Of      map[string]bool // questions whose completions were in the file when it was opened
	end     int64
}

type extent struct {
	at   int64
	size int
}

// Open opens the file of replies. Replies for questions that are done are not
// loaded again, so they take no memory.
func Open(path string, done func(id string) bool) (*File, error) {
	s := &File{spans: map[string]extent{}, Of: map[string]bool{}}
	var err error
	s.Journal, err = journal.Open(path, `{"key":`, func(line []byte, _ int) (journal.Verdict, error) {
		var l struct{ Key, ID, Kind string }
		if json.Unmarshal(line, &l) != nil || l.Key == "" || l.Kind == "" {
			return 0, errors.New("not a saved reply of a model server: give another file")
		}
		if !done(l.ID) {
			s.spans[l.Key] = extent{s.end, len(line)}
			s.Of[l.ID] = s.Of[l.ID] || l.Kind == "completions"
		}
		s.end += int64(len(line)) + 1
		return journal.Keep, nil
	})
	if err != nil {
		return nil, err
	}
	if s.from, err = os.Open(path); err != nil {
		return nil, errors.Join(err, s.Journal.Close())
	}
	return s, nil
}

// Load implements openai.Store.
func (s *File) Load(key string) ([]byte, error) {
	s.mu.Lock()
	where, ok := s.spans[key]
	s.mu.Unlock()
	if !ok {
		return nil, nil
	}
	b := make([]byte, where.size)
	_, err := s.from.ReadAt(b, where.at)
	return b, err
}

// Save implements openai.Store.
func (s *File) Save(key string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	size := len(value)
	if err := s.Journal.Append(value); err != nil {
		return err
	}
	s.spans[key] = extent{s.end, size}
	s.end += int64(size) + 1
	return nil
}

// Len returns how many replies can be loaded.
func (s *File) Len() int { return len(s.spans) }

// Close closes the file.
func (s *File) Close() error { return errors.Join(s.Journal.Close(), s.from.Close()) }
