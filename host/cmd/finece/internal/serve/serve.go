// Package serve is the command `finece serve`: the gateway of package host/gateway
// on a socket, with the files, keys and flags of the command.
package serve

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/models"
	"github.com/finece/finece/host/cmd/finece/internal/serve/config"
	"github.com/finece/finece/host/cmd/finece/internal/server"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/contract"
)

const long = `serve runs a gateway between clients and an upstream, a server with the API of OpenAI,
Anthropic or Ollama. Point a client's base URL at the gateway: answers come back with
confidences. The X-FineCE-* response headers say what was checked.

Policies (--policy):
  annotate   text never waits; confidences are sent with it
  warn       as annotate; --warn-text is added to an answer whose confidence is below
             --warn-below, unless the client asked for JSON
  withhold   text waits for the confidence of its position, and is not sent if the
             confidence is below --withhold-below; --failure decides about text that
             cannot be checked
  stop       text never waits; an answer is ended if its confidences are below
             --stop-below at --stop-after positions in a row, and the request to the
             upstream is cancelled
  escalate   an answer whose confidence is below --escalate-below is not sent; instead
             --escalate-model, a model of the same upstream, is asked
  best-of    the upstream is asked for --answers answers at once; the most confident
             one is sent
  vote       the upstream is asked for --answers answers at once; each votes for its
             final answer, weighted by its confidence; the most confident answer with
             the winning final answer is sent; --vote-by says how final answers are read
escalate, best-of and vote hold an answer until it is complete. With --escalate-mode
restart or continue, escalate sends text as it comes; then the other model's answer
follows that text, or continues it. These three policies ask the upstream several times;
the usage that the client sees is the sum.

Routes:
  Checked: POST /v1/chat/completions, /v1/completions, /v1/responses, Anthropic's
  /v1/messages, and Ollama's /api/chat and /api/generate. Anthropic's API has no
  log-probabilities, so /v1/messages needs a confidence model.
  Stored answers, such as GET /v1/responses/ID, are not checked: --failure open passes
  them, and closed refuses them.
  Other routes below /v1/ pass unchanged, also under --failure closed. With
  --failure closed --refuse-unchecked, all of them are refused except the list of
  models.

Confidences are sent in the key "finece" of chunks and events (--carrier field), or in
comment lines, which SDKs ignore (--carrier comment). If the estimator needs
log-probabilities, serve asks the upstream for them and removes those that the client
did not ask for; --keep-request leaves requests unchanged.

With --width over 1, sampled continuations also revise the confidence of a position:
--width 3 samples two continuations of each position of a streamed answer from the
upstream, and asks the confidence model about them. --continue-by says how the upstream
is asked. --rollout-tokens and --rollout-budget bound the cost.

Without --upstream the small built-in model answers, and its confidence model estimates.
This needs no network.

Settings:
  --config FILE   settings in YAML, such as "policy: warn". A setting has the name of its
             flag, with _ instead of -. A flag overrides the environment
             (FINECE_POLICY for --policy), and the environment overrides the file. The
             file may also have client keys, and routes, which have other settings for
             some paths or models:

` + exampleFile + `
             The repository has a longer example with comments and a JSON schema for
             editors: host/cmd/finece/serve.yaml and wasm/contract/schema/serve.json.
  --check    checks the settings, the TLS certificate, the upstream (can it be reached,
             does it send log-probabilities, can it continue a message) and the
             confidence model, by a few short requests. It prints one line for each,
             with what to do. The exit code is 0 if all is well, 2 if a setting is
             wrong and 3 if a server does not do what the settings need.
  --print-config   prints all settings as a file, with the origin of each
  SIGHUP     reads the file, and the files that settings name, again: policies, routes,
             keys, limits of requests and TLS certificates. Answers under way keep their
             settings, and counts of use continue. If anything is wrong, the error is
             logged and the earlier settings stay. A log line says what has changed,
             and what needs a restart.
In the list of flags, a word before a colon says when a flag counts: "warn:" means with
--policy warn, "periodic:" with --strategy periodic, and "URL:" with --estimator URL.

Keys:
  FINECE_UPSTREAM_KEY   the key for the upstream. It replaces the client's key, and is
             sent only with checked routes and GET /v1/models. All other routes are
             then refused with status 403. Without it, the client's own key is sent
             on. --upstream-key-file FILE reads the key from a file instead.
  --keys FILE   client keys, made by "finece key new FILE". A client sends its key as
             Authorization: Bearer KEY, or as X-FineCE-Key if Authorization has the
             client's key for the upstream. serve prints a link that opens its page in a
             browser without a key; the link works once.
  --no-auth   no client keys, even if FINECE_UPSTREAM_KEY is set; only on a loopback
             address
Client keys are needed with FINECE_UPSTREAM_KEY, and on any address that other
machines can reach. The confidence model's key is FINECE_MODEL_KEY, or in the file of
--model-key-file; if neither is set, it is FINECE_API_KEY or OPENAI_API_KEY.

A request is refused if its Host header is not a loopback name, the address of --listen
or a name of --allow-host. A browser's request is refused if it comes from a page of
another origin, unless --allow-origin names that origin.

Operations:
  GET /healthz   the server runs
  GET /readyz    status 200 if the core works and the upstream and the confidence model
                 can be reached, else 503. The result is kept for 5 seconds.
                 Neither route needs a key.
  --log          one line on standard error about each answer, without any text:
                 id, client, models, confidence, decision, delays
  --metrics-listen ADDRESS   serves /metrics for Prometheus on a separate address, so
                 that clients cannot read them. Metrics need no key: use a loopback
                 address, or one that only trusted machines can reach. Requests of web
                 pages are refused. The address also serves /readyz, which says
                 "draining" while the server stops. The repository has a Grafana
                 dashboard for the metrics: host/cmd/finece/grafana.json.
  --guardrail    serves POST /beta/litellm_basic_guardrail_api for a LiteLLM proxy. In
                 LiteLLM, add a guardrail of the kind generic_guardrail_api with this
                 server as its api_base and with the modes pre_call and post_call.
  --feedback-db FILE   stores the confidences of answers, without any text, so that
                 clients can say later whether the answers were correct: see finece
                 feedback --help
  OTEL_EXPORTER_OTLP_ENDPOINT   the address for OpenTelemetry traces, such as
                 http://127.0.0.1:4318; without it there are none. Each request is one
                 span, with the GenAI conventions and an event
                 gen_ai.evaluation.result for each answer. The upstream gets the header
                 traceparent. The other OTEL_* variables apply, too; the protocol is
                 http/protobuf.

The first interrupt stops the server: answers under way have --grace to end. A second
interrupt ends them at once.`

// exampleFile is a file of settings that the help shows.
const exampleFile = `               upstream: https://api.openai.com/v1
               upstream_key_file: /run/secrets/upstream-key
               keys: keys.txt
               settle: 500ms
               routes:
                 - model: gpt-4o-mini*
                   calibration: gpt-4o-mini.json
                   policy: warn
                   warn_below: 0.7
`

const example = `  finece serve
  finece serve --upstream https://api.openai.com/v1
  finece serve --upstream https://api.openai.com/v1 --keys keys.txt
  finece serve --upstream http://127.0.0.1:8000/v1 --listen :8080 --keys keys.txt
  finece serve --upstream http://127.0.0.1:8000/v1 --model http://127.0.0.1:8001/v1
  finece serve --upstream https://api.openai.com/v1 --calibration map.json --policy warn
  finece serve --upstream https://api.openai.com/v1 --failure closed --refuse-unchecked
  finece serve --config serve.yaml`

// builtInSettle is how long the end of an answer waits for the built-in confidence model. It
// is long because the model computes on this machine, which may be busy.
const builtInSettle = 10 * time.Second

// builtInRollout is the most tokens of a continuation of the built-in model, whose context is
// short.
const builtInRollout = 128

// New makes the command.
func New() *cobra.Command {
	var path string
	var asked string
	var check, show bool
	var f *flags
	cmd := &cobra.Command{
		Use:     "serve [flags]",
		Short:   "Serve a gateway that scores answers",
		Long:    long,
		Example: example,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return exit.Usagef("serve takes no arguments, not %q; the upstream is given with --upstream", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			s := &service{cmd: cmd, path: cmp.Or(path, os.Getenv(contract.ConfigFile.Env())), typed: config.Given(f.own.Flags())}
			switch {
			case show:
				return s.show()
			case check:
				return s.check(asked)
			case asked != "":
				return exit.Usagef("--check-model needs --check")
			}
			return s.run()
		},
	}
	f = newFlags(cmd)
	settings.Add(cmd, contract.ConfigFile, &path)
	cmd.Flags().BoolVar(&check, "check", false, "check the settings, the upstream and the confidence model, then exit")
	cmd.Flags().StringVar(&asked, "check-model", "", "check: model of the upstream that is asked a test question")
	cmd.Flags().BoolVar(&show, "print-config", false, "print all settings as a file, with the origin of each and without secrets, then exit")
	cmd.MarkFlagsMutuallyExclusive("check", "print-config")
	_ = cmd.MarkFlagFilename(contract.ConfigFile.Flag(), "yaml", "yml")
	return cmd
}

// service is a running finece serve.
type service struct {
	cmd   *cobra.Command
	path  string          // of the file of settings; "" if there is none
	typed []*config.Value // the flags on the command line

	*flags
	follower *follow.Follower
	ops      *operations
	at       net.Addr
	files    fs.FS // served at /
	page     *page // nil if no client keys are needed
	meter    *gateway.Meter
	cert     *server.Certificate // nil without TLS
	handler  atomic.Pointer[http.Handler]
}

// readCertificate reads the TLS certificate, if there is one.
func (s *service) readCertificate() (err error) {
	if s.tlsCert == "" {
		return nil
	}
	s.cert, err = server.NewCertificate(s.tlsCert, s.tlsKey, func(err error) { s.ops.log.Report("the new TLS certificate is not used", err) })
	if err != nil {
		return exit.Errorf(exit.IO, "--tls-cert, --tls-key: %w", err)
	}
	return nil
}

func (s *service) protocols() server.Protocols {
	p := server.Protocols{H2C: s.h2c, WriteTimeout: s.gateway.WriteTimeout}
	if s.cert != nil {
		p.TLS = s.cert.Config()
	}
	return p
}

func (s *service) scheme() string {
	if s.cert != nil {
		return "https"
	}
	return "http"
}

// load reads the settings of the file, the environment and the command line.
func (s *service) load() (*config.Config, error) {
	c, err := config.Load(s.path, s.typed, os.Getenv)
	if missing := (*fs.PathError)(nil); errors.As(err, &missing) {
		return nil, exit.Errorf(exit.IO, "--config: %w", err)
	}
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	return c, nil
}

// show prints the settings.
func (s *service) show() error {
	c, err := s.load()
	if err != nil {
		return err
	}
	text, err := c.YAML()
	if err == nil {
		_, err = s.cmd.OutOrStdout().Write(text)
	}
	if err != nil {
		return exit.With(exit.IO, err)
	}
	return nil
}

// prepare reads the settings and makes the engine and the client of the confidence model. done
// closes them.
func (s *service) prepare(ctx context.Context) (done func(), err error) {
	c, err := s.load()
	if err != nil {
		return nil, err
	}
	stop, builtIn := func() {}, ""
	defer func() {
		if err != nil {
			stop()
		}
	}()
	if v := c.Values[contract.Upstream]; v == nil || v.Text() == "" {
		if builtIn, stop, err = models.Serve(); err != nil {
			stop = func() {}
			return nil, err
		}
	}
	if s.flags, err = settle(c, builtIn); err != nil {
		return nil, err
	}
	if s.follower, err = s.Follower(ctx); err != nil {
		return nil, c.Explain(err, nil)
	}
	end := stop
	stop = func() {
		s.follower.Engine.Close()
		end()
	}
	return stop, s.handle()
}

func (s *service) run() (err error) {
	ctx, stop := signal.NotifyContext(s.cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	done, err := s.prepare(ctx)
	if err != nil {
		return err
	}
	defer done()
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return s.given.Explain(exit.Errorf(exit.IO, "--listen: %w", err), nil)
	}
	defer listener.Close()
	closed, err := s.assemble(ctx, listener.Addr())
	if err != nil {
		return err
	}
	defer closed()
	s.greet()
	s.missing()
	for _, said := range config.Unknown(os.Environ()) {
		terminal.Say(s.cmd, "warning: %s", said)
	}
	unlisten, err := s.ops.listen(s.cmd, s.flags)
	if err != nil {
		return err
	}
	defer unlisten()
	if s.follower.Client != nil && !s.builtIn {
		go s.probe(ctx, s.Config)
	}
	limits, speaks := &s.limits, s.protocols()
	s.onHangup(ctx) // from here on, s has other settings after a SIGHUP
	return server.Run(ctx, stop, s.cmd, listener, s, limits, speaks, "answers")
}

// assemble makes the handlers for an address, and what they need. closed ends it.
func (s *service) assemble(ctx context.Context, at net.Addr) (closed func(), err error) {
	s.at, s.meter = at, gateway.NewMeter(time.Now)
	if err := s.readCertificate(); err != nil {
		return nil, err
	}
	if s.ops, err = s.operations(ctx, s.cmd, s.follower); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.ops.close()
		}
	}()
	if err := s.openFiles(); err != nil {
		return nil, err
	}
	handler, err := s.make(s.flags)
	if err != nil {
		return nil, err
	}
	s.handler.Store(&handler)
	return s.ops.close, nil
}

// ServeHTTP serves a request by the settings in effect when it comes.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(*s.handler.Load()).ServeHTTP(w, r)
}

// missing warns before the first answer if the table of providers says that the upstream has
// no log-probabilities.
func (s *service) missing() {
	p := contract.ProviderAt(strings.TrimSuffix(s.gateway.Upstream, "/") + "/chat/completions")
	if p == nil || s.AsksModel() {
		return
	}
	if said := p.Lacks(); said != "" {
		terminal.Say(s.cmd, "%s; answers without them have no confidence, unless --estimator URL names a confidence model", said)
	}
}

// probe warns if the confidence model does not answer a test question. The server runs all the
// same: the model may start later, and until then --failure decides about answers.
func (s *service) probe(ctx context.Context, c host.Config) {
	if err := s.follower.Probe(ctx, c); err != nil && ctx.Err() == nil {
		terminal.Say(s.cmd, "warning: %v; check --estimator, --model and --adapter", err)
	}
}

// greet prints the address of the server.
func (s *service) greet() {
	terminal.Say(s.cmd, "listening on %s://%s", s.scheme(), s.at)
	s.invite()
	if s.builtIn {
		terminal.Say(s.cmd, "without --upstream the built-in model answers; it solves word problems of a few steps of arithmetic")
	}
}

// invite prints the link of the page, if the page needs a link.
func (s *service) invite() {
	if s.page != nil {
		terminal.Say(s.cmd, "open %s://%s%s in a browser for the page; the link works once", s.scheme(), reachable(s.at), s.page.link())
	}
}

// reachable returns an address that a browser on this machine can open.
func reachable(at net.Addr) string {
	if tcp, ok := at.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", strconv.Itoa(tcp.Port))
	}
	return at.String()
}
