// Command golden writes golden.json: the event records that the wazero engine gives for the demo
// stream, for the fixtures of wasm/stream/fixture, and for a conversation with a confidence model.
// The tests of the npm package compare other engines with it. A test fails when the file is stale;
// run this in the repository's root after a change to the core:
//
//	go run ./www/test/golden > golden.json && mv golden.json www/test/golden/golden.json
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"slices"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/wazero"
	"github.com/finece/finece/wasm/abi"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream/fixture"
)

const (
	scoring = `{"text":true,"strategy":"paragraph+periodic+entropy","every":30}`
	asking  = `{"question":"What is 6 times 7?","format":"text","estimator":"model"}`
)

type digest struct {
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
	Whole  bool   `json:"whole,omitempty"` // of the stream in one write: text events of plain text are cut as the writes are
}

type golden struct {
	Scoring json.RawMessage   `json:"scoring"` // the configuration of demo and streams
	Demo    []string          `json:"demo"`    // its records in hexadecimal
	Streams map[string]digest `json:"streams"` // of the fixtures, by name: all records one after the other
	Model   conversation      `json:"model"`
}

type conversation struct {
	Config   json.RawMessage `json:"config"`
	Text     string          `json:"text"`
	Replies  []reply         `json:"replies"`  // to the asks, in the order given
	Requests []string        `json:"requests"` // bodies, in the order of the asks
	Records  []string        `json:"records"`
}

// reply is a body, or a reason to fail for if there is none.
type reply struct {
	Ask  int            `json:"ask"`
	Body string         `json:"body,omitempty"`
	Fail session.Reason `json:"fail,omitempty"`
}

func main() {
	log.SetFlags(0)
	if err := write(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// write computes everything and writes it as JSON.
func write(w io.Writer) error {
	engine, err := wazero.New(context.Background())
	if err != nil {
		return err
	}
	defer engine.Close()
	demo, err := os.ReadFile("wasm/session/testdata/demo.sse")
	if err != nil {
		return fmt.Errorf("%w: run this in the repository's root", err)
	}
	g := golden{Scoring: json.RawMessage(scoring), Streams: map[string]digest{}}
	g.Demo = split(score(engine, demo))
	for _, f := range fixture.All() {
		records := score(engine, f.Data)
		sum := sha256.Sum256(records)
		cut := score(engine, f.Data, 7)
		g.Streams[f.Name] = digest{len(records), hex.EncodeToString(sum[:]), !bytes.Equal(records, cut)}
	}
	g.Model = converse(engine)
	out := json.NewEncoder(w)
	out.SetIndent("", " ")
	return out.Encode(g)
}

// recorder appends the records of each call's events.
type recorder struct{ records []byte }

func (r *recorder) take(events []host.Event, err error) {
	if err != nil && !errors.Is(err, session.ErrUnknownAsk) {
		log.Fatal(err)
	}
	r.records = abi.AppendEvents(r.records, events)
}

func (r *recorder) open(engine host.Engine, config string) host.Session {
	c, err := session.ParseConfig([]byte(config))
	if err != nil {
		log.Fatal(err)
	}
	s, events, err := engine.Open(c)
	r.take(events, err)
	return s
}

// score returns the records of a stream: written whole, or in pieces of a length.
func score(engine host.Engine, input []byte, length ...int) []byte {
	var r recorder
	s := r.open(engine, scoring)
	defer s.Close()
	pieces := [][]byte{input}
	if len(length) > 0 {
		pieces = slices.Collect(slices.Chunk(input, length[0]))
	}
	for _, piece := range pieces {
		r.take(s.Write(piece))
	}
	r.take(s.End())
	return r.records
}

func completion(content string) string {
	return fmt.Sprintf(`{"choices":[{"index":0,"message":{"role":"assistant","content":%q}}]}`, content)
}

func converse(engine host.Engine) conversation {
	c := conversation{
		Config: json.RawMessage(asking),
		Text:   "Six sevens \u2014 \"6 \u00d7 7\".\n\nThat is 42. \U0001F642\n\nSo 42.",
		Replies: []reply{
			{Ask: 2, Body: completion("0.9")},
			{Ask: 0, Body: completion("0.3")},
			{Ask: 1, Body: completion("very sure")},
			{Ask: 3, Fail: session.Timeout},
		},
	}
	var r recorder
	s := r.open(engine, asking)
	defer s.Close()
	r.take(s.Write([]byte(c.Text)))
	r.take(s.End())
	events, err := abi.ReadEvents(nil, r.records)
	if err != nil {
		log.Fatal(err)
	}
	var ids []uint32
	for _, e := range events {
		if e.Kind == session.Ask {
			body, err := s.Request(nil, e.ID)
			if err != nil {
				log.Fatal(err)
			}
			ids, c.Requests = append(ids, e.ID), append(c.Requests, string(body))
		}
	}
	for _, reply := range c.Replies {
		if reply.Fail != session.NoReason {
			r.take(s.Fail(ids[reply.Ask], reply.Fail))
		} else {
			r.take(s.Resolve(ids[reply.Ask], []byte(reply.Body)))
		}
	}
	c.Records = split(r.records)
	return c
}

// split cuts records apart, so that a difference is a line.
func split(records []byte) []string {
	var lines []string
	for len(records) > 0 {
		n := int(records[0]) | int(records[1])<<8 | int(records[2])<<16
		lines = append(lines, hex.EncodeToString(records[:n]))
		records = records[n:]
	}
	return lines
}
