package constructing

import (
	"bytes"
	"context"
	"path"
	"strings"
	"sync"

	"github.com/finece/finece/host/beam/internal/job"
)

// replies is the openai.Store of a shard: a folder with a file for each reply. An object store
// has a file only as a whole, so replies cannot be added to one file.
type replies struct {
	ctx    context.Context
	folder string
	mu     sync.Mutex
	known  map[string]bool
}

// replyEnding is the ending of these files. Each is one line of JSON.
const replyEnding = ".jsonl"

func openReplies(ctx context.Context, folder string) (*replies, error) {
	files, err := job.List(ctx, folder+"/*"+replyEnding)
	if err != nil {
		return nil, err
	}
	r := &replies{ctx: ctx, folder: folder, known: map[string]bool{}}
	for _, file := range files {
		// A file that begins with a dot was not finished.
		if name := path.Base(file); !strings.HasPrefix(name, ".") {
			r.known[strings.TrimSuffix(name, replyEnding)] = true
		}
	}
	return r, nil
}

func (r *replies) file(key string) string { return r.folder + "/" + key + replyEnding }

// Load implements openai.Store.
func (r *replies) Load(key string) ([]byte, error) {
	r.mu.Lock()
	known := r.known[key]
	r.mu.Unlock()
	if !known {
		return nil, nil
	}
	text, err := job.ReadFile(r.ctx, r.file(key))
	return bytes.TrimSpace(text), err
}

// Save implements openai.Store.
func (r *replies) Save(key string, value []byte) error {
	if err := job.WriteFile(r.ctx, r.file(key), append(value, '\n')); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[key] = true
	return nil
}

// remove removes the files. One that stays is not read again.
func (r *replies) remove(ctx context.Context) {
	files := make([]string, 0, len(r.known)+1)
	for key := range r.known {
		files = append(files, r.file(key))
	}
	_ = job.Remove(ctx, append(files, r.folder))
}
