package input

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// format is a way to store an input, known by how its bytes begin.
type format struct {
	name  string
	begin string
	// unpack returns the content. Without it the format cannot be read, and advice
	// says what to do.
	unpack func(packed io.Reader, file *File) (io.Reader, error)
	advice string
}

const (
	asLines = "write it as JSON Lines or CSV, for instance with DuckDB: COPY (FROM 'x.parquet') TO 'x.jsonl'"
	asUTF8  = "convert it to UTF-8, for instance with iconv"
	apart   = "unpack it first"
)

// formats are those that are not text. No text begins like one of them: a header such
// as PAR1,PAR2 is CSV.
var formats = []format{
	{name: "gzip", begin: "\x1f\x8b", unpack: gunzip},
	{name: "zstd", begin: "\x28\xb5\x2f\xfd", unpack: unzstd},
	{name: "bzip2", begin: "BZh91AY&SY", unpack: func(r io.Reader, _ *File) (io.Reader, error) { return bzip2.NewReader(r), nil }},
	{name: "a zip archive", begin: "PK\x03\x04", unpack: unzip},
	{name: Parquet, begin: "PAR1\x15", advice: asLines},
	{name: "Arrow", begin: "ARROW1\x00\x00", advice: asLines},
	{name: "Avro", begin: "Obj\x01", advice: asLines},
	{name: "an SQLite database", begin: "SQLite format 3\x00", advice: "write the rows as JSON Lines or CSV, for instance with sqlite3 -csv -header"},
	{name: "a NumPy array", begin: "\x93NUMPY", advice: "write it as JSON Lines or CSV"},
	{name: "xz", begin: "\xfd7zXZ\x00", advice: apart},
	{name: "lz4", begin: "\x04\x22\x4d\x18", advice: apart},
	{name: "7-Zip", begin: "7z\xbc\xaf\x27\x1c", advice: apart},
	{name: "PDF", begin: "%PDF-", advice: "the input is text: JSON Lines, CSV or a recorded stream"},
	{name: "UTF-16", begin: "\xff\xfe", advice: asUTF8},
	{name: "UTF-16", begin: "\xfe\xff", advice: asUTF8},
}

// Parquet is the format that commands read after a call of [Register].
const Parquet = "Parquet"

// Register gives the reader of a format that is otherwise recognised and refused: open
// gives the text of a file. A program calls it before it opens anything. So the demo,
// which is compiled for its first run, does not link what reads Parquet.
func Register(name string, open func(*File) (io.Reader, error)) {
	for i := range formats {
		if f := &formats[i]; f.name == name {
			f.unpack = func(_ io.Reader, file *File) (io.Reader, error) {
				if file == nil {
					return nil, errPiped
				}
				return open(file)
			}
		}
	}
}

// errPiped is the error of a format whose end has to be read first.
var errPiped = errors.New("it cannot be read from standard input; give the file")

// unpacked is what stored unpacks to, and its format; nil for text. file is where it is, nil if it is not in a file.
func unpacked(stored io.Reader, file *File) (io.Reader, *format, error) {
	b := bufio.NewReader(stored)
	f := recognised(b)
	if f == nil {
		return b, nil, nil
	}
	if f.unpack == nil {
		return nil, nil, fmt.Errorf("this is %s; %s", f.name, f.advice)
	}
	r, err := f.unpack(b, file)
	if err != nil {
		return nil, nil, fmt.Errorf("this is %s: %w", f.name, err)
	}
	return r, f, nil
}

// recognised is the format of an input, nil for text. It looks at no more bytes than it
// needs, because a stream that is watched may send a few and then wait.
func recognised(b *bufio.Reader) *format {
	possible := true
	for n := 1; possible; n++ {
		head, err := b.Peek(n)
		possible = false
		for i := range formats {
			f := &formats[i]
			if bytes.HasPrefix(head, []byte(f.begin)) {
				return f
			}
			possible = possible || err == nil && strings.HasPrefix(f.begin, string(head))
		}
	}
	return nil
}

func gunzip(r io.Reader, _ *File) (io.Reader, error) { return gzip.NewReader(r) }

// maxWindow bounds the memory of unpacking zstd. zstd --long needs at most 128 MiB.
const maxWindow = 128 << 20

func unzstd(r io.Reader, _ *File) (io.Reader, error) {
	return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
}

// unzip is the one file of an archive. The list of files is at the archive's end, so
// that it cannot be read from a pipe.
func unzip(_ io.Reader, file *File) (io.Reader, error) {
	if file == nil {
		return nil, errPiped
	}
	z, err := zip.NewReader(file, file.Size)
	if err != nil {
		return nil, err
	}
	var only *zip.File
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		if only != nil {
			return nil, errors.New("it has several files; unpack it and give one of them")
		}
		only = f
	}
	if only == nil {
		return nil, errors.New("it has no file")
	}
	return only.Open()
}
