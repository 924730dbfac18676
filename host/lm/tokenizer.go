package lm

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Tokenizer is a byte-level BPE tokenizer in the format of Hugging Face's tokenizers
// library. Every text can be encoded, and the bytes of its tokens are the text again. A
// vocabulary may lack tokens for some bytes. As with Hugging Face's library, such a byte of
// a text is left out. A Tokenizer is safe for concurrent use.
type Tokenizer struct {
	pieces   []string       // by id: the bytes, or a special token's name
	special  []bool         // by id
	ids      map[string]int // ids of the pieces that are not special
	merges   map[[2]int]merge
	singles  [256]int       // the token of each byte, or -1
	added    [256][]string  // names of special tokens by their first byte, longer names first
	named    map[string]int // ids of special tokens
	split    splitter
	template *chatTemplate // nil if there is none
	ends     []int         // tokens that end an answer
}

// merge is the token (id) that a pair of tokens becomes. Merges of lower rank come first.
type merge struct{ rank, id int }

// tokenizerFile has the fields of tokenizer.json that are read.
type tokenizerFile struct {
	Added []struct {
		ID         int    `json:"id"`
		Content    string `json:"content"`
		Special    bool   `json:"special"`
		SingleWord bool   `json:"single_word"`
		LStrip     bool   `json:"lstrip"`
		RStrip     bool   `json:"rstrip"`
	} `json:"added_tokens"`
	Normalizer json.RawMessage `json:"normalizer"`
	Pre        json.RawMessage `json:"pre_tokenizer"`
	Post       *postProcessor  `json:"post_processor"`
	Decoder    *struct {
		Type string `json:"type"`
	} `json:"decoder"`
	Model struct {
		Type         string            `json:"type"`
		Dropout      *float64          `json:"dropout"`
		Unknown      *string           `json:"unk_token"`
		Prefix       string            `json:"continuing_subword_prefix"`
		Suffix       string            `json:"end_of_word_suffix"`
		ByteFallback bool              `json:"byte_fallback"`
		IgnoreMerges bool              `json:"ignore_merges"`
		Vocab        map[string]int    `json:"vocab"`
		Merges       []json.RawMessage `json:"merges"`
	} `json:"model"`
}

// postProcessor is a post_processor in tokenizer.json.
type postProcessor struct {
	Type    string                     `json:"type"`
	Special map[string]json.RawMessage `json:"special_tokens"`
	Parts   []*postProcessor           `json:"processors"`
}

// check returns an error for a post-processor that may add tokens to those of a text.
func (p *postProcessor) check() error {
	switch {
	case p == nil, p.Type == "ByteLevel", p.Type == "TemplateProcessing" && len(p.Special) == 0:
		return nil
	case p.Type != "Sequence":
		return fmt.Errorf("post_processor: %s is not supported: want ByteLevel, or TemplateProcessing without special tokens", p.Type)
	}
	for _, part := range p.Parts {
		if err := part.check(); err != nil {
			return err
		}
	}
	return nil
}

// loadTokenizer reads the tokenizer, the chat template, and the tokens that end an answer.
// model is the model's folder; fsys may be that of an adapter.
func loadTokenizer(model, fsys fs.FS) (*Tokenizer, error) {
	file, err := fs.ReadFile(fsys, tokenizerName)
	if err != nil {
		return nil, fmt.Errorf("lm: %w", err)
	}
	t, err := parseTokenizer(file)
	if err != nil {
		return nil, fmt.Errorf("lm: %s: %w", tokenizerName, err)
	}
	var c tokenizerConfig
	if err := readOptional(fsys, tokenizerConfigName, &c); err != nil {
		return nil, err
	}
	if t.template, err = loadTemplate(fsys, &c); err != nil {
		return nil, err
	}
	return t, t.readEnds(model, string(c.Eos))
}

// readOptional reads a JSON file, if there is one.
func readOptional(fsys fs.FS, name string, into any) error {
	file, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("lm: %w", err)
	}
	if err := json.Unmarshal(file, into); err != nil {
		return fmt.Errorf("lm: %s: %w", name, err)
	}
	return nil
}

// readEnds reads which tokens end an answer: eos_token of tokenizer_config.json (name) and
// eos_token_id of generation_config.json. If there is neither, it is eos_token_id of
// config.json.
func (t *Tokenizer) readEnds(model fs.FS, name string) error {
	if name != "" {
		id, ok := t.named[name]
		if !ok {
			return fmt.Errorf("lm: %s: eos_token %q is not in added_tokens of %s", tokenizerConfigName, name, tokenizerName)
		}
		t.ends = append(t.ends, id)
	}
	for _, file := range []string{generationName, configName} {
		if file == configName && len(t.ends) > 0 {
			break
		}
		var c struct {
			ID json.RawMessage `json:"eos_token_id"`
		}
		if err := readOptional(model, file, &c); err != nil {
			return err
		}
		if !set(c.ID) {
			continue
		}
		several, ok := as[[]int](c.ID)
		if one, is := as[int](c.ID); is {
			several, ok = []int{one}, true
		}
		if !ok {
			return fmt.Errorf("lm: %s: eos_token_id is neither a number nor a list of numbers", file)
		}
		for _, id := range several {
			if id < 0 || id >= maxDim {
				return fmt.Errorf("lm: %s: eos_token_id is %d: want a token", file, id)
			}
			if !slices.Contains(t.ends, id) {
				t.ends = append(t.ends, id)
			}
		}
	}
	return nil
}

func parseTokenizer(file []byte) (*Tokenizer, error) {
	var f tokenizerFile
	if err := json.Unmarshal(file, &f); err != nil {
		return nil, err
	}
	m := &f.Model
	switch {
	case m.Type != "BPE" && (m.Type != "" || len(m.Vocab) == 0):
		return nil, fmt.Errorf("model.type is %q: want BPE", m.Type)
	case set(f.Normalizer):
		return nil, errors.New("normalizer is set: not supported")
	case m.Dropout != nil && *m.Dropout != 0:
		return nil, errors.New("model.dropout is set: not supported")
	case m.Prefix != "" || m.Suffix != "":
		return nil, errors.New("model.continuing_subword_prefix or end_of_word_suffix is set: not supported")
	case m.ByteFallback:
		return nil, errors.New("model.byte_fallback is true: not supported")
	case m.IgnoreMerges:
		return nil, errors.New("model.ignore_merges is true: not supported")
	case f.Decoder == nil || f.Decoder.Type != "ByteLevel":
		return nil, errors.New("decoder is not ByteLevel")
	}
	if err := f.Post.check(); err != nil {
		return nil, err
	}
	split, err := parsePreTokenizer(f.Pre)
	if err != nil {
		return nil, err
	}
	t := &Tokenizer{split: split, ids: map[string]int{}, merges: map[[2]int]merge{}, named: map[string]int{}}
	if err := t.readVocabulary(&f); err != nil {
		return nil, err
	}
	return t, t.readMerges(m.Merges)
}

func (t *Tokenizer) readVocabulary(f *tokenizerFile) error {
	size := 0
	for token, id := range f.Model.Vocab {
		if id < 0 || id >= maxDim {
			return fmt.Errorf("model.vocab: token %q has id %d: want 0 to %d", token, id, maxDim-1)
		}
		size = max(size, id+1)
	}
	for _, a := range f.Added {
		if a.ID < 0 || a.ID >= maxDim || strings.TrimSpace(a.Content) == "" {
			return fmt.Errorf("added_tokens: token %q has id %d: want a name, and an id from 0 to %d", a.Content, a.ID, maxDim-1)
		}
		size = max(size, a.ID+1)
	}
	t.pieces, t.special = make([]string, size), make([]bool, size)
	for _, a := range f.Added {
		if !a.Special || a.SingleWord || a.LStrip || a.RStrip {
			return fmt.Errorf("added_tokens: %q is not special, or is single_word, lstrip or rstrip: not supported", a.Content)
		}
		t.pieces[a.ID], t.special[a.ID], t.named[a.Content] = a.Content, true, a.ID
		names := append(t.added[a.Content[0]], a.Content)
		slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
		t.added[a.Content[0]] = names
	}
	for token, id := range f.Model.Vocab {
		if _, ok := t.named[token]; ok {
			continue
		}
		b, err := fromByteLevel(token)
		if err != nil {
			return fmt.Errorf("model.vocab: token %q: %w", token, err)
		}
		t.pieces[id], t.ids[b] = b, id
	}
	for b := range 256 {
		id, ok := t.ids[string([]byte{byte(b)})]
		if !ok {
			if f.Model.Unknown != nil {
				return fmt.Errorf("model.vocab has no token for the byte %#02x, and model.unk_token is set: not supported", b)
			}
			id = -1
		}
		t.singles[b] = id
	}
	return nil
}

func (t *Tokenizer) readMerges(raws []json.RawMessage) error {
	for rank, raw := range raws {
		var pair [2]string
		if err := json.Unmarshal(raw, &pair); err != nil { // "a b", as older versions save it
			var line string
			if err := json.Unmarshal(raw, &line); err != nil {
				return fmt.Errorf("model.merges: entry %d is neither a pair nor a string", rank)
			}
			var ok bool
			if pair[0], pair[1], ok = strings.Cut(line, " "); !ok {
				return fmt.Errorf("model.merges: entry %d has no space", rank)
			}
		}
		var ids [3]int
		for i, token := range []string{pair[0], pair[1], pair[0] + pair[1]} {
			b, err := fromByteLevel(token)
			id, ok := t.ids[b]
			if err != nil || !ok {
				return fmt.Errorf("model.merges: entry %d: %q is not in the vocabulary", rank, token)
			}
			ids[i] = id
		}
		if _, again := t.merges[[2]int{ids[0], ids[1]}]; !again {
			t.merges[[2]int{ids[0], ids[1]}] = merge{rank, ids[2]}
		}
	}
	return nil
}

// Size returns the number of tokens. Ids are from 0 to Size-1.
func (t *Tokenizer) Size() int { return len(t.pieces) }

// Ends returns the tokens that end an answer, as the model's files say.
func (t *Tokenizer) Ends() []int { return slices.Clone(t.ends) }

// Special returns the special token with the given name, such as <|assistant|>.
func (t *Tokenizer) Special(name string) (id int, ok bool) {
	id, ok = t.named[name]
	return id, ok
}

// Encode returns the tokens of text. The name of a special token in the text does not
// become that token.
func (t *Tokenizer) Encode(text string) []int { return t.appendText(nil, text) }

// EncodeSpecial is like Encode, but the name of a special token becomes that token. If names
// overlap, the leftmost one counts, and of several at one place the longest, as with
// Hugging Face's library. Use it for whole prompts only, never for text that users wrote.
func (t *Tokenizer) EncodeSpecial(text string) []int {
	var ids []int
	begin := 0 // of the text after the last special token
	for at := 0; at < len(text); {
		name := t.nameAt(text[at:])
		if name == "" {
			at++
			continue
		}
		ids = append(t.appendText(ids, text[begin:at]), t.named[name])
		at += len(name)
		begin = at
	}
	return t.appendText(ids, text[begin:])
}

// nameAt returns the longest name of a special token at the beginning of text, or "". text
// must not be empty.
func (t *Tokenizer) nameAt(text string) string {
	for _, name := range t.added[text[0]] {
		if strings.HasPrefix(text, name) {
			return name
		}
	}
	return ""
}

func (t *Tokenizer) appendText(ids []int, text string) []int {
	for word := range t.split.words(text) {
		ids = t.appendWord(ids, word)
	}
	return ids
}

// Decode returns the text of tokens. Special tokens and unknown ids are left out. Bytes that
// are not UTF-8 become U+FFFD.
func (t *Tokenizer) Decode(ids []int) string {
	var b []byte
	for _, id := range ids {
		b = append(b, t.text(id)...)
	}
	return valid(b)
}

// text returns the bytes of a token, or "" for a special one. A character can have several
// tokens.
func (t *Tokenizer) text(id int) string {
	if id < 0 || id >= len(t.pieces) || t.special[id] {
		return ""
	}
	return t.pieces[id]
}

// name returns a token's bytes, or the name of a special token.
func (t *Tokenizer) name(id int) string {
	if id < 0 || id >= len(t.pieces) {
		return ""
	}
	return t.pieces[id]
}
