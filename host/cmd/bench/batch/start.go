package main

import (
	"bufio"
	"fmt"
	"math"
	"path/filepath"

	"github.com/finece/finece/host/cmd/bench/internal/report"
)

const startRounds = 21

// start compares the start of the command with that of a program that does nothing.
func start(r *report.Report) error {
	few, err := pairsFile(10, ".csv")
	if err != nil {
		return err
	}
	stream := filepath.Join(folder, "stream.sse")
	err = once(stream, func(w *bufio.Writer) {
		for i := 0; w.Buffered() < 100<<10; i++ { // the buffer is longer
			fmt.Fprintf(w, `data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":" word"},"logprobs":{"content":[{"token":" word","logprob":%v}]}}]}`+"\n\n", math.Log(0.5+float64(i%50)/100))
		}
		w.WriteString("data: [DONE]\n\n")
	})
	if err != nil {
		return err
	}
	none := &contestant{name: "an empty Go program", args: []string{empty}}
	all := []*contestant{
		none,
		{name: "finece version", args: []string{finece, "version"}},
		{name: "finece eval, 10 rows", args: []string{finece, "eval", few}},
		{name: "finece watch, 100 KB", args: []string{finece, "watch", "--json", stream}},
	}
	if err := contest(2, all[1:]...); err != nil { // fills wazero's cache
		return err
	}
	for _, c := range all {
		c.laps = nil
	}
	if err := contest(startRounds, all...); err != nil {
		return err
	}
	r.Title("Starting", "Whole runs of the command, after two that fill the cache of compiled wasm.")
	r.Header("", "wall ms", "CPU ms", "CPU time / the empty program's")
	for _, c := range all {
		r.Line(c.name, fmt.Sprintf("%.1f", 1000*c.median(wall)), fmt.Sprintf("%.1f", 1000*c.median(cpu)), report.Short(c.times(none, cpu)))
	}
	for i, goal := range []float64{8, 10, 50} {
		r.Target(all[i+1].name+", wall ms", 1000*all[i+1].median(wall), goal, report.AtMost)
	}
	return nil
}
