// Package traces sends OpenTelemetry traces of finece serve: one span for each request for the
// API, with the GenAI semantic conventions, and one event gen_ai.evaluation.result for each
// answer. No attribute contains the text of a question or an answer, a key or a path.
package traces

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/finece/finece/host/gateway"
)

// Traces sends spans. A nil Traces sends none.
type Traces struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	context  propagation.TraceContext
	upstream []attribute.KeyValue
}

// Wanted reports whether the environment names an endpoint, as OpenTelemetry's
// specification says: OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
// unless OTEL_SDK_DISABLED is true or OTEL_TRACES_EXPORTER is none. An error names a variable
// whose value is not supported.
func Wanted(getenv func(string) string) (bool, error) {
	either := func(name string) string {
		if v := getenv("OTEL_EXPORTER_OTLP_TRACES_" + name); v != "" {
			return v
		}
		return getenv("OTEL_EXPORTER_OTLP_" + name)
	}
	if either("ENDPOINT") == "" || getenv("OTEL_SDK_DISABLED") == "true" || getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false, nil
	}
	if e := getenv("OTEL_TRACES_EXPORTER"); e != "" && e != "otlp" {
		return false, &EnvError{"OTEL_TRACES_EXPORTER", e, "otlp or none"}
	}
	if p := either("PROTOCOL"); p != "" && p != "http/protobuf" {
		return false, &EnvError{"OTEL_EXPORTER_OTLP_PROTOCOL", p, "http/protobuf"}
	}
	return true, nil
}

// EnvError is the error of an environment variable.
type EnvError struct{ Name, Value, Want string }

func (e *EnvError) Error() string {
	return e.Name + " is " + strconv.Quote(e.Value) + ": want " + e.Want
}

// New makes Traces for a gateway of an upstream. The environment says where spans go. failed is
// called with errors of sending.
func New(ctx context.Context, upstream string, failed func(error)) (*Traces, error) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(failed))
	exporter, err := otlptracehttp.New(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	named := resource.NewSchemaless(semconv.ServiceName("finece"))
	if r, err := resource.New(ctx, resource.WithFromEnv(), resource.WithTelemetrySDK()); err == nil {
		named, _ = resource.Merge(named, r) // OTEL_SERVICE_NAME comes before finece
	}
	t := &Traces{provider: sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(named))}
	t.tracer = t.provider.Tracer("github.com/finece/finece/host/gateway", trace.WithSchemaURL(semconv.SchemaURL))
	if u, err := url.Parse(upstream); err == nil && u.Hostname() != "" {
		t.upstream = []attribute.KeyValue{semconv.ServerAddress(u.Hostname())}
		if port, err := strconv.Atoi(u.Port()); err == nil {
			t.upstream = append(t.upstream, semconv.ServerPort(port))
		}
	}
	return t, nil
}

// Close sends the remaining spans.
func (t *Traces) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// Handler starts a span for each request of next, below the client's own if its header
// traceparent names one.
func (t *Traces) Handler(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := t.context.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := t.tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(t.upstream...))
		defer span.End()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// RoundTrip returns next with the header traceparent added, which tells the upstream the span.
func (t *Traces) RoundTrip(next gateway.RoundTrip) gateway.RoundTrip {
	if t == nil {
		return next
	}
	return func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		t.context.Inject(r.Context(), propagation.HeaderCarrier(r.Header))
		return next(r)
	}
}

// Observe is a [gateway.Observer]. It completes the request's span.
func (t *Traces) Observe(ctx context.Context, x *gateway.Exchange) {
	span := trace.SpanFromContext(ctx)
	if t == nil || !span.IsRecording() {
		return
	}
	name := x.Route
	attributes := []attribute.KeyValue{semconv.HTTPResponseStatusCode(x.Status), attribute.String("finece.fate", string(x.Fate))}
	if x.Asked != "" {
		operation, provider := semconv.GenAIOperationNameChat, semconv.GenAIProviderNameOpenAI
		switch x.Route {
		case gateway.PathCompletions:
			operation = semconv.GenAIOperationNameTextCompletion
		case gateway.PathMessages:
			provider = semconv.GenAIProviderNameAnthropic
		case gateway.PathChat:
			attributes = append(attributes, semconv.OpenAIAPITypeChatCompletions)
		case gateway.PathResponses:
			attributes = append(attributes, semconv.OpenAIAPITypeResponses)
		}
		name = operation.Value.AsString() + " " + x.Asked
		// The provider is named after the upstream's protocol; the upstream's own name is not known.
		attributes = append(attributes, operation, provider, semconv.GenAIRequestModel(x.Asked))
	}
	span.SetName(name)
	for _, a := range []struct{ key, value string }{
		{"gen_ai.response.id", x.ID}, {"gen_ai.response.model", x.Generator}, {"finece.route", x.Route}, {"finece.client", x.Client},
		{"finece.policy", string(x.Policy)}, {"finece.checked", x.Checked}, {"finece.reason", x.Reason}, {"error.type", errorType(x)},
	} {
		if a.value != "" {
			attributes = append(attributes, attribute.String(a.key, a.value))
		}
	}
	if x.Policy != "" {
		attributes = append(attributes, attribute.Float64("finece.end_wait", x.Settled.Seconds()), attribute.Float64("finece.held", x.Held.Seconds()),
			attribute.Float64("finece.upstream", x.Upstream.Seconds()), attribute.Float64("finece.header", x.Header.Seconds()),
			attribute.Int("finece.model_calls", x.ModelCalls), attribute.Int("finece.model_errors", x.ModelErrors))
		attributes = append(attributes, t.answers(span, x)...)
	}
	for _, d := range x.Decisions {
		span.AddEvent("finece.decision", trace.WithAttributes(
			attribute.String("finece.policy", d.Policy), attribute.String("finece.action", d.Action), attribute.String("finece.reason", d.Reason), attribute.Int("finece.choice", d.Choice)))
	}
	span.SetAttributes(attributes...)
	if e := errorType(x); e != "" {
		span.SetStatus(codes.Error, e)
	}
}

// answers adds an event for each answer, and returns attributes of all of them.
func (t *Traces) answers(span trace.Span, x *gateway.Exchange) []attribute.KeyValue {
	var reasons []string
	tokens, exact := 0, true
	for i := range x.Answers {
		a := &x.Answers[i]
		if exact = exact && a.End != nil && !a.End.Approximate; a.End != nil {
			tokens += int(a.End.Tokens + a.End.Reasoning)
			reasons = append(reasons, a.End.Reason.String())
		}
		c := &a.Headline
		event := []attribute.KeyValue{semconv.GenAIEvaluationName("finece.confidence"), attribute.Int("finece.choice", c.Choice)}
		if x.ID != "" {
			event = append(event, semconv.GenAIResponseID(x.ID))
		}
		if c.HasValue() {
			if !c.Calibrated {
				event[0] = semconv.GenAIEvaluationName("finece.certainty") // it is not calibrated
			}
			event = append(event, semconv.GenAIEvaluationScoreValue(c.Fused), attribute.String("finece.estimator", c.Source.Estimator), attribute.Bool("finece.calibrated", c.Calibrated))
		} else {
			event = append(event, attribute.String("error.type", c.Reason.String()))
		}
		span.AddEvent("gen_ai.evaluation.result", trace.WithAttributes(event...))
	}
	all := []attribute.KeyValue{semconv.GenAIResponseFinishReasons(reasons...)}
	if exact && len(x.Answers) > 0 {
		all = append(all, semconv.GenAIUsageOutputTokens(tokens))
	}
	return all
}

// errorType names an error in one word.
func errorType(x *gateway.Exchange) string {
	switch {
	case x.Code != "":
		return x.Code
	case x.Fate != gateway.Complete:
		return string(x.Fate)
	case x.Status >= 400:
		return strconv.Itoa(x.Status)
	}
	return ""
}
