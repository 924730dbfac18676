package serve

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
)

// TestAnOperatorSeesResponses: the log, the metrics and the traces show responses, and that
// stored ones are not checked.
func TestAnOperatorSeesResponses(t *testing.T) {
	const response = `{"id":"resp_7","object":"response","model":"demo-1","status":"completed","output":[{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"output_text","text":"Seven.","logprobs":[{"token":"Seven.","logprob":-0.1}]}]}]}`
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, response)
	}))
	defer upstream.Close()
	collector, collected := newCollector(t)
	s := serve(t, []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + collector}, "--log", "json", "--metrics-listen", "127.0.0.1:0", "--upstream", upstream.URL+"/v1")
	resp, err := http.Post(s.url+"/v1/responses", "application/json", strings.NewReader(`{"model":"demo","input":"How many loaves?"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	untilShown(t, s.ops+"/metrics", "\n"+`finece_answers_total{checked="checked",fate="complete",policy="annotate",route="/v1/responses"} 1`+"\n")
	if resp, body := get(t, s.url+"/v1/responses/resp_7"); resp.Header.Get("X-FineCE-Reason") != "stored" || body != response {
		t.Errorf("%v %s", resp.Header, body)
	}
	for _, line := range []string{
		`finece_requests_total{client="",error="",route="/v1/responses",status="200"} 2`,
		`finece_unchecked_total{checked="unchecked",reason="stored",route="/v1/responses"} 1`,
	} {
		untilShown(t, s.ops+"/metrics", "\n"+line+"\n")
	}
	ended := s.stop(syscall.SIGTERM)
	var checked, stored struct{ Route, ID, Checked, Reason string }
	lines := strings.Split(ended.err, "\n")
	for _, line := range lines {
		if strings.Contains(line, `"id":"resp_7"`) {
			json.Unmarshal([]byte(line), &checked)
		} else if strings.Contains(line, `"stored"`) {
			json.Unmarshal([]byte(line), &stored)
		}
	}
	if checked.Route != "/v1/responses" || checked.Checked != "checked" || stored.Route != "/v1/responses" || stored.Checked != "unchecked" {
		t.Errorf("%+v, %+v: %q", checked, stored, lines)
	}
	spans, _, _ := collected()
	if len(spans) != 2 {
		t.Fatalf("%d spans", len(spans))
	}
	if a := attributesOf(spans[0].Attributes); spans[0].Name != "chat demo" || a["openai.api.type"] != "responses" || a["gen_ai.provider.name"] != "openai" || a["gen_ai.response.id"] != "resp_7" || len(spans[0].Events) != 1 {
		t.Errorf("%s: %v", spans[0].Name, a)
	}
	if a := attributesOf(spans[1].Attributes); spans[1].Name != "/v1/responses" || a["finece.reason"] != "stored" {
		t.Errorf("%s: %v", spans[1].Name, a)
	}
}
