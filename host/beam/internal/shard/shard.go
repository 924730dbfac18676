// Package shard cuts files into parts that workers read one by one.
//
// A file of JSON Lines that can be read from any place is cut by bytes: a line belongs to
// the shard in which it begins. Parquet that can be read from any place is cut between row
// groups. Any other file is one shard, so such data should be in many files:
//
//   - CSV, because a line end may be inside a field in quotes, and whether it is depends on all
//     the text before.
//   - gzip, whose text depends on the text before. So does zstd's within a frame, and most
//     writers make one frame; frames are not looked for.
//   - Files in an object store, which Beam reads from their beginning alone.
package shard

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"

	"github.com/finece/finece/host/cmd/finece/kit"
)

// Shard is a part of a file. Shards are numbered in the order of the input.
type Shard struct {
	Index int
	File  int // the number of the file
	Path  string
	Whole bool // it is the whole file, of any format, or Groups of it
	// The row groups of Parquet, from the first number to before the second; zeros are all.
	Groups [2]int `json:",omitzero"`
	// The offsets of a part of a file of JSON Lines: lines that begin in [Begin, End).
	Begin, End int64
}

// Files is the files that arguments name: files, patterns, and folders on this machine.
// The names of an object store begin with a scheme such as gs:// or s3://.
func Files(ctx context.Context, args []string) (files []string, err error) {
	for _, arg := range args {
		var found []string
		if strings.Contains(arg, "://") {
			found, err = listed(ctx, arg)
		} else {
			found, err = kit.Expanded(arg)
		}
		if err != nil {
			return nil, kit.Errorf(kit.IO, "%w", err)
		}
		files = append(files, found...)
	}
	return files, nil
}

func listed(ctx context.Context, pattern string) ([]string, error) {
	fs, err := filesystem.New(ctx, pattern)
	if err != nil {
		return nil, err
	}
	defer fs.Close()
	files, err := fs.List(ctx, pattern)
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s: no file matches this pattern", pattern)
	}
	return files, err
}

// Cut cuts files into shards of about so many bytes.
func Cut(ctx context.Context, files []string, size int64) (shards []Shard, err error) {
	for number, path := range files {
		length, lines, err := look(ctx, path)
		if err != nil {
			return nil, kit.Errorf(kit.IO, "%s: %w", path, err)
		}
		if groups := rowGroups(ctx, path, length, size); groups != nil {
			for _, g := range groups {
				shards = append(shards, Shard{Index: len(shards), File: number, Path: path, Whole: true, Groups: g})
			}
			continue
		}
		if !lines || length <= size {
			shards = append(shards, Shard{Index: len(shards), File: number, Path: path, Whole: !lines, End: length})
			continue
		}
		for at := int64(0); at < length; at += size {
			shards = append(shards, Shard{Index: len(shards), File: number, Path: path, Begin: at, End: min(at+size, length)})
		}
	}
	return shards, nil
}

// rowGroups cuts Parquet into row groups that have so many bytes together, or into single
// ones that are larger. It is nil if the file is one shard. What is wrong with a file is told
// when it is read.
func rowGroups(ctx context.Context, path string, length, size int64) (groups [][2]int) {
	if length <= size { // also in an object store, where the length is not known
		return nil
	}
	in, err := (&Shard{Path: path}).Open(ctx)
	if err != nil {
		return nil
	}
	defer in.Close()
	sizes, err := kit.RowGroups(in)
	if err != nil || len(sizes) < 2 {
		return nil
	}
	begin, sum := 0, int64(0)
	for i, n := range sizes {
		if i > begin && sum+n > size {
			groups = append(groups, [2]int{begin, i})
			begin, sum = i, 0
		}
		sum += n
	}
	return append(groups, [2]int{begin, len(sizes)})
}

// look is the length of a file, and whether it is JSON Lines that can be read from any place.
func look(ctx context.Context, path string) (length int64, lines bool, err error) {
	fs, err := filesystem.New(ctx, path)
	if err != nil {
		return 0, false, err
	}
	defer fs.Close()
	r, err := fs.OpenRead(ctx, path)
	if err != nil {
		return 0, false, err
	}
	defer r.Close()
	if file, ok := r.(*os.File); ok {
		info, err := file.Stat()
		if err == nil && !info.Mode().IsRegular() {
			err = errors.New("this is no file: workers read a file several times")
		}
		if err != nil {
			return 0, false, err
		}
		length = info.Size()
	}
	head, err := bufio.NewReaderSize(r, 4<<10).Peek(4 << 10)
	if err != nil && err != io.EOF {
		return 0, false, err
	}
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	_, seeks := r.(io.Seeker)
	return length, seeks && bytes.HasPrefix(head, []byte("{")), nil
}

// Open opens the file for reading from its beginning.
func (s *Shard) Open(ctx context.Context) (*kit.Input, error) {
	fs, err := filesystem.New(ctx, s.Path)
	if err != nil {
		return nil, err
	}
	defer fs.Close()
	r, err := fs.OpenRead(ctx, s.Path)
	if err != nil {
		return nil, err
	}
	if file, ok := r.(*os.File); ok {
		return kit.Opened(s.Path, file)
	}
	defer r.Close()
	file, err := os.CreateTemp("", "finece-beam-*")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(file.Name()) // the open file stays readable
	if _, err := io.Copy(file, r); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return kit.Opened(s.Path, file)
}

// Lines opens the lines of a shard that is not Whole. at is the offset of the first one.
func (s *Shard) Lines(ctx context.Context) (lines io.ReadCloser, at int64, err error) {
	fs, err := filesystem.New(ctx, s.Path)
	if err != nil {
		return nil, 0, err
	}
	defer fs.Close()
	r, err := fs.OpenRead(ctx, s.Path)
	if err != nil {
		return nil, 0, err
	}
	l := &part{file: r, r: bufio.NewReaderSize(r, 1<<20), end: s.End}
	if s.Begin > 0 {
		err = l.skip(s.Begin)
	}
	if err != nil {
		return nil, 0, errors.Join(err, r.Close())
	}
	return l, l.at, nil
}

// part reads whole lines up to the one that has the byte before end.
type part struct {
	file io.ReadCloser
	r    *bufio.Reader
	at   int64 // the offset of the next byte
	end  int64
	mid  bool // a line has begun
	done bool
}

// skip goes to the first line that begins at begin or later.
func (p *part) skip(begin int64) error {
	seeker, ok := p.file.(io.Seeker)
	if !ok {
		return errors.New("the file cannot be read from any place")
	}
	var err error
	if p.at, err = seeker.Seek(begin-1, io.SeekStart); err != nil {
		return err
	}
	for {
		skipped, err := p.r.ReadSlice('\n')
		p.at += int64(len(skipped))
		if err == nil || err == io.EOF {
			return nil
		}
		if err != bufio.ErrBufferFull {
			return err
		}
	}
}

func (p *part) Read(b []byte) (n int, err error) {
	switch {
	case p.done || p.at >= p.end && !p.mid:
		return 0, io.EOF
	case p.at < p.end:
		n, err = p.r.Read(b[:min(int64(len(b)), p.end-p.at)])
	default: // the last line goes on
		n, err = p.r.Read(b)
		if i := bytes.IndexByte(b[:n], '\n'); i >= 0 {
			n, p.done = i+1, true
		}
	}
	p.at += int64(n)
	if n > 0 {
		p.mid = b[n-1] != '\n'
	}
	return n, err
}

func (p *part) Close() error { return p.file.Close() }
