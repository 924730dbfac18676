package serve

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/models"
	"github.com/finece/finece/host/grade"
)

// asked posts a chat with a seed and returns the reply.
func asked(t *testing.T, url, question string, seed int, streamed bool) string {
	t.Helper()
	q, _ := json.Marshal(question)
	body := fmt.Sprintf(`{"model":"generator","temperature":1,"max_tokens":200,"seed":%d,"stream":%t,"messages":[{"role":"user","content":%s}]}`, seed, streamed, q)
	resp, err := http.Post(url+"/chat/completions", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s, %v", resp.StatusCode, text, err)
	}
	return string(text)
}

// whole finds p(z) in an answer.
var whole = regexp.MustCompile(`"kinds":\["end"\][^{}]*"state":"(\w+)","revision":\d+,(?:"raw":[^,]*,"fused":([^,]*),"calibrated":(\w+),"source":(\{[^}]*\})|"reason":"([^"]*)")`)

// The confidence is the share of the samples, which have the seeds after the client's, that
// agree with the answer.
func TestServeBySamples(t *testing.T) {
	url, done, err := models.Serve()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	s := serve(t, nil, "--estimator", "samples", "--samples", "3", "--settle", hung.String(), "--no-auth", "--upstream", url)
	final := func(question string, seed int) (string, bool) {
		var reply struct {
			Choices []struct{ Message struct{ Content string } }
		}
		if err := json.Unmarshal([]byte(asked(t, url, question, seed, false)), &reply); err != nil {
			t.Fatal(err)
		}
		return grade.NumberGrader{}.Final(nil, reply.Choices[0].Message.Content)
	}
	seen := map[float64]int{}
	for i, question := range []string{
		"Tom has 29 eggs. Leo has 19 fewer than Tom. Mia has 3 times as many as Leo. Lea has 7 fewer than Mia. How many eggs does Lea have?",
		"A market has 29 bottles. It gets 19 more. It gets 14 more. How many bottles does the market have now?",
	} {
		for seed := 10; seed < 40; seed += 10 {
			first, ok := final(question, seed)
			if !ok {
				continue
			}
			want := 0.0
			for k := 1; k <= 2; k++ {
				if other, ok := final(question, seed+k); ok && other == first {
					want += 0.5
				}
			}
			for _, streamed := range []bool{false, true} {
				text := asked(t, s.url+"/v1", question, seed, streamed)
				found := whole.FindStringSubmatch(text)
				if found == nil {
					t.Fatalf("no p(z) in\n%s", text)
				}
				if got, err := strconv.ParseFloat(found[2], 64); err != nil || got != want || found[1] != "final" || found[3] != "false" || found[4] != `{"estimator":"samples"}` {
					t.Errorf("question %d, seed %d: %q, want %v, uncalibrated, of samples", i, seed, found, want)
				}
				seen[want]++
			}
		}
	}
	if len(seen) < 2 {
		t.Errorf("all answers agree alike: %v", seen)
	}
}

func TestServeBySamplesIsRefused(t *testing.T) {
	for _, c := range []struct {
		says string
		args []string
	}{
		{"does not go with the estimator samples", []string{"--estimator", "samples", "--policy", "stop", "--uncalibrated", "allow"}},
		{"does not go with the estimator samples", []string{"--estimator", "samples", "--policy", "best-of"}},
		{"the estimator samples has no calibration map", []string{"--estimator", "samples", "--policy", "warn"}},
		{"needs --estimator samples", []string{"--samples", "3"}},
		{"this grader reads no final answer", []string{"--estimator", "samples", "--agree-by", "statements"}},
	} {
		finece(t, nil, append([]string{"serve", "--no-auth", "--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:1/v1"}, c.args...)...).wants(t, 2, c.says)
	}
}
