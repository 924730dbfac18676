package serve

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

// Secrets: no log, metric or trace may contain them.
const (
	secretQuestion = "Which quagga ate the loaves?"
	secretAnswer   = "The zebrafinch did."
	secretKey      = "sk-operators-secret"
	secretPath     = "file-wombat"
)

// planted starts an upstream whose answer is a secret, and a confidence model that answers with
// an error that repeats the request.
func planted(t *testing.T) (upstream, confidence *httptest.Server) {
	t.Helper()
	upstream = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inPieces(w, `data: {"id":"chatcmpl-7","object":"chat.completion.chunk","created":1,"model":"demo-1","choices":[{"index":0,"delta":{"content":"`+secretAnswer+`"},"logprobs":{"content":[{"token":"`+secretAnswer+`","logprob":-0.1,"top_logprobs":[]}]},"finish_reason":null}]}

data: {"id":"chatcmpl-7","object":"chat.completion.chunk","created":1,"model":"demo-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

data: [DONE]

`, 100)
	}))
	confidence = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusBadRequest)
		json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"message": "cannot read " + string(body)}})
	}))
	t.Cleanup(func() {
		upstream.CloseClientConnections()
		upstream.Close()
		confidence.Close()
	})
	return upstream, confidence
}

// asks sends a question, a request for a file and one with a wrong key.
func asks(t *testing.T, url, key string) {
	t.Helper()
	question := strings.Replace(chatRequest, "How many loaves?", secretQuestion, 1)
	for _, c := range []struct{ path, key string }{
		{"/v1/chat/completions", key}, {"/v1/files/" + secretPath + "?key=" + secretKey, key}, {"/v1/chat/completions", key + "-not"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", url+c.path, strings.NewReader(question))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+c.key)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if c.path == "/v1/chat/completions" && c.key == key && !strings.Contains(string(body), secretAnswer) {
			t.Fatalf("%s", body)
		}
	}
}

// hides fails if a secret is in what an operator can read.
func hides(t *testing.T, where, text, key string) {
	t.Helper()
	for _, secret := range []string{key, secretKey, secretQuestion, "quagga", secretAnswer, "zebrafinch", secretPath} {
		if strings.Contains(text, secret) {
			t.Errorf("%s has the secret %q in it:\n%s", where, secret, text)
		}
	}
}

// TestEachAnswerIsOneLineOfTheLog: in each format, the log has one line for each answer, and no
// secret.
func TestEachAnswerIsOneLineOfTheLog(t *testing.T) {
	upstream, confidence := planted(t)
	path := filepath.Join(t.TempDir(), "keys.txt")
	key := newKey(t, path, "--name", "laptop")
	env := []string{upstreamKey + "=" + secretKey}
	for _, estimator := range []string{"logprob", confidence.URL + "/v1"} {
		for _, format := range []string{"json", "text", "off"} {
			s := serve(t, env, "--log", format, "--estimator", estimator, "--keys", path, "--upstream", upstream.URL+"/v1", "--settle", hung.String())
			asks(t, s.url, key)
			r := s.stop(syscall.SIGTERM)
			hides(t, "the log", r.err, key)
			var answers []string
			for line := range strings.Lines(r.err) {
				if strings.Contains(line, `"msg":"answer"`) || strings.Contains(line, "msg=answer") {
					answers = append(answers, line)
				}
			}
			switch format {
			case "off":
				if len(answers) > 0 {
					t.Errorf("off: %q", answers)
				}
				continue
			case "text":
				if len(answers) != 3 || !strings.Contains(answers[0], " client=laptop id=chatcmpl-7 model=demo generator=demo-1 ") {
					t.Errorf("text: %q", answers)
				}
				continue
			}
			if len(answers) != 3 {
				t.Fatalf("%d lines: %q", len(answers), answers)
			}
			var got [3]map[string]any
			for i, line := range answers {
				if err := json.Unmarshal([]byte(line), &got[i]); err != nil {
					t.Fatalf("%v: %s", err, line)
				}
			}
			for i, want := range []map[string]any{
				{"status": 200.0, "route": "/v1/chat/completions", "client": "laptop", "id": "chatcmpl-7", "model": "demo", "generator": "demo-1", "policy": "annotate", "fate": "complete"},
				{"status": 403.0, "route": "other", "client": "laptop", "checked": "unchecked", "reason": "surface", "error": "finece-surface"},
				{"status": 401.0, "error": "finece-key", "client": nil},
			} {
				for name, value := range want {
					if got[i][name] != value {
						t.Errorf("line %d: %s is %v, want %v: %s", i, name, got[i][name], value, answers[i])
					}
				}
			}
			for _, name := range []string{"upstream_ms", "header_ms", "end_wait_ms", "held_ms", "total_ms"} {
				if v, ok := got[0][name].(float64); !ok || v < 0 {
					t.Errorf("%s: %v", name, got[0][name])
				}
			}
			// When the model fails, the log-probabilities give the confidence instead.
			if c, ok := got[0]["confidence"].(float64); !ok || c < 0 || c > 1 || got[0]["calibrated"] != false || got[0]["estimator"] != "logprob" {
				t.Errorf("%s: %s", estimator, answers[0])
			}
			if failed := got[0]["model_errors"] != nil; failed != (estimator != "logprob") {
				t.Errorf("%s: %s", estimator, answers[0])
			}
		}
	}
	finece(t, nil, "serve", "--log", "xml").wants(t, exit.Usage, "want text, json, off")
}

// TestMetrics: the metrics count what was done, and only their own address serves them.
func TestMetrics(t *testing.T) {
	upstream, confidence := planted(t)
	path := filepath.Join(t.TempDir(), "keys.txt")
	key := newKey(t, path, "--name", "laptop")
	for estimator, want := range map[string][]string{
		"logprob": {
			`finece_confidence_count{calibrated="false",estimator="logprob"} 1`,
			`finece_answers_total{checked="checked",fate="complete",policy="annotate",route="/v1/chat/completions"} 1`,
			`finece_added_seconds_count{part="header",policy="annotate"} 1`, `finece_added_seconds_count{part="end",policy="annotate"} 1`,
			`finece_events_total{route="/v1/chat/completions"} 3`, `finece_model_calls_total 0`,
		},
		confidence.URL + "/v1": {
			`finece_confidence_count{calibrated="false",estimator="logprob"} 1`, // it stands in for the model
			`finece_breaker{state="closed"} 1`, `finece_breaker{state="open"} 0`,
		},
	} {
		s := serve(t, []string{upstreamKey + "=" + secretKey}, "--metrics-listen", "127.0.0.1:0", "--estimator", estimator, "--keys", path, "--upstream", upstream.URL+"/v1", "--settle", hung.String())
		asks(t, s.url, key)
		want = append(want,
			`finece_requests_total{client="laptop",error="",route="/v1/chat/completions",status="200"} 1`,
			`finece_requests_total{client="",error="finece-key",route="/v1/chat/completions",status="401"} 1`,
			`finece_requests_total{client="laptop",error="finece-surface",route="other",status="403"} 1`,
			`finece_unchecked_total{checked="unchecked",reason="surface",route="other"} 1`,
		)
		for _, line := range want {
			untilShown(t, s.ops+"/metrics", "\n"+line+"\n")
		}
		_, text := get(t, s.ops+"/metrics")
		if errors := strings.Contains(text, "\nfinece_model_errors_total 0\n"); errors != (estimator == "logprob") {
			t.Errorf("%s: the model had errors: %v", estimator, !errors)
		}
		hides(t, "/metrics", text, key)
		for _, foreign := range [][]string{{"Origin", "https://evil.example"}, {"Host", "evil.example"}, {"Sec-Fetch-Site", "cross-site"}} {
			if status, body := send(t, http.DefaultClient, "GET", s.ops+"/metrics", foreign...); status != 403 || strings.Contains(body, "finece_requests") {
				t.Errorf("%q: HTTP %d", foreign, status)
			}
		}
		if resp, body := get(t, s.url+"/metrics"); resp.StatusCode != 404 || strings.Contains(body, "finece_requests") {
			t.Errorf("clients read the metrics: HTTP %d", resp.StatusCode)
		}
		s.stop(syscall.SIGTERM)
	}
	finece(t, nil, "serve", "--metrics-listen", "127.0.0.1:none", "--upstream", upstream.URL).wants(t, exit.IO, "--metrics-listen")
}

// TestReadiness: /readyz needs no key, and fails when the upstream or the confidence model is
// gone.
func TestReadiness(t *testing.T) {
	upstream, confidence := planted(t)
	gone := "http://127.0.0.1:1/v1/" + secretPath
	path := filepath.Join(t.TempDir(), "keys.txt")
	key := newKey(t, path)
	for _, c := range []struct {
		upstream, model string
		status          int
		want            string
	}{
		{upstream.URL, "logprob", 200, `{"status":"ready","core":"ok","upstream":"ok"}`},
		{upstream.URL, confidence.URL, 200, `{"status":"ready","core":"ok","upstream":"ok","model":"ok"}`},
		{upstream.URL, gone, 503, `{"status":"not-ready","core":"ok","upstream":"ok","model":"failed"}`},
		{gone, "logprob", 503, `{"status":"not-ready","core":"ok","upstream":"failed"}`},
	} {
		s := serve(t, []string{upstreamKey + "=" + secretKey}, "--metrics-listen", "127.0.0.1:0", "--keys", path, "--upstream", c.upstream, "--estimator", c.model)
		for _, url := range []string{s.url, s.ops} {
			resp, body := get(t, url+"/readyz")
			if resp.StatusCode != c.status || strings.TrimSpace(body) != c.want {
				t.Errorf("%v: HTTP %d %s", c, resp.StatusCode, body)
			}
			hides(t, "/readyz", body, key)
		}
		s.stop(syscall.SIGTERM)
	}
}

// TestAStreamUnderWayEndsAfterTheServerWasStopped: a stopped server finishes the stream that is
// under way and begins no new one.
func TestAStreamUnderWayEndsAfterTheServerWasStopped(t *testing.T) {
	recorded, err := os.ReadFile(demo)
	if err != nil {
		t.Fatal(err)
	}
	goesOn := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inPieces(w, string(recorded[:20_000]), 5000)
		<-goesOn
		w.Write(recorded[20_000:])
	}))
	defer upstream.Close()
	s := serve(t, nil, "--metrics-listen", "127.0.0.1:0", "--grace", hung.String(), "--upstream", upstream.URL+"/v1")
	resp, err := http.Post(s.url+"/v1/chat/completions", "application/json", strings.NewReader(chatRequest))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	s.kill(syscall.SIGTERM)
	for limit := time.Now().Add(hung); ; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("hung: the server does not drain")
		}
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			break
		}
		c.Close()
	}
	if ready, body := get(t, s.ops+"/readyz"); ready.StatusCode != 503 || !strings.Contains(body, `"draining"`) {
		t.Errorf("HTTP %d %s", ready.StatusCode, body)
	}
	close(goesOn)
	body, err := io.ReadAll(resp.Body)
	if err != nil || !strings.HasSuffix(string(body), "data: [DONE]\n\n") {
		t.Errorf("the stream was cut: %v %s", err, body[max(0, len(body)-200):])
	}
	s.wait().wants(t, exit.OK)
}

// TestAKilledServerTearsItsStreams: the client sees that its answer is torn, and the upstream
// that its client is gone. Another server serves at the same address at once.
func TestAKilledServerTearsItsStreams(t *testing.T) {
	recorded, err := os.ReadFile(demo)
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{}, 2)
	var whole atomic.Bool
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if whole.Load() {
			inPieces(w, string(recorded), 5000)
			return
		}
		inPieces(w, string(recorded[:20_000]), 5000)
		<-r.Context().Done()
		gone <- struct{}{}
	}))
	defer upstream.Close()
	first := serve(t, nil, "--upstream", upstream.URL+"/v1")
	resp, err := http.Post(first.url+"/v1/chat/completions", "application/json", strings.NewReader(chatRequest))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadFull(resp.Body, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	first.kill(syscall.SIGKILL)
	if rest, err := io.ReadAll(resp.Body); err == nil || strings.Contains(string(rest), "[DONE]") {
		t.Errorf("the torn answer ends with %v", err)
	}
	<-gone
	_ = first.cmd.Wait() // the signal is its error
	whole.Store(true)
	second := serve(t, nil, "--listen", strings.TrimPrefix(first.url, "http://"), "--upstream", upstream.URL+"/v1")
	again, err := http.Post(second.url+"/v1/chat/completions", "application/json", strings.NewReader(chatRequest))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Body.Close()
	if body, err := io.ReadAll(again.Body); err != nil || second.url != first.url || !strings.HasSuffix(string(body), "data: [DONE]\n\n") {
		t.Errorf("after the kill, at %s: %v %.300s", second.url, err, body)
	}
	second.stop(syscall.SIGTERM).wants(t, exit.OK)
}

// TestTraces: each request has a span, whose parent is the client's own, with an event about the
// answer. Without an endpoint there are none.
func TestTraces(t *testing.T) {
	upstream, _ := planted(t)
	seen := make(chan string, 10)
	proxied := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header.Get("Traceparent")
		upstream.Config.Handler.ServeHTTP(w, r)
	}))
	defer proxied.Close()
	collector, collected := newCollector(t)
	path := filepath.Join(t.TempDir(), "keys.txt")
	key := newKey(t, path, "--name", "laptop")
	env := []string{upstreamKey + "=" + secretKey, "OTEL_EXPORTER_OTLP_ENDPOINT=" + collector}
	s := serve(t, env, "--keys", path, "--upstream", proxied.URL+"/v1")
	asks(t, s.url, key)
	const parent = "0af7651916cd43dd8448eb211c80319c"
	send(t, http.DefaultClient, "GET", s.url+"/v1/models", "Authorization", "Bearer "+key, "Traceparent", "00-"+parent+"-b7ad6b7169203331-01")
	s.stop(syscall.SIGTERM).wants(t, exit.OK)
	spans, raw, service := collected()
	hides(t, "the traces", raw, key)
	if len(spans) != 4 || service != "finece" {
		t.Fatalf("%d spans of %q", len(spans), service)
	}
	chat := spans[0]
	if a := attributesOf(chat.Attributes); chat.Name != "chat demo" || a["openai.api.type"] != "chat_completions" || chat.Kind != tracepb.Span_SPAN_KIND_CLIENT || a["gen_ai.operation.name"] != "chat" ||
		a["gen_ai.provider.name"] != "openai" || a["gen_ai.request.model"] != "demo" || a["gen_ai.response.model"] != "demo-1" || a["gen_ai.response.id"] != "chatcmpl-7" ||
		a["gen_ai.response.finish_reasons"] != "stop" || a["finece.checked"] != "checked" || a["finece.client"] != "laptop" || a["server.address"] != "127.0.0.1" || a["error.type"] != "" {
		t.Errorf("%s: %v", chat.Name, a)
	}
	if len(chat.Events) != 1 || chat.Events[0].Name != "gen_ai.evaluation.result" {
		t.Fatalf("%v", chat.Events)
	}
	if a := attributesOf(chat.Events[0].Attributes); a["gen_ai.evaluation.name"] != "finece.certainty" || a["gen_ai.evaluation.score.value"] == "" || a["gen_ai.response.id"] != "chatcmpl-7" || a["finece.calibrated"] != "false" {
		t.Errorf("%v", a)
	}
	if got, want := <-seen, fmt.Sprintf("00-%x-%x-01", chat.TraceId, chat.SpanId); got != want {
		t.Errorf("the upstream was told %q, want %q", got, want)
	}
	for i, want := range map[int]string{1: "finece-surface", 2: "finece-key"} {
		if got := attributesOf(spans[i].Attributes)["error.type"]; got != want || spans[i].Status.GetCode() != tracepb.Status_STATUS_CODE_ERROR {
			t.Errorf("span %d: %q, want %q", i, got, want)
		}
	}
	if models := spans[3]; fmt.Sprintf("%x", models.TraceId) != parent || models.Name != "/v1/models" {
		t.Errorf("%x %s", models.TraceId, models.Name)
	}

	s = serve(t, append(env, "OTEL_SDK_DISABLED=true"), "--keys", path, "--upstream", proxied.URL+"/v1")
	asks(t, s.url, key)
	s.stop(syscall.SIGTERM).wants(t, exit.OK)
	if spans, _, _ := collected(); len(spans) > 0 {
		t.Errorf("%d spans although they are off", len(spans))
	}
	finece(t, append(env, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"), "serve", "--keys", path, "--upstream", proxied.URL).wants(t, exit.Usage, "want http/protobuf")
}

// newCollector serves an OpenTelemetry collector. collected returns the spans that have come
// since its last call, and the bytes of all requests so far.
func newCollector(t *testing.T) (url string, collected func() (spans []*tracepb.Span, raw, service string)) {
	t.Helper()
	var mu sync.Mutex
	var gotSpans []*tracepb.Span
	var gotRaw, gotService string
	collected = func() (spans []*tracepb.Span, raw, service string) {
		mu.Lock()
		defer mu.Unlock()
		spans, gotSpans = gotSpans, nil
		return spans, gotRaw, gotService
	}
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var sent collectorpb.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &sent); err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		mu.Lock()
		defer mu.Unlock()
		gotRaw += string(body)
		for _, of := range sent.ResourceSpans {
			gotService = attributesOf(of.Resource.Attributes)["service.name"]
			for _, in := range of.ScopeSpans {
				gotSpans = append(gotSpans, in.Spans...)
			}
		}
	}))
	t.Cleanup(collector.Close)
	return collector.URL, collected
}

// attributesOf are attributes as text.
func attributesOf(all []*commonpb.KeyValue) map[string]string {
	texts := map[string]string{}
	for _, a := range all {
		switch v := a.Value.Value.(type) {
		case *commonpb.AnyValue_StringValue:
			texts[a.Key] = v.StringValue
		case *commonpb.AnyValue_BoolValue:
			texts[a.Key] = fmt.Sprint(v.BoolValue)
		case *commonpb.AnyValue_DoubleValue:
			texts[a.Key] = fmt.Sprint(v.DoubleValue)
		case *commonpb.AnyValue_ArrayValue:
			for _, e := range v.ArrayValue.Values {
				texts[a.Key] += e.GetStringValue()
			}
		}
	}
	return texts
}
