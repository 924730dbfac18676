//go:build ignore

// Command golden writes golden.json: what the Go host's engine, wazero, makes of
// the demo stream, of the recorded streams and of a conversation with a
// confidence model, as event records. The tests of the npm package compare other
// engines with it. Run it after a change to the core:
//
//	go run ./www/test/golden/golden.go > golden.json && mv golden.json www/test/golden/golden.json
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/wazero"
	"github.com/finece/finece/wasm/abi"
	"github.com/finece/finece/wasm/session"
)

const (
	scoring = `{"text":true,"strategy":"paragraph+periodic+entropy","every":30}`
	asking  = `{"question":"What is 6 times 7?","format":"text","estimator":"model"}`
)

type digest struct {
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

type golden struct {
	Scoring json.RawMessage   `json:"scoring"` // the configuration of demo and streams
	Demo    []string          `json:"demo"`    // its records in hexadecimal
	Streams map[string]digest `json:"streams"` // of shared/data/streams: all records one after the other
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
	engine, err := wazero.New(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	demo, err := os.ReadFile("wasm/session/testdata/demo.sse")
	if err != nil {
		log.Fatal(err, ": run this in the repository's root")
	}
	g := golden{Scoring: json.RawMessage(scoring), Streams: map[string]digest{}}
	g.Demo = split(score(engine, demo))
	files, _ := filepath.Glob("../shared/data/streams/*.*s*")
	for _, file := range files {
		input, err := os.ReadFile(file)
		if err != nil {
			log.Fatal(err)
		}
		records := score(engine, input)
		sum := sha256.Sum256(records)
		g.Streams[filepath.Base(file)] = digest{len(records), hex.EncodeToString(sum[:])}
	}
	g.Model = converse(engine)
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", " ")
	if err := out.Encode(g); err != nil {
		log.Fatal(err)
	}
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

func score(engine host.Engine, input []byte) []byte {
	var r recorder
	s := r.open(engine, scoring)
	defer s.Close()
	r.take(s.Write(input))
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
