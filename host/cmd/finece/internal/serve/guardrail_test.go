package serve

import (
	"strings"
	"syscall"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/guardrail"
)

// TestGuardrail: the guardrail needs a confidence model that is calibrated, or --uncalibrated
// allow, and then judges answers. make test-servers runs it with a real LiteLLM proxy.
func TestGuardrail(t *testing.T) {
	m := newConfidenceModel(t) // it says 0.8
	for _, c := range []struct {
		args []string
		says string
	}{
		{nil, "a confidence model is needed"},
		{[]string{"--estimator", m.URL + "/v1"}, "--guardrail: "},
		{[]string{"--guardrail-texts", "half"}, "want whole, growing"},
	} {
		args := append([]string{"serve", "--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:1/v1", "--guardrail"}, c.args...)
		if c.args == nil {
			args = append(args, "--uncalibrated", "allow")
		}
		finece(t, nil, args...).wants(t, exit.Usage, c.says)
	}
	s := serve(t, nil, "--upstream", "http://127.0.0.1:1/v1", "--estimator", m.URL+"/v1", "--model", "judge", "--guardrail", "--uncalibrated", "allow", "--withhold-below", "0.9", "--max-delay", hung.String(), "--log", "json")
	for _, c := range []struct{ body, says string }{
		{`{"input_type":"request","litellm_call_id":"1","texts":["` + secretQuestion + `"]}`, `{"action":"NONE"}`},
		{`{"input_type":"response","litellm_call_id":"1","texts":["` + secretAnswer + `"]}`, `"action":"BLOCKED"`},
		{`{"input_type":"response","litellm_call_id":"2","texts":["` + secretAnswer + `"]}`, `{"action":"NONE"}`},
	} {
		if status, text, _ := call(t, "POST", s.url+guardrail.Path, "", c.body); status != 200 || !strings.Contains(text, c.says) {
			t.Errorf("%s: %d %s", c.body, status, text)
		}
	}
	r := s.stop(syscall.SIGTERM)
	hides(t, "the log", r.err, secretKey)
	for _, want := range []string{`"msg":"guardrail","action":"block","client":"","reason":"low","confidence":0.8`, `"action":"pass","client":"","reason":"no-question"`} {
		if !strings.Contains(r.err, want) {
			t.Errorf("the log lacks %s:\n%s", want, r.err)
		}
	}
}
