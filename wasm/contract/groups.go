package contract

import (
	"time"

	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate/fit"
)

// Group is the settings that one part of FineCE reads.
type Group struct {
	// Name is the beginning of the names of the group's constants in package defaults. In
	// lower case, it is the group's key in the JSON schema.
	Name     string
	Doc      string // the rest of a sentence that begins with "The settings"
	Settings []*Setting
}

// Groups is every group of settings, except the settings of the session: those are [Session].
var Groups = []Group{
	{"Model", "of a client that asks a confidence model", Model},
	{"Scoring", "of the commands that score streams", Scoring},
	{"Samples", "of the estimator samples", Samples},
	{"Gateway", "of the gateway", Gateway},
	{"Serving", "of the commands that listen on an address", Serving},
	{"Serve", "of finece serve alone", Serve},
	{"Operations", "of the gateway's log and metrics", Operations},
	{"Guardrail", "of the guardrail for LiteLLM", Guardrails},
	{"Feedback", "of the store of feedback about answers", Feedback},
	{"Sampling", "of the commands that sample answers from a model's server", Sampling},
	{"Construct", "of data construction", Construct},
	{"Experiment", "of the paper's experiments", Experiment},
	{"Measure", "of the commands that measure and calibrate confidences", Measure},
	{"LM", "of the server of small models", LM},
	{"Training", "of the problems and the training", Training},
	{"Input", "of the input of commands", Input},
	{"Output", "of the output of commands", Output},
}

// The settings of a client that asks a confidence model. TypeScript has the same.
var (
	Requests           = atLeast("requests", 1, 8, "requests to the model's server at once", "")
	Timeout            = atLeast("timeout", float64(time.Millisecond), time.Minute, "URL: time for one estimate, retries included", "")
	Retries            = atLeast("retries", 0, 3, "attempts after the first, for a lost connection, status 429 and 5xx", "")
	MaxReply           = atLeast("max_reply", 1, 1<<20, "the longest reply that is read, in bytes", "bytes")
	Flying             = atLeast("flying", 1, 4, "requests of one stream in flight", "")
	ConversationTokens = atLeast("conversation_tokens", 0, 2048, "URL, with a card that covers conversations: the most tokens of system and other messages that the model is given besides the user's last message; 4 bytes count as one token", "tokens")
	Model              = []*Setting{Requests, Timeout, Retries, MaxReply, Flying, ConversationTokens}
)

// The settings of every command that scores streams. Estimator and Method
// together are the session's setting "estimator", and Calibration names the file
// that has the session's "calibration" in it.
var (
	Engine          = ofNames("engine", "wazero", "the engine that scores: finece.wasm on wazero, or native Go code; both give the same results, bit for bit", "wazero", "native")
	EstimatorURL    = text("estimator", "logprob", "where confidences come from: logprob (a statistic of the stream's log-probabilities), trajectory (a model of how the log-probabilities develop), samples (how many further answers agree), or the base URL of a confidence model's server, such as http://127.0.0.1:8000/v1")
	Method          = ofNames("method", core["estimator"].Default.(string), "logprob: the statistic", Methods.Texts()...)
	CalibrationFile = text("calibration", "", "file with a calibration map, which finece calibrate writes")
	TrajectoryFile  = text("trajectory", "", "trajectory: file with the model, which finece calibrate --estimator trajectory writes")
	Choice          = atLeast("choice", 0, 0, "number of the answer (choice) to show, from 0", "")
	ModelCard       = text("model_card", "", "URL: file with the confidence model's card, which says what the model was trained on; with a card you state that your answers are like its training data")
	FallbackFile    = text("fallback_calibration", "", "URL, annotate: file with a calibration map for --method, which estimates if the confidence model fails; without a map these estimates are not calibrated")
	Scoring         = []*Setting{Engine, EstimatorURL, Method, CalibrationFile, TrajectoryFile, ModelCard, FallbackFile, Choice}
)

// The settings of the estimator samples.
var (
	SamplesNumber = &Setting{Name: "samples", Help: "samples: total number of answers to a question, the judged one included", Default: 2, Low: 2, High: 100}
	SamplesGrader = text("agree_by", "number", "samples: the grader that reads final answers; two answers agree if their final answers are the same")
	Samples       = []*Setting{SamplesNumber, SamplesGrader}
)

// The settings of the gateway. Instead of Requests it has its own, of the same name.
var (
	Upstream        = text("upstream", "", "root of the upstream's API, such as https://api.openai.com/v1")
	Policy          = ofNames("policy", "annotate", "what the gateway does with confidences", "annotate", "warn", "withhold", "stop", "escalate", "best-of", "vote")
	AllowPolicy     = &Setting{Name: "allow_policy", Help: "policy that a request may choose, by the key finece of its body or the header X-FineCE-Policy; with off the answer is not scored; with no-records the policy stays, but the answer has no records", Default: []string{}}
	WarnBelow       = &Setting{Name: "warn_below", Help: "warn: an answer with a confidence below this value gets the warning", Default: 0.8, High: 1}
	WarnText        = text("warn_text", "\n\n(This answer may be wrong. Please check it.)", "warn: text that is added to an answer below the threshold")
	WithholdBelow   = &Setting{Name: "withhold_below", Help: "withhold: text with a confidence below this value is not sent", Default: 0.8, High: 1}
	StopBelow       = &Setting{Name: "stop_below", Help: "stop: an answer with confidences below this value is ended", Default: 0.2, High: 1}
	StopAfter       = atLeast("stop_after", 1, 2, "stop, and escalate in the modes restart and continue: positions in a row that have to be below the threshold", "")
	SkipAbove       = &Setting{Name: "skip_above", Help: "URL: if the confidence of the question alone, p(0), is above this value, the answer is sent without being scored; 1 scores every answer", Default: 1.0, High: 1}
	EscalateBelow   = &Setting{Name: "escalate_below", Help: "escalate: for an answer with a confidence below this value, another model is asked", Default: 0.5, High: 1}
	EscalateModel   = text("escalate_model", "", "escalate: model of the same upstream that is asked if the first answer is below the threshold")
	EscalateShare   = &Setting{Name: "escalate_share", Help: "escalate: share of the requests that may ask the other model", Default: 1.0, High: 1}
	EscalateMode    = ofNames("escalate_mode", "hold", "escalate: hold keeps the answer back until its confidence decides which answer is sent; restart sends text as it comes and, if the confidence is low, adds another model's new answer; continue lets the other model continue the text that was sent, if continue_by says how", "hold", "restart", "continue")
	RestartText     = text("restart_text", "\n\n(The answer so far may be wrong. Another model answers again.)\n\n", "escalate, mode restart: text before the other model's answer")
	Answers         = &Setting{Name: "answers", Help: "best-of, vote: answers to each request", Default: 3, Low: 1, High: 16}
	VoteBy          = text("vote_by", "number", "vote: the grader that reads final answers")
	ContinueBy      = ofNames("continue_by", "auto", "how the upstream is asked to continue an answer, if width is over 1 or escalate_mode is continue; auto chooses by the upstream's host", "auto", string(NotContinued), string(ContinueFinal), string(Prefix), string(Trailing))
	RolloutTokens   = atLeast("rollout_tokens", 1, 512, "width over 1: the most tokens of a sampled continuation; a longer one is left out", "tokens")
	RolloutBudget   = atLeast("rollout_budget", 1, 4096, "width over 1: the most tokens of all sampled continuations of one answer", "tokens")
	FinishReason    = ofNames("finish_reason", "content_filter", "withhold, stop: the finish_reason of an answer that is ended", "content_filter", "stop", "length")
	Failure         = ofNames("failure", "", "what happens to an answer that cannot be checked: with open it passes, marked as unchecked; with closed it does not; required for withhold, and open by default for other policies", "open", "closed")
	Carrier         = ofNames("carrier", "field", "how a stream carries confidences: as a field of its JSON, or in comments between its events", "field", "comment")
	RefuseUnchecked = yes("refuse_unchecked", "with --failure closed: refuse routes whose answers are not checked")
	Uncalibrated    = ofNames("uncalibrated", "refuse", "warn, withhold, stop, escalate, skip_above: whether to refuse or allow confidences that are not calibrated", "refuse", "allow")
	KeepRequest     = yes("keep_request", "do not ask the upstream for log-probabilities that the client did not ask for")
	CarrierDelay    = atLeast("carrier_delay", 0, 250*time.Millisecond, "field: the longest time that a confidence waits for a chunk of the upstream", "")
	Hedge           = atLeast("hedge", 0, time.Duration(0), "time after which a second request is sent if the confidence model has not replied; 0 sends none", "")
	// A command reads answers one after the other. A gateway has many answers at once, and people
	// wait for their ends. With 100 answers at once and replies of 200 ms, the median wait was
	// 1,004 ms with 8 requests at once, 1,002 ms with 32, 214 ms with 64 and 202 ms with 128. The
	// longest wait was 413 ms with 64 and 204 ms with 128. vLLM works on 256 requests at once,
	// and Ollama refuses more than 512.
	GatewayRequests = atLeast("requests", 1, 128, Requests.Help+", for all answers together", "")
	ModelCache      = atLeast("model_cache", 0, 4096, "replies of the confidence model that are kept and used again for equal prompts; 0 keeps none", "")
	Settle          = atLeast("settle", 0, time.Second, "annotate: the longest time that the end of an answer waits for the confidence model", "")
	MaxDelay        = atLeast("max_delay", 0, 30*time.Second, "withhold, escalate, best-of, vote: the longest time that text waits for its confidence", "")
	MaxHeld         = atLeast("max_held", 0, 1<<20, "withhold: the most bytes that are held", "bytes")
	UpstreamTimeout = atLeast("upstream_timeout", float64(time.Millisecond), 10*time.Minute, "time until the upstream begins to answer; answers that are not streamed take long to begin", "")
	IdleTimeout     = atLeast("idle_timeout", float64(time.Millisecond), 5*time.Minute, "time that the upstream may be silent within an answer", "")
	RequestTimeout  = atLeast("request_timeout", float64(time.Millisecond), 2*time.Minute, "time for a client to send a whole request", "")
	WriteTimeout    = atLeast("write_timeout", float64(time.Millisecond), 30*time.Second, "time for a client to read a piece of an answer", "")
	MaxStreams      = atLeast("max_streams", 1, 8192, "the most requests at the same time; further ones get status 503", "")
	MaxRequest      = atLeast("max_request", 1, 32<<20, "the largest request that is read to be scored, in bytes", "bytes")
	MaxAnswer       = atLeast("max_answer", 1, 16<<20, "the largest answer that is scored if it is not streamed, in bytes", "bytes")
	Gateway         = []*Setting{
		Upstream, Policy, AllowPolicy, WarnBelow, WarnText, WithholdBelow, StopBelow, StopAfter, SkipAbove, EscalateBelow, EscalateModel, EscalateShare, EscalateMode, RestartText, Answers, VoteBy, ContinueBy, RolloutTokens, RolloutBudget, FinishReason, Failure, Carrier, RefuseUnchecked, Uncalibrated, KeepRequest, CarrierDelay, GatewayRequests, Hedge, ModelCache, Settle, MaxDelay, MaxHeld,
		UpstreamTimeout, IdleTimeout, RequestTimeout, WriteTimeout, MaxStreams, MaxRequest, MaxAnswer,
	}
)

// The settings of the commands that listen on an address: serve and lm.
var (
	AllowHost      = &Setting{Name: "allow_host", Help: "another name of this server, such as gateway.example.com", Default: []string{}}
	AllowOrigin    = &Setting{Name: "allow_origin", Help: "web origin whose pages may use the server, such as https://chat.example.com; * for all", Default: []string{}}
	Grace          = atLeast("grace", 0, 10*time.Second, "time to finish answers when the server is stopped", "")
	HeaderTimeout  = atLeast("header_timeout", float64(time.Millisecond), 10*time.Second, "time for a client to send the headers of a request", "")
	KeepAlive      = atLeast("keep_alive", float64(time.Millisecond), 2*time.Minute, "time that a connection without a request is kept", "")
	MaxHeader      = atLeast("max_header", 1<<10, 64<<10, "the largest headers of a request, in bytes", "bytes")
	MaxConnections = atLeast("max_connections", 1, 10_000, "the most connections at once; further ones wait to be accepted", "")
	Serving        = []*Setting{AllowHost, AllowOrigin, Grace, HeaderTimeout, KeepAlive, MaxHeader, MaxConnections}
)

// The settings of the gateway's log and metrics.
var (
	Log           = ofNames("log", "text", "one line about each answer on standard error, without any text or key", "text", "json", "off")
	MetricsListen = text("metrics_listen", "", "address for Prometheus metrics and readiness, such as 127.0.0.1:9090; everyone who can reach it can read them without a key; none by default")
	Operations    = []*Setting{Log, MetricsListen}
)

// The settings of the guardrail for LiteLLM. It also has the settings of the policy withhold.
var (
	Guardrail      = yes("guardrail", "serve LiteLLM's generic guardrail API; withhold_below, skip_above, failure and uncalibrated decide which answers it blocks; it needs a confidence model")
	GuardrailTexts = ofNames("guardrail_texts", "whole", "the text in LiteLLM's calls: whole answers (with streaming_end_of_stream_only or streaming_buffer_until_moderated), or growing: the text of a stream so far, whose last paragraph is not judged", "whole", "growing")
	Guardrails     = []*Setting{Guardrail, GuardrailTexts}
)

// The settings of the store of feedback about answers.
var (
	FeedbackDB        = text("feedback_db", "", "file of an SQLite database for the confidences of answers, without any text, and the feedback of clients; none by default")
	FeedbackRetention = atLeast("feedback_retention", 0, 90*24*time.Hour, "time that an answer and its feedback are kept; 0 for no limit", "")
	FeedbackMax       = atLeast("feedback_max", 1<<20, 1<<30, "maximum size of the database, in bytes; above it the oldest answers are deleted, those without feedback first", "bytes")
	DriftRate         = &Setting{Name: "drift_rate", Help: "highest probability of a false alarm: that drift is ever reported while the calibration still holds; 0 does not test for drift", Default: 0.01, High: 0.5}
	OnDrift           = ofNames("on_drift", "report", "what happens after the calibration has drifted: report only reports it; uncalibrate also marks confidences as not calibrated", "report", "uncalibrate")
	Feedback          = []*Setting{FeedbackDB, FeedbackRetention, FeedbackMax, DriftRate, OnDrift}
)

// The settings of the commands that sample answers: construct, experiment and demo.
var (
	Server         = &Setting{Name: "server", Help: "base URL of the model's server, such as http://127.0.0.1:8000/v1; give several servers of one model to spread the requests, with #weight=2 after one that takes twice as many", Default: []string{}}
	API            = text("api", "continue-final", "how a partial answer is sent")
	Dataset        = text("dataset", "plain", "format of the questions")
	Grader         = text("grader", "", "how answers are graded")
	Temperature    = &Setting{Name: "temperature", Help: "temperature of the sampling", Default: 1.0, High: 2}
	SampleTokens   = atLeast("max_tokens", 0, 1024, "the most tokens of a completion; 0 leaves it to the server", "tokens")
	SampleTimeout  = atLeast("timeout", float64(time.Millisecond), 10*time.Minute, "time for one request, retries included", "")
	SampleRetries  = atLeast("retries", 0, 6, "retries of a request", "")
	SampleMaxReply = atLeast("max_reply", 1, 256<<20, "the longest reply that is read, in bytes; thirty long answers, or the embeddings of thirty texts, fit", "bytes")
	Sampling       = []*Setting{Server, API, Dataset, Grader, Temperature, SampleTokens, SampleTimeout, SampleRetries, SampleMaxReply}
)

// The settings of data construction.
var (
	ConstructK      = &Setting{Name: "k", Help: "number of completions of a question, and of each partial answer", Default: 30, Low: 1, High: 10_000}
	ConstructT      = &Setting{Name: "T", Help: "number of fragments of the longest partial answers", Default: 3, High: 1000}
	ConstructM      = &Setting{Name: "m", Help: "number of partial answers of each length", Default: 3, High: 10_000}
	ClusterDistance = &Setting{Name: "cluster_distance", Help: "clusters are merged while the cosine distance between them is below this value", Default: 0.3, High: 2, Was: "threshold"}
	Construct       = []*Setting{ConstructK, ConstructT, ConstructM, ClusterDistance}
)

// The settings of the paper's experiments.
var (
	ExperimentAnswers = atLeast("answers", 1, 1, "answers to each question", "")
	ExperimentSamples = atLeast("samples", 1, 10, "samples of the baselines at each state", "")
	ExperimentDepth   = &Setting{Name: "depth", Help: "fusion depth of the trees; 0 samples none", Default: 2, High: 4}
	ExperimentWidth   = &Setting{Name: "width", Help: "fusion width of the trees; 0 samples none", Default: 4, High: 16}
	ExperimentLabels  = atLeast("labels", 0, 15, "continuations of p(0), p(1) and p(z-1) that are graded; 0 samples none", "")
	ExperimentEvery   = atLeast("every", 1, 30, "periodic: tokens from one position to the next", "tokens")
	Experiment        = []*Setting{ExperimentAnswers, ExperimentSamples, ExperimentDepth, ExperimentWidth, ExperimentLabels, ExperimentEvery}
)

// The settings of eval and calibrate, and the seed of every command whose random
// numbers do not depend on the machine.
var (
	ConfidenceColumn = text("confidence", "confidence", "key or column of the confidence")
	CorrectColumn    = text("correct", "correct", "key or column of the correctness")
	Bins             = &Setting{Name: "bins", Help: "number of bins", Default: metrics.DefaultBins, Low: 1, High: metrics.MaxBins}
	LeastInBin       = atLeast("least_in_bin", 1, fit.DefaultLeastInBin, "minimum number of answers in a bin of an isotonic or histogram map; smaller bins are merged", "")
	Resamples        = atLeast("resamples", 1, metrics.DefaultResamples, "resamples of the bootstrap", "")
	Seed             = atLeast("seed", 0, 0, "random seed; the same seed gives the same result", "")
	Measure          = []*Setting{ConfidenceColumn, CorrectColumn, Bins, LeastInBin, Resamples, Seed}
)

// The settings of the server of small models, host/lm.
var (
	MaxSequences = &Setting{Name: "max_sequences", Help: "the most completions of a model at a time; further ones wait", Default: 64, Low: 1, High: 1 << 20}
	LMCache      = &Setting{Name: "cache", Help: "MiB of each model's key-value cache", Unit: "MiB", Default: 256, Low: 1, High: 1 << 30}
	LM           = []*Setting{MaxSequences, LMCache}
)

// The settings of the problems and the training.
var (
	TrainSeed     = atLeast("seed", 0, 1, "random seed; the same seed gives the same result", "")
	ProblemDomain = text("domain", "in", "domain of the problems")
	Training      = []*Setting{TrainSeed, ProblemDomain}
)

// The settings of the commands that read many lines.
var (
	Rejected = text("rejected", "", "write lines that cannot be used to this file, with the reason; with -o, the default is the name of that file with .rejected added")
	Strict   = yes("strict", "stop at the first line that cannot be used, instead of leaving it out")
	Columns  = &Setting{Name: "columns", Help: "names of keys or columns that differ from the usual ones, such as answer=response,question=prompt; by default common names are tried", Default: []string{}}
	Input    = []*Setting{Rejected, Strict, Columns}
)

// The settings of what commands write.
var (
	OutputFile = &Setting{Name: "output", Help: "write to this file", Default: "", Short: "o"}
	Resumed    = &Setting{Name: "output", Help: "write to this file; resume if it has lines already", Default: "", Short: "o"}
	Output     = []*Setting{OutputFile}
)
