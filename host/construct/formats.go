package construct

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/finece/finece/host/grade"
)

// scalar is a JSON string, number, true or false as text. null is "".
type scalar string

func (s *scalar) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) == 0 || string(b) == "null":
		*s = ""
	case b[0] == '"':
		return json.Unmarshal(b, (*string)(s))
	case b[0] == '{' || b[0] == '[':
		return errors.New("want a string or a number")
	default:
		*s = scalar(b)
	}
	return nil
}

// scalars is a scalar or an array of scalars; blank ones are left out.
type scalars []string

func (s *scalars) UnmarshalJSON(b []byte) error {
	var list []scalar
	if len(b) > 0 && b[0] == '[' {
		if err := json.Unmarshal(b, &list); err != nil {
			return err
		}
	} else {
		var one scalar
		if err := one.UnmarshalJSON(b); err != nil {
			return err
		}
		list = []scalar{one}
	}
	*s = nil
	for _, v := range list {
		if strings.TrimSpace(string(v)) != "" {
			*s = append(*s, string(v))
		}
	}
	return nil
}

func parsePlain(raw []byte) (*grade.Question, error) {
	var r struct {
		ID       scalar
		Question string
		Gold     scalars
		Choices  []string
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, err
	}
	return &grade.Question{ID: string(r.ID), Text: r.Question, Gold: r.Gold, Choices: r.Choices}, nil
}

func parseGSM8K(raw []byte) (*grade.Question, error) {
	var r struct {
		ID               scalar
		Question, Answer string
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, err
	}
	i := strings.LastIndex(r.Answer, "####")
	if i < 0 {
		return nil, errors.New(`the answer has no "####"`)
	}
	return &grade.Question{ID: string(r.ID), Text: r.Question, Gold: []string{strings.TrimSpace(r.Answer[i+4:])}}, nil
}

func parseCommonsenseQA(raw []byte) (*grade.Question, error) {
	type option struct{ Label, Text string }
	var r struct {
		ID        scalar
		Question  json.RawMessage
		Choices   struct{ Label, Text []string }
		AnswerKey string
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, err
	}
	q := &grade.Question{ID: string(r.ID)}
	var labels []string
	var nested struct {
		Stem    string
		Choices []option
	}
	if json.Unmarshal(r.Question, &q.Text) == nil {
		if len(r.Choices.Label) != len(r.Choices.Text) {
			return nil, errors.New("the options have not as many labels as texts")
		}
		labels, q.Choices = r.Choices.Label, r.Choices.Text
	} else {
		if err := json.Unmarshal(r.Question, &nested); err != nil {
			return nil, fmt.Errorf("question: %w", err)
		}
		q.Text = nested.Stem
		for _, o := range nested.Choices {
			labels, q.Choices = append(labels, o.Label), append(q.Choices, o.Text)
		}
	}
	for i, l := range labels {
		if l == r.AnswerKey {
			q.Gold = []string{grade.Letter(i)}
		}
	}
	if q.Gold == nil {
		return nil, fmt.Errorf("answerKey %.20q is none of the options", r.AnswerKey)
	}
	return q, nil
}

func parseTriviaQA(raw []byte) (*grade.Question, error) {
	type answer struct {
		Value             string
		Aliases           []string
		NormalizedAliases []string
		Normalized        []string `json:"normalized_aliases"`
		HumanAnswers      []string // TriviaQA's own evaluation accepts them too
	}
	var r struct {
		Question string
		ID       scalar `json:"question_id"`
		ID2      scalar `json:"QuestionId"`
		Answer   answer
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, err
	}
	q := &grade.Question{ID: string(max(r.ID, r.ID2)), Text: r.Question}
	seen := map[string]bool{"": true}
	a := &r.Answer
	for _, list := range [][]string{{a.Value}, a.Aliases, a.NormalizedAliases, a.Normalized, a.HumanAnswers} {
		for _, v := range list {
			if p := grade.Normal(v); !seen[p] {
				seen[p] = true
				q.Gold = append(q.Gold, v)
			}
		}
	}
	if q.Gold == nil {
		return nil, grade.ErrNoGold
	}
	return q, nil
}

func parseAIME(raw []byte) (*grade.Question, error) {
	var r struct {
		ID       scalar
		Problem  string
		Question string
		Answer   scalar
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, err
	}
	if r.Answer == "" {
		return nil, grade.ErrNoGold
	}
	if r.Problem == "" {
		r.Problem = r.Question
	}
	return &grade.Question{ID: string(r.ID), Text: r.Problem, Gold: []string{string(r.Answer)}}, nil
}

func parseMMLU(raw []byte) (*grade.Question, error) {
	var r struct {
		ID       scalar
		Question string
		Choices  []string
		Answer   scalar
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, err
	}
	q := &grade.Question{ID: string(r.ID), Text: r.Question, Choices: r.Choices}
	for i := range min(len(q.Choices), grade.MaxChoices) {
		if a := strings.TrimSpace(string(r.Answer)); a == fmt.Sprint(i) || strings.EqualFold(a, grade.Letter(i)) {
			q.Gold = []string{grade.Letter(i)}
		}
	}
	if q.Gold == nil {
		return nil, fmt.Errorf("answer %.20q is none of the %d options", r.Answer, len(q.Choices))
	}
	return q, nil
}

func parseNQOpen(raw []byte) (*grade.Question, error) {
	var r struct {
		ID       scalar
		Question string
		Answer   scalars
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, err
	}
	if len(r.Answer) == 0 {
		return nil, grade.ErrNoGold
	}
	return &grade.Question{ID: string(r.ID), Text: r.Question, Gold: r.Answer}, nil
}

// readCSV reads the CSV of MMLU (question, four options, letter; no header) or
// of AIME (a header with a column for the problem and one for the answer).
func readCSV(b *bufio.Reader, d Dataset, yield func(Record, error) bool) {
	r := csv.NewReader(b)
	r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = -1, true, true
	columns := map[string]int{}
	for number := 1; ; number++ {
		row, err := r.Read()
		var malformed *csv.ParseError
		if err == io.EOF {
			return
		}
		if err != nil && !errors.As(err, &malformed) {
			yield(Record{}, fmt.Errorf("construct: reading questions: %w", err))
			return
		}
		var q *grade.Question
		switch {
		case err != nil:
		case d == MMLU:
			q, err = mmluRow(row)
			if err != nil && number == 1 && strings.EqualFold(row[0], "question") {
				continue
			}
		case number == 1:
			for i, name := range row {
				columns[strings.ToLower(strings.TrimSpace(name))] = i
			}
			continue
		default:
			q, err = aimeRow(row, columns)
		}
		if err == nil {
			q, err = finish(q)
		}
		if err != nil {
			q, err = nil, &RecordError{number, err}
		}
		if !yield(Record{number, []byte(strings.Join(row, ",")), q}, err) {
			return
		}
	}
}

func mmluRow(row []string) (*grade.Question, error) {
	n := len(row)
	if n < 4 {
		return nil, fmt.Errorf("%d columns: want a question, its options and the letter", n)
	}
	q := &grade.Question{Text: row[0], Choices: append([]string(nil), row[1:n-1]...), Gold: []string{strings.TrimSpace(row[n-1])}}
	if a := q.Gold[0]; len(a) != 1 || a[0] < 'A' || int(a[0]-'A') >= len(q.Choices) {
		return nil, fmt.Errorf("answer %.20q is none of the %d options", a, len(q.Choices))
	}
	return q, nil
}

func aimeRow(row []string, columns map[string]int) (*grade.Question, error) {
	field := func(names ...string) string {
		for _, name := range names {
			if i, ok := columns[name]; ok && i < len(row) {
				return row[i]
			}
		}
		return ""
	}
	q := &grade.Question{ID: field("id"), Text: field("problem", "question"), Gold: []string{field("answer")}}
	if q.Gold[0] == "" {
		return nil, grade.ErrNoGold
	}
	return q, nil
}
