package stream

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"unicode/utf8"

	corpus "github.com/finece/finece/wasm/stream/fixture"
)

// footprint is the memory of a decoder's slices in bytes. The token is not counted, because it
// is part of the input.
func footprint(d *Decoder) int {
	d.token = Token{}
	return sliceBytes(reflect.ValueOf(d).Elem())
}

func sliceBytes(v reflect.Value) int {
	n := 0
	switch v.Kind() {
	case reflect.Slice:
		n = v.Cap() * int(v.Type().Elem().Size())
	case reflect.Struct:
		for i := range v.NumField() {
			n += sliceBytes(v.Field(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			if k := v.Type().Elem().Kind(); k == reflect.Struct || k == reflect.Slice || k == reflect.Array {
				n += sliceBytes(v.Index(i))
			}
		}
	}
	return n
}

// memoryBound is the bound in the package comment.
func memoryBound(maxEvent int) int { return 40*maxEvent + 512<<10 }

func FuzzDecoder(f *testing.F) {
	for i, s := range []string{
		sse(chatText, doneMarker),
		": c\r\n\r\nevent: message\r\nid: 1\r\ndata:" + chatText + "\r\n\r\n",
		lines(`{"message":{"content":"Hi","thinking":"hm"},"done":false}`, `{"message":{"content":""},"done":true}`),
		"[" + chatText + ",\n" + chatText + "]",
		sse(`{"choices":[{"index":1,"delta":{"content":"aé"},"logprobs":{"content":[{"token":"a","logprob":-1,"bytes":[97,195],"top_logprobs":[{"token":"b","logprob":-1}]},{"token":"é","logprob":-2,"bytes":[169]}]}}]}`),
		sse(`{"type":"response.output_text.delta","delta":"Hi","logprobs":[]}`, `{"type":"response.completed","response":{"status":"completed","output":[]}}`),
		sse(`{"type":"message_start","message":{"content":[]}}`, `{"type":"content_block_delta","delta":{"type":"text_delta","text":"Hi"}}`, `{"type":"message_stop"}`),
		sse(`{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP","logprobsResult":{"chosenCandidates":[{"token":"a","logProbability":-1}]}}]}`),
		sse(`{"type":"content-delta","delta":{"message":{"content":{"text":"Hi"}}},"logprobs":{"logprobs":[-0.5]}}`, `{"type":"message-end","delta":{"finish_reason":"COMPLETE"}}`),
		"data:{\"token\":{\"text\":\"Hi\",\"logprob\":-0.5},\"top_tokens\":[],\"generated_text\":null}\n\n",
		sse(`{"content":"Hi","stop":true,"completion_probabilities":[{"content":"Hi","probs":[{"tok_str":"Hi","prob":0.25}]}]}`),
		sse(`{"choices":[{"text":"ab","logprobs":{"tokens":["a","b"],"token_logprobs":[-1,-2],"top_logprobs":[{"a":-1},null]}}]}`),
		"event: error\ndata: oh no\n\n", `{"error":{"message":"x"}}`, "<!doctype html>", "plain \xE2\x82 text", "\uFEFF", "{\"a\":\n{\"b\":1}\n", " data: {}\n\n",
		"event:output\ndata:\ndata:\n\n",
	} {
		f.Add([]byte(s), uint8(0), uint8(i), uint64(i))
		f.Add([]byte(s), uint8(i), uint8(64), uint64(i))
	}
	for i, s := range likeChunks(7, 40) {
		f.Add([]byte(s), uint8(0), uint8(255), uint64(i))
	}
	for i, seed := range corpus.All() {
		if len(seed.Data) < 4<<10 {
			f.Add(seed.Data, uint8(0), uint8(255), uint64(i))
		}
	}
	f.Fuzz(func(t *testing.T, input []byte, format, room uint8, seed uint64) {
		o := Options{Format: Format(format) % (Text + 1), MaxEvent: leastMaxEvent + int(room)*8, MaxChoices: 3, Frames: seed&1 != 0}
		want := decode(t, o, input, randomly(seed))
		for _, next := range []func() int{whole, every(1), randomly(seed + 1)} {
			if got := decode(t, o, input, next); !slices.Equal(got.calls, want.calls) || !slices.Equal(got.pieces, want.pieces) {
				t.Fatalf("another cutting gives other calls:\n%q %q\n%q %q", got.calls, got.pieces, want.calls, want.pieces)
			}
		}
		if got := decodeMemberByMember(t, o, input); !slices.Equal(got.calls, want.calls) || !slices.Equal(got.pieces, want.pieces) {
			t.Fatalf("read member by member, the calls are\n%q %q, and otherwise\n%q %q", got.calls, got.pieces, want.calls, want.pieces)
		}
		d, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		run(d, newRecorder(t), input, randomly(seed))
		if n := footprint(d); n > memoryBound(o.MaxEvent) {
			t.Fatalf("the decoder has %d bytes, over %d", n, memoryBound(o.MaxEvent))
		}
	})
}

// split runs the splitter over a sequence of JSON values in pieces.
func split(limit int, input []byte, next func() int) (found []string) {
	v := values{limit: limit}
	names := [...]string{valuesObject: "", valuesLong: "long", valuesDone: "done", valuesWrong: "wrong"}
	add := func(kind int, object []byte) {
		if kind == valuesObject {
			found = append(found, string(object))
		} else {
			found = append(found, names[kind])
		}
	}
	for len(input) > 0 {
		n := min(next(), len(input))
		piece := bytes.Clone(input[:n])
		input = input[n:]
		for rest := piece; ; {
			n, kind, object := v.next(rest)
			rest = rest[n:]
			if kind == valuesMore {
				break
			}
			add(kind, object)
		}
		for i := range piece {
			piece[i] = 'X'
		}
	}
	if kind, object := v.flush(); kind != valuesMore {
		add(kind, object)
	}
	return found
}

// FuzzValues compares the splitter with encoding/json, as far as encoding/json reads the input.
// It also compares the results of different cuts.
func FuzzValues(f *testing.F) {
	for _, s := range []string{
		"{}", "{\"a\":\"}\\\"{\"}\n{\"b\":[1,{}]}\r\n", " [ {} , {\"a\":[[]]} ] ", "{\n \"a\": {\n  \"b\": 1\n }\n}\n{}", "{\"a\":\"x\n{}\n", "{\"a\":1\n{}\n",
		"null {}\n{}", "[DONE]", "{}[DONE]\n{}", "{{{{", "}]{}", "{\"a\":\"" + string(make([]byte, 100)) + "\"}{}",
	} {
		f.Add([]byte(s), uint8(0), uint64(1))
		f.Add([]byte(s), uint8(8), uint64(2))
	}
	f.Fuzz(func(t *testing.T, input []byte, limit uint8, seed uint64) {
		got := split(int(limit), input, whole)
		for _, next := range []func() int{every(1), randomly(seed)} {
			if other := split(int(limit), input, next); !slices.Equal(got, other) {
				t.Fatalf("%q, limit %d: another cutting gives\n%q\nand not\n%q", input, limit, other, got)
			}
		}
		decoder := json.NewDecoder(bytes.NewReader(input))
		for i := 0; ; i++ {
			var want json.RawMessage
			if decoder.Decode(&want) != nil || want[0] != '{' {
				break
			}
			object := string(want)
			if limit > 0 && len(object) > int(limit) {
				object = "long"
			}
			if i == len(got) || got[i] != object {
				t.Fatalf("%q, limit %d: object %d is not %q: %q", input, limit, i, object, got)
			}
		}
	})
}

// validText replaces bytes that are not UTF-8 by the rules of the WHATWG decoder: one U+FFFD for
// an incomplete character, and one for every other invalid byte.
func validText(b []byte) (text []byte, first int) {
	first = -1
	for i := 0; i < len(b); {
		if r, n := utf8.DecodeRune(b[i:]); r != utf8.RuneError || n > 1 {
			text = append(text, b[i:i+n]...)
			i += n
			continue
		}
		if first < 0 {
			first = i
		}
		n := 1
		for n < 4 && i+n < len(b) && !utf8.FullRune(b[i:i+n+1]) {
			n++
		}
		if n > 1 || !utf8.FullRune(b[i:i+1]) {
			for i+n > len(b) {
				n--
			}
		}
		text = append(text, "\uFFFD"...)
		i += n
	}
	return text, first
}

func FuzzText(f *testing.F) {
	for _, s := range []string{
		"", "a", "\uFEFFa", "\xEF\xBB", "aé😀", "\xF0\x9F\x98", "\xF0\x9F\x98x", "\xE0\x80\x80", "\xED\xA0\x80", "\xC0\xAF", "\xF4\x90\x80\x80", "\x80\xBF", "a\xC3\xC3\xA9", "\xF1\x80\x80\xF1\x80\x80\x80",
	} {
		f.Add([]byte(s), uint64(1))
	}
	f.Fuzz(func(t *testing.T, input []byte, seed uint64) {
		body := bytes.TrimPrefix(input, []byte(byteOrderMark))
		want, first := validText(body)
		for _, next := range []func() int{whole, every(1), every(2), randomly(seed)} {
			r := decode(t, Options{Format: Text}, input, next)
			if got := r.answer(0); got != string(want) {
				t.Fatalf("%q gives %q, want %q", input, got, want)
			}
			switch {
			case first < 0 && len(r.faults) > 0 || first >= 0 && len(r.faults) != 1:
				t.Fatalf("%q: faults %v", input, r.faults)
			case first >= 0 && (r.faults[0].Code != InvalidUTF8 || r.faults[0].Offset != int64(len(input)-len(body)+first)):
				t.Fatalf("%q: fault %v, want one at %d", input, r.faults[0], first)
			}
		}
	})
}
