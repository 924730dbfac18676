package job

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"path/filepath"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
)

// File is a file that is written under another name and renamed at the end. An object store
// has a file only when it is closed, so there it is written under its own name.
type File struct {
	io.WriteCloser
	ctx      context.Context
	fs       filesystem.Interface
	path, at string
}

// Create begins a file.
func Create(ctx context.Context, path string) (*File, error) {
	fs, err := filesystem.New(ctx, path)
	if err != nil {
		return nil, err
	}
	f := &File{ctx: ctx, fs: fs, path: path, at: path}
	if _, local := fs.(filesystem.Renamer); local && filepath.IsAbs(path) {
		f.at = filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text())
	}
	if f.WriteCloser, err = fs.OpenWrite(ctx, f.at); err != nil {
		return nil, errors.Join(err, fs.Close())
	}
	return f, nil
}

// Commit ends the file.
func (f *File) Commit() error {
	err := f.Close()
	if err == nil && f.at != f.path {
		err = f.fs.(filesystem.Renamer).Rename(f.ctx, f.at, f.path)
	}
	return errors.Join(err, f.fs.Close())
}

// Abort removes what was written.
func (f *File) Abort() error {
	err := f.Close()
	if remover, ok := f.fs.(filesystem.Remover); ok && f.at != f.path {
		err = errors.Join(err, remover.Remove(f.ctx, f.at))
	}
	return errors.Join(err, f.fs.Close())
}
