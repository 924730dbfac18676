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

// format is a way to store an input. It is recognised by its first bytes.
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

// formats are the formats that are not text. Text is not mistaken for one of them: a header such
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
	{name: "PDF", begin: "%PDF-", advice: "want text: JSON Lines, CSV or a recorded stream"},
	{name: "UTF-16", begin: "\xff\xfe", advice: asUTF8},
	{name: "UTF-16", begin: "\xfe\xff", advice: asUTF8},
}

// Parquet is the format that commands read after a call of [Register].
const Parquet = "Parquet"

// Register sets the reader of a format, which is recognised but refused without a reader. open
// returns a file's content as text. A program calls Register before it opens any input.
// Registration keeps the Parquet reader out of the demo, which is compiled for its first run.
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

// errPiped is the error of a format that is read from its end, in standard input.
var errPiped = errors.New("it cannot be read from standard input; give the file")

// unpacked returns the unpacked content of stored, and its format, which is nil for text. file
// is the file of stored, or nil if it is not in a file.
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

// recognised returns the format of an input, or nil for text. It looks at as few bytes as
// possible, because a stream may send a few bytes and then wait.
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

// unzip returns the only file of an archive. An archive has its list of files at its end, so it
// cannot be read from a pipe.
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
