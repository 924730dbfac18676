package contract

import (
	"slices"
	"strings"
)

// The settings that only finece serve has. A secret has no flag, because other users of the
// machine can read the command lines of processes.
var (
	Listen          = text("listen", "127.0.0.1:8080", "address to listen on")
	TLSCert         = text("tls_cert", "", "file of the TLS certificate and its chain; with it the server speaks HTTPS and HTTP/2")
	TLSKey          = text("tls_key", "", "file of the certificate's key; both files are read again when they change")
	H2C             = yes("h2c", "also speak HTTP/2 without TLS, for a proxy in front of the server")
	Static          = text("static", "", "folder to serve at / instead of the built-in page")
	ClientKeys      = text("keys", "", "file of client keys, which finece key new writes")
	NoAuth          = yes("no_auth", "require no client keys even if an upstream key is set; only on a loopback address")
	UpstreamKey     = secret("upstream_key", "key for the upstream; it replaces the client's")
	UpstreamKeyFile = text("upstream_key_file", "", "file with the key for the upstream")
	ModelKey        = secret("model_key", "key for the confidence model's server")
	ModelKeyFile    = text("model_key_file", "", "file with the key for the confidence model's server")
	Serve           = []*Setting{Listen, TLSCert, TLSKey, H2C, Static, ClientKeys, NoAuth, UpstreamKey, UpstreamKeyFile, ModelKey, ModelKeyFile}
)

// ConfigFile is the file that can hold all other settings of finece serve.
var ConfigFile = text("config", "", "file of settings in YAML, named as the flags with _ instead of -, and of routes and keys")

// Files are the settings of finece serve that name a file or a folder. In a file of settings,
// the name is relative to the folder of that file.
var Files = []*Setting{TLSCert, TLSKey, Static, ClientKeys, UpstreamKeyFile, ModelKeyFile, CalibrationFile, TrajectoryFile, ModelCard, FallbackFile, FeedbackDB}

// Served is every setting of finece serve, in the order of the groups. The file of settings
// and the environment can set them.
var Served = slices.Concat(Serve, Gateway, []*Setting{
	Engine, EstimatorURL, ModelName, ModelAdapter, Activation, Class, Label, ModelCard, Timeout, ConversationTokens, FallbackFile, CalibrationFile, TrajectoryFile, Method, SamplesNumber, SamplesGrader,
	Strategy, Every, EntropyThreshold, MinLength, MinGap, Alpha, Depth, Width,
}, Operations, Guardrails, Feedback, Serving)

// Routed are the settings that a route of the gateway may change.
var Routed = []*Setting{
	Policy, AllowPolicy, WarnBelow, WarnText, WithholdBelow, StopBelow, StopAfter, SkipAbove, EscalateBelow, EscalateModel, EscalateShare, EscalateMode, RestartText, Answers, VoteBy,
	FinishReason, Failure, Carrier, Uncalibrated, CalibrationFile, KeepRequest, CarrierDelay, Settle, MaxDelay, MaxHeld,
}

// The keys of a file of finece serve that are not settings: routes and their members, and
// the members of client keys.
var (
	Routes      = text("routes", "", "other settings for some requests; the first route that matches a request applies")
	RoutePath   = text("path", "", "the scored path of the requests, such as /v1/messages, or the beginning of paths followed by *; all paths by default")
	RouteModel  = text("model", "", "the model that the client asks for, or the beginning of models' names followed by *; all models by default")
	ClientName  = text("name", "", "name of the client, for logs and counts")
	ClientHash  = text("hash", "", "sha256: followed by the key's hash, as finece key new writes it")
	RateLimit   = atLeast("rate", 1, 0, "requests a minute; no limit by default", "")
	StreamLimit = atLeast("streams", 1, 0, "requests at the same time; no limit by default", "")
	TokenLimit  = atLeast("tokens", 1, 0, "tokens of answers a day; no limit by default", "")
	Client      = []*Setting{ClientName, ClientHash, RateLimit, StreamLimit, TokenLimit}
)

// secret returns a text setting that no output shows.
func secret(name, help string) *Setting {
	return &Setting{Name: name, Help: help, Default: "", Secret: true}
}

// File returns the setting's name in a file of finece serve: the flag's name with _ instead of
// -. It differs from Name if the flag's name does.
func (s *Setting) File() string { return strings.ReplaceAll(s.Flag(), "-", "_") }
