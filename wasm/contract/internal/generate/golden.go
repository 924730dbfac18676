package main

import (
	"encoding/hex"
	"math"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/abi"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// goldenEvent is an event of the core, and the names that a reader has to find in it.
type goldenEvent struct {
	Record string   `json:"record"` // the bytes of package abi, in hexadecimal
	Names  []string `json:"names"`
}

// goldenNames writes events in which every name occurs.
func goldenNames() ([]byte, error) {
	var list []goldenEvent
	add := func(e session.Event, names ...string) {
		record := hex.EncodeToString(abi.AppendEvents(nil, []session.Event{e}))
		list = append(list, goldenEvent{record, append([]string{e.Kind.String()}, names...)})
	}
	for _, s := range position.Segments() {
		add(session.Event{Kind: session.Text, Segment: s}, s.String())
	}
	for _, k := range position.Kinds() {
		nan := math.NaN()
		add(session.Event{Kind: session.Positioned, Position: position.Position{Kind: k, EntropyLo: nan, EntropyHi: nan}}, k.String(), position.Answer.String())
		add(session.Event{Kind: session.Ask, Position: position.Position{Kind: k}}, k.String())
		add(session.Event{Kind: session.Finish, Missing: k}, k.String(), stream.Stop.String())
	}
	for _, r := range stream.Reasons() {
		add(session.Event{Kind: session.Finish, Finish: r}, r.String())
	}
	for _, c := range session.FaultCodes() {
		add(session.Event{Kind: session.Fault, Fault: stream.Fault{Code: c, Offset: -1}}, session.FaultName(c))
	}
	add(session.Event{Kind: session.Usage, Usage: stream.Usage{Prompt: 1, Completion: 2, Reasoning: 3}})
	add(session.Event{Kind: session.Ended})
	add(session.Event{Kind: session.Said, Said: stream.Said{Text: true, Logprobs: 7, LogprobsEnd: 9}})
	add(session.Event{Kind: session.Framed, Frame: stream.Frame{Is: stream.FrameChunk, End: 3, Data: 1, Brace: 2}})
	goldenConfidences(add)
	return indented(list)
}

func goldenConfidences(add func(session.Event, ...string)) {
	confidence := func(state session.State, reason session.Reason, source session.Source) session.Event {
		e := session.Event{Kind: session.Confidence, State: state, Reason: reason, Source: source, Raw: math.NaN(), Fused: math.NaN()}
		if state == session.Provisional || state == session.Final {
			e.Raw, e.Fused = 0.5, 0.25
		}
		return e
	}
	none := session.Source{Mass: math.NaN()}
	add(confidence(session.Pending, session.NoReason, none), session.Pending.String())
	for _, r := range session.Reasons() {
		add(confidence(session.Unavailable, r, none), session.Unavailable.String(), r.String())
	}
	for _, m := range estimate.Methods() {
		source := session.Source{Estimator: session.Builtin, Method: uint8(m), Mass: math.NaN()}
		add(confidence(session.Provisional, session.NoReason, source), session.Provisional.String(), m.String())
	}
	add(confidence(session.Final, session.NoReason, session.Source{Estimator: session.Trajectory, Mass: math.NaN()}), session.Final.String())
	for _, b := range estimate.Bases() {
		source := session.Source{Estimator: session.Model, Method: uint8(b), Mass: 1}
		add(confidence(session.Final, session.NoReason, source), session.Final.String(), b.String())
	}
	for _, m := range calibrate.Methods() {
		for _, b := range calibrate.AllBands() {
			source := session.Source{Estimator: session.Model, Mass: 1, Map: m, Band: b}
			add(confidence(session.Final, session.NoReason, source), session.Final.String(), estimate.Expectation.String(), m.String(), b.String())
		}
	}
}
