package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"

	"github.com/finece/finece/host/cmd/finece/kit"
)

// Output is the output of a job: a folder, or a prefix in an object store. Each shard has
// files of its own. Its counts are written last, so a shard with counts is done. Folders that
// begin with _ are not read as data.
type Output struct {
	Folder string
	Of     int // shards
}

// NewOutput is the output at the value of -o. Workers may have another working directory, so
// the name of a folder becomes absolute.
func NewOutput(folder string, shards int) (Output, error) {
	if !strings.Contains(folder, "://") {
		var err error
		if folder, err = filepath.Abs(folder); err != nil {
			return Output{}, kit.Errorf(kit.IO, "-o: %w", err)
		}
	}
	return Output{strings.TrimSuffix(folder, "/"), shards}, nil
}

// In is the file of a shard in a folder of the output; "" is the output itself.
func (o Output) In(folder string, shard int, ending string) string {
	if folder != "" {
		folder += "/"
	}
	return fmt.Sprintf("%s/%spart-%05d-of-%05d%s", o.Folder, folder, shard, o.Of, ending)
}

// Lines is the file of a shard's lines.
func (o Output) Lines(shard int) string { return o.In("", shard, ".jsonl") }

// Rejected is the file of what could not be used of a shard.
func (o Output) Rejected(shard int) string { return o.In("_rejected", shard, ".jsonl") }

// Total is the file of the counts of all shards.
func (o Output) Total() string { return o.Folder + "/_total.json" }

// Done returns the counts of a shard, nil if it is not done.
func (o Output) Done(ctx context.Context, shard int) ([]byte, error) {
	return readIfThere(ctx, o.In("_counts", shard, ".json"))
}

// Finish keeps the counts of a shard.
func (o Output) Finish(ctx context.Context, shard int, counts []byte) error {
	return WriteFile(ctx, o.In("_counts", shard, ".json"), counts)
}

// Begin keeps the plan of a job, or compares it with that of the job that has begun the output.
// An error has an exit code.
func (o Output) Begin(ctx context.Context, plan any) error {
	text, err := json.MarshalIndent(plan, "", " ")
	if err != nil {
		return err
	}
	path := o.Folder + "/_plan.json"
	was, err := readIfThere(ctx, path)
	if err == nil && was == nil {
		was, err = text, WriteFile(ctx, path, text)
	}
	switch {
	case err != nil:
		return kit.Errorf(kit.IO, "-o: %w", err)
	case !bytes.Equal(was, text):
		return kit.Errorf(kit.Usage, "-o: %s was begun with other flags or another input: give the same ones to resume, or another -o", o.Folder)
	}
	return nil
}

// readIfThere reads a file, nil if there is none.
func readIfThere(ctx context.Context, path string) ([]byte, error) {
	fs, err := filesystem.New(ctx, path)
	if err != nil {
		return nil, err
	}
	defer fs.Close()
	found, err := fs.List(ctx, path)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return filesystem.Read(ctx, fs, path)
}

// ReadFile reads a file of any file system.
func ReadFile(ctx context.Context, path string) ([]byte, error) {
	fs, err := filesystem.New(ctx, path)
	if err != nil {
		return nil, err
	}
	defer fs.Close()
	return filesystem.Read(ctx, fs, path)
}

// List returns the files that a pattern matches.
func List(ctx context.Context, pattern string) ([]string, error) {
	fs, err := filesystem.New(ctx, pattern)
	if err != nil {
		return nil, err
	}
	defer fs.Close()
	return fs.List(ctx, pattern)
}

// Remove removes files of one file system.
func Remove(ctx context.Context, paths []string) error {
	if len(paths) == 0 {
		return nil
	}
	fs, err := filesystem.New(ctx, paths[0])
	if err != nil {
		return err
	}
	defer fs.Close()
	remover, ok := fs.(filesystem.Remover)
	if !ok {
		return nil
	}
	var errs []error
	for _, path := range paths {
		errs = append(errs, remover.Remove(ctx, path))
	}
	return errors.Join(errs...)
}
