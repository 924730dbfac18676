package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/finece/finece/wasm/contract"
)

var percentage = regexp.MustCompile(`[0-9] ?%`)

// TestNoSourceThatIsNotCalibratedIsShownAsAPercentage walks the estimators and methods of
// the contract. The demo's script looks at the demo, and tests of host/gateway and of the
// npm package at what serve and the page show.
func TestNoSourceThatIsNotCalibratedIsShownAsAPercentage(t *testing.T) {
	m := newConfidenceModel(t, sure)
	identity := file(t, "identity.json", `{"finece_calibration":1,"maps":{"all":{"method":"identity","n":9,"support":[0,1]}}}`)
	others := file(t, "others.json", strings.Replace(likewise, `"maps"`, `"card":{"finece_card":1,"generator":"another","labels":9},"maps"`, 1))
	answers := file(t, "answers.jsonl", `{"id":1,"answer":"One two.\n\nThree.","logprobs":[-0.1,-0.2,-0.05,-0.4],"model":"this one"}`+"\n")
	sources := map[string][]string{"model": m.flags(), "identity": {"--calibration", identity}}
	for _, method := range contract.Methods.Texts() {
		sources[method] = []string{"--method", method}
	}
	for name, flags := range sources {
		for command, args := range map[string][]string{
			"watch":        {"watch", "--engine", "native", demoStream},
			"watch --json": {"watch", "--engine", "native", "--json", demoStream},
			"score":        {"score", "--engine", "native", answers},
		} {
			r := finece(t, "", append(args, flags...)...)
			r.wants(t, 0)
			if percentage.MatchString(r.out+r.err) || strings.Contains(r.out, `"calibrated":true`) {
				t.Errorf("%s of %s:\n%s%s", command, name, r.out, r.err)
			}
			if command == "watch" && !regexp.MustCompile(`● [▂▅█] (low|medium|high)`).MatchString(r.out) {
				t.Errorf("%s of %s shows no word:\n%s", command, name, r.out)
			}
		}
	}
	// A map that does not cover the answer's generator.
	r := finece(t, "", "score", "--engine", "native", "--calibration", others, answers)
	if r.wants(t, 0); !strings.Contains(r.out, `"calibrated":false`) || !strings.Contains(r.out, `"outside":["generator"]`) {
		t.Errorf("another generator: %s", r.out)
	}
	// What is calibrated is a percentage: the test would see one.
	r = finece(t, "", "watch", "--engine", "native", "--calibration", file(t, "map.json", likewise), demoStream)
	if r.wants(t, 0); !percentage.MatchString(r.out) {
		t.Errorf("calibrated: %s", r.out)
	}
}

// TestAMapOfAllPositionsSatisfiesWithhold follows the advice of the refusal: score
// labelled answers, fit a map on all their positions, and pass it.
func TestAMapOfAllPositionsSatisfiesWithhold(t *testing.T) {
	var labelled strings.Builder
	for i := range 60 {
		lp := -0.05 - float64(i%7)/10
		fmt.Fprintf(&labelled, `{"id":%d,"answer":"One two.\n\nThree.","logprobs":[%v,%v,-0.05,-0.4],"correct":%t}`+"\n", i, lp, lp/2, i%7 < 3)
	}
	scored := finece(t, "", "score", "--engine", "native", file(t, "answers.jsonl", labelled.String()))
	scored.wants(t, 0)
	fitted := finece(t, scored.out, "calibrate", "--positions", "--method", "platt", "--resamples", "20", "-o", "-", "-")
	fitted.wants(t, 0, "platt")
	for _, want := range []string{`"card":{"finece_card":1,`, `"kinds":["paragraph","end"]`, `"labels":120`} {
		if !strings.Contains(fitted.out, want) {
			t.Errorf("the map has no %s: %s", want, fitted.out)
		}
	}
	all := file(t, "all.json", fitted.out)
	whole := finece(t, scored.out, "calibrate", "--method", "platt", "--resamples", "20", "-o", "-", "-")
	whole.wants(t, 0, "platt")
	r := finece(t, "", "serve", "--upstream", "http://127.0.0.1:1/v1", "--policy", "withhold", "--failure", "closed", "--listen", "nowhere:x", "--calibration", all)
	if r.wants(t, 4, "unknown port"); strings.Contains(r.err, "probabilities") {
		t.Error(r.err)
	}
	r = finece(t, "", "watch", "--engine", "native", "--calibration", file(t, "whole.json", whole.out), "--json", demoStream)
	if r.wants(t, 0); !strings.Contains(r.out, `"outside":["kind"`) || !strings.Contains(r.out, `"calibrated":true`) {
		t.Errorf("a map of whole answers: %s", r.out)
	}
}
