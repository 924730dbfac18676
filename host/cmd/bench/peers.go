package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/bytedance/sonic"
	goccy "github.com/goccy/go-json"
	"github.com/valyala/fastjson"
)

// payloads returns the JSON chunks of a stream. The peers get the chunks already cut from the
// event stream. The product has to cut them itself.
func payloads(data []byte) [][]byte {
	var all [][]byte
	for line := range bytes.Lines(data) {
		if payload, ok := bytes.CutPrefix(line, []byte("data: ")); ok && payload[0] == '{' {
			all = append(all, bytes.TrimSpace(payload))
		}
	}
	return all
}

// lean has only the fields of a token that the product reads: its text, its log-probability and
// those of its alternatives.
type lean struct {
	Choices []struct {
		Index int `json:"index"`
		Delta struct {
			Content string `json:"content"`
		} `json:"delta"`
		Logprobs struct {
			Content []struct {
				Token       string  `json:"token"`
				Logprob     float64 `json:"logprob"`
				TopLogprobs []struct {
					Token   string  `json:"token"`
					Logprob float64 `json:"logprob"`
				} `json:"top_logprobs"`
			} `json:"content"`
		} `json:"logprobs"`
		FinishReason string `json:"finish_reason"`
	} `json:"choices"`
}

// leanest has only the numbers and the answer's text.
type leanest struct {
	Choices []struct {
		Index int `json:"index"`
		Delta struct {
			Content string `json:"content"`
		} `json:"delta"`
		Logprobs struct {
			Content []struct {
				Logprob     float64 `json:"logprob"`
				TopLogprobs []struct {
					Logprob float64 `json:"logprob"`
				} `json:"top_logprobs"`
			} `json:"content"`
		} `json:"logprobs"`
		FinishReason string `json:"finish_reason"`
	} `json:"choices"`
}

// whole unmarshals each payload into a struct with all fields of a provider's chunk.
func whole(payloads [][]byte, unmarshal func([]byte, any) error) error {
	for _, p := range payloads {
		var c chunk
		if err := unmarshal(p, &c); err != nil {
			return err
		}
	}
	return nil
}

func encodingJSON(payloads [][]byte) error { return whole(payloads, json.Unmarshal) }

func sonicWhole(payloads [][]byte) error { return whole(payloads, sonic.Unmarshal) }

// goccyLean and goccyLeanest unmarshal each payload into the same struct.
func goccyLean(payloads [][]byte) error    { return reused(payloads, new(lean)) }
func goccyLeanest(payloads [][]byte) error { return reused(payloads, new(leanest)) }

func reused(payloads [][]byte, into any) error {
	for _, p := range payloads {
		if err := goccy.Unmarshal(p, into); err != nil {
			return err
		}
	}
	return nil
}

// fastjsonLogprobs parses each payload and reads its text and all its
// log-probabilities.
func fastjsonLogprobs(payloads [][]byte) error {
	var parser fastjson.Parser
	length, sum := 0, 0.0
	for _, p := range payloads {
		v, err := parser.ParseBytes(p)
		if err != nil {
			return err
		}
		for _, c := range v.GetArray("choices") {
			length += len(c.GetStringBytes("delta", "content"))
			for _, t := range c.GetArray("logprobs", "content") {
				sum += t.GetFloat64("logprob")
				for _, a := range t.GetArray("top_logprobs") {
					sum += a.GetFloat64("logprob")
				}
			}
		}
	}
	if length == 0 || sum > 0 {
		return fmt.Errorf("fastjson: %d bytes of text, log-probabilities of %v", length, sum)
	}
	return nil
}
