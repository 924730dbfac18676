package construct

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/finece/finece/host/grade"
)

// Dataset is a public file format of questions.
type Dataset uint8

const (
	Plain         Dataset = iota // {"id","question","gold","choices"?}
	GSM8K                        // {"question","answer"}, the answer ending in "#### 18"
	CommonsenseQA                // the authors' lines, or those of the Hugging Face hub
	TriviaQA                     // the authors' document with "Data", or lines with "answer":{"aliases"}
	AIME                         // lines or CSV with a problem and its integer
	MMLU                         // the authors' CSV, or lines with "choices" and "answer":0
	NQOpen                       // {"question","answer":["...", ...]}
)

var datasetNames = [...]string{"plain", "gsm8k", "commonsenseqa", "triviaqa", "aime", "mmlu", "nq-open"}

// Datasets returns the names of the formats.
func Datasets() []string { return datasetNames[:] }

func (d Dataset) String() string {
	if int(d) < len(datasetNames) {
		return datasetNames[d]
	}
	return fmt.Sprintf("dataset(%d)", d)
}

// ParseDataset reads the name of a format.
func ParseDataset(s string) (Dataset, error) {
	for i, name := range datasetNames {
		if s == name {
			return Dataset(i), nil
		}
	}
	return 0, fmt.Errorf("construct: unknown data set %q: want %s", s, strings.Join(datasetNames[:], ", "))
}

// Grader returns the name of the grader for the answers of a data set.
func (d Dataset) Grader() string {
	switch d {
	case CommonsenseQA, MMLU:
		return "letter"
	case TriviaQA, NQOpen:
		return "alias"
	}
	return "number"
}

// RecordError reports a record that is not a question. Reading continues after it.
type RecordError struct {
	Record int // line, row or element, from 1
	Err    error
}

func (e *RecordError) Error() string { return fmt.Sprintf("record %d: %v", e.Record, e.Err) }
func (e *RecordError) Unwrap() error { return e.Err }

// maxRecord bounds a line or element: 16 MiB.
const maxRecord = 16 << 20

// Read yields the questions of [Records].
func Read(r io.Reader, d Dataset) iter.Seq2[*grade.Question, error] {
	return func(yield func(*grade.Question, error) bool) {
		for record, err := range Records(r, d) {
			if !yield(record.Question, err) {
				return
			}
		}
	}
}

// Record is a record of a data set.
type Record struct {
	Number   int             // line, row or element, from 1
	Text     []byte          // JSON, or fields joined by commas; valid until the next record
	Question *grade.Question // nil with an error
}

// Records yields the questions of r: JSON Lines, one JSON array, the TriviaQA
// document, or the CSV of MMLU and AIME. A record that is not a question yields a
// [*RecordError], and reading continues. Any other error ends the reading.
func Records(r io.Reader, d Dataset) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		b := bufio.NewReaderSize(r, 64<<10)
		if mark, _ := b.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
			b.Discard(3)
		}
		head, err := b.Peek(4096)
		if err != nil && err != io.EOF {
			yield(Record{}, fmt.Errorf("construct: reading questions: %w", err))
			return
		}
		head = bytes.TrimSpace(head)
		switch {
		case d >= Dataset(len(datasetNames)):
			yield(Record{}, fmt.Errorf("construct: unknown data set %d", d))
		case (d == MMLU || d == AIME) && len(head) > 0 && head[0] != '{' && head[0] != '[':
			readCSV(b, d, yield)
		case document.Match(head):
			readDocument(b, d, yield)
		case bytes.HasPrefix(head, []byte("[")):
			readElements(json.NewDecoder(b), d, yield)
		default:
			readLines(b, d, yield)
		}
	}
}

// document matches the start of TriviaQA's own files.
var document = regexp.MustCompile(`^\{\s*"(?:Data|Domain|Split|VerifiedEval|Version)"\s*:`)

func readLines(b *bufio.Reader, d Dataset, yield func(Record, error) bool) {
	var line []byte
	for number := 1; ; {
		part, err := b.ReadSlice('\n')
		if len(line) <= maxRecord {
			line = append(line, part...)
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil && err != io.EOF {
			yield(Record{}, fmt.Errorf("construct: reading questions: %w", err))
			return
		}
		switch {
		case len(line) > maxRecord:
			if !yield(Record{number, line, nil}, &RecordError{number, fmt.Errorf("longer than %d bytes", maxRecord)}) {
				return
			}
		case len(bytes.TrimSpace(line)) > 0:
			if !yield(parsed(number, line, d)) {
				return
			}
		}
		if err == io.EOF {
			return
		}
		line = line[:0]
		number++
	}
}

// readElements reads the array of questions at the decoder's position.
func readElements(dec *json.Decoder, d Dataset, yield func(Record, error) bool) {
	t, err := dec.Token()
	if err == nil && t != json.Delim('[') {
		err = fmt.Errorf("want an array, not %v", t)
	}
	if err != nil {
		yield(Record{}, fmt.Errorf("construct: reading questions: %w", err))
		return
	}
	for number := 1; dec.More(); number++ {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			yield(Record{}, fmt.Errorf("construct: reading questions: element %d: %w", number, err))
			return
		}
		if !yield(parsed(number, raw, d)) {
			return
		}
	}
	if _, err := dec.Token(); err != nil { // the closing bracket
		yield(Record{}, fmt.Errorf("construct: reading questions: %w", err))
	}
}

// readDocument reads the array in the key "Data" of an object.
func readDocument(b *bufio.Reader, d Dataset, yield func(Record, error) bool) {
	dec := json.NewDecoder(b)
	if _, err := dec.Token(); err != nil {
		yield(Record{}, fmt.Errorf("construct: reading questions: %w", err))
		return
	}
	for dec.More() {
		key, err := dec.Token()
		if err == nil && key == "Data" {
			readElements(dec, d, yield)
			return
		}
		var skipped json.RawMessage
		if err == nil {
			err = dec.Decode(&skipped)
		}
		if err != nil {
			yield(Record{}, fmt.Errorf("construct: reading questions: %w", err))
			return
		}
	}
	yield(Record{}, errors.New(`construct: reading questions: the document has no "Data"`))
}

// parsed returns a record. The error is a [*RecordError] if the record is not a question.
func parsed(number int, text []byte, d Dataset) (Record, error) {
	q, err := parse(text, d)
	if err != nil {
		return Record{number, text, nil}, &RecordError{number, err}
	}
	return Record{number, text, q}, nil
}

// parse reads one record.
func parse(raw []byte, d Dataset) (*grade.Question, error) {
	if !utf8.Valid(raw) {
		return nil, errors.New("it is not UTF-8")
	}
	var q *grade.Question
	var err error
	switch d {
	case GSM8K:
		q, err = parseGSM8K(raw)
	case CommonsenseQA:
		q, err = parseCommonsenseQA(raw)
	case TriviaQA:
		q, err = parseTriviaQA(raw)
	case AIME:
		q, err = parseAIME(raw)
	case MMLU:
		q, err = parseMMLU(raw)
	case NQOpen:
		q, err = parseNQOpen(raw)
	default:
		q, err = parsePlain(raw)
	}
	if err != nil {
		return nil, err
	}
	return finish(q)
}

// finish checks and completes a question of any format.
func finish(q *grade.Question) (*grade.Question, error) {
	q.Text = strings.TrimSpace(q.Text)
	if q.Text == "" {
		return nil, errors.New("there is no question")
	}
	if len(q.Choices) > grade.MaxChoices {
		return nil, fmt.Errorf("%d options: want at most %d", len(q.Choices), grade.MaxChoices)
	}
	if len(q.Choices) > 0 {
		q.Text = withChoices(q.Text, q.Choices)
	}
	if q.ID == "" {
		q.ID = newID(q.Text)
	}
	return q, nil
}
