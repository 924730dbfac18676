// Package serve is the command `finece serve`: the gateway of package host/gateway
// on a socket, with the files, keys and flags that the gateway itself does not know.
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

const long = `serve runs a gateway between clients and a server with the API of OpenAI or of
Anthropic. Point a client's base URL at it: answers come back with confidences. The
X-FineCE-* response headers say what was checked.

Policies:
  annotate   the text waits for nothing; confidences are sent beside it
  warn       the same, and --warn-text is added to the text of an answer whose
             confidence is below --warn-below, unless the client asked for JSON
  withhold   text waits for the confidence of its position, and is not sent if the
             confidence is below --withhold-below; --failure says what happens to
             text that cannot be checked
  stop       the text waits for nothing; an answer whose confidences are below
             --stop-below at --stop-after positions in a row is ended, and the upstream
             stops generating it
  escalate   an answer whose confidence is below --escalate-below is not sent;
             --escalate-model, a model of the same upstream, answers instead
  best-of    --answers answers are asked for at once; the most confident is sent
  vote       the same, but the answers vote for their final answers, which --vote-by
             reads, each with its confidence; the best of the majority is sent
The last three send nothing before the answer is whole, unless --escalate-mode is
restart or continue: then the other model's answer follows text that is out, or the other
model continues that text. They ask the upstream several times; the usage that the client
sees is the sum.

POST /v1/chat/completions, /v1/completions, /v1/responses, Anthropic's /v1/messages and
Ollama's /api/chat and /api/generate are checked. Answers that the upstream has stored,
such as GET /v1/responses/ID, are not: --failure open passes them, and closed refuses
them. Other routes below /v1/ pass unchanged, also under --failure closed, unless
--refuse-unchecked is given: then every route but the list of models is refused.
Messages have no log-probabilities, so they need a confidence model.

Confidences are sent in the key "finece" of chunks and events (--carrier field), or in
comment lines that SDKs ignore (--carrier comment). If the estimator needs
log-probabilities, serve asks the upstream for them and removes what the client did
not ask for; --keep-request leaves requests as they are.

With --width over 1, the confidence of a position is also revised by continuations that
are sampled from the upstream: --width 3 samples two of each position of a streamed
answer and asks the confidence model about them. --continue-by says how the upstream is
asked, and --rollout-tokens and --rollout-budget bound what that costs.

Without --upstream the small built-in model answers, and its confidence model
estimates: all of it works without a network.

Settings:
  --config FILE   settings in YAML, such as "policy: warn". Their names are those of the
             flags with _ for -. A flag has precedence over the environment
             (FINECE_POLICY for --policy), and the environment over the file. The
             file may also have routes, with a policy of their own by path and model,
             and the client keys:

` + exampleFile + `
             The repository has a longer example with comments and a JSON schema for
             editors: host/cmd/finece/serve.yaml and wasm/contract/schema/serve.json.
  --check    checks the settings, the TLS certificate, the upstream (is it there, does it
             send log-probabilities, can it continue a message) and the confidence
             model, by a few short requests. It prints one line for each, with what
             to do; the exit code is 0 if all is well, 2 if a setting is wrong and 3
             if a server does not do what the settings need.
  --print-config   prints all settings as a file, with where each is from
  SIGHUP     reads the file, and the files that it names, again: policies, routes, keys,
             limits of requests and TLS certificates. Answers under way end as they
             began, and counts of use continue. If anything is wrong, that is logged and
             the earlier settings hold. A line of the log says what has changed, and
             what needs a restart.

Keys:
  FINECE_UPSTREAM_KEY   the key for the upstream. It replaces the client's, and is
             sent with the checked routes and GET /v1/models alone. All
             other routes are then refused with status 403. Without it, the
             client's own key is sent on. The key may also stand in the file of
             --upstream-key-file.
  --keys FILE   client keys, made by "finece key new FILE". A client sends one as
             Authorization: Bearer KEY, or as X-FineCE-Key if Authorization has its
             key for the upstream. serve prints a link that opens its own page in a
             browser without a key; the link works once.
  --no-auth   no client keys, although FINECE_UPSTREAM_KEY is set; accepted on a
             loopback address alone
Client keys are needed with FINECE_UPSTREAM_KEY, and on any address that other
machines can reach. The confidence model's key is FINECE_MODEL_KEY, or stands in the
file of --model-key-file; else it is FINECE_API_KEY or OPENAI_API_KEY.

A request is refused if its Host is not a loopback name, the address of --listen or
a name of --allow-host, and if a browser sends it for a page of another origin,
unless --allow-origin names that origin.

Operations:
  GET /healthz   the server runs
  GET /readyz    the core works, and the upstream and the confidence model can be
                 reached: status 200, else 503. The answer is kept for 5 seconds.
                 Neither needs a key.
  --log          one line on standard error about each answer, without any text:
                 id, client, models, confidence, decision, delays
  --metrics-listen ADDRESS   serves /metrics for Prometheus, on an address of its own
                 so that clients cannot read it. They need no key: use a loopback
                 address, or one that only the machines that may read them reach.
                 Web pages are refused. It also has /readyz, which says "draining"
                 while the server stops. The repository has a Grafana dashboard for
                 the metrics: host/cmd/finece/grafana.json.
  --guardrail    serves POST /beta/litellm_basic_guardrail_api for a LiteLLM proxy, whose
                 guardrail of the kind generic_guardrail_api has this server as its
                 api_base and the modes pre_call and post_call
  --feedback-db FILE   keeps the confidences of answers, without any text, until clients
                 say whether the answers were correct: see finece feedback --help
  OTEL_EXPORTER_OTLP_ENDPOINT   where OpenTelemetry traces go, such as
                 http://127.0.0.1:4318; without it there are none. One span for each
                 request, with the GenAI conventions and an event
                 gen_ai.evaluation.result for each answer; the upstream gets the
                 header traceparent. The other OTEL_* variables hold, too; the
                 protocol is http/protobuf.

The first interrupt stops the server: answers under way get --grace to end. A
second interrupt cuts them.`

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

// builtInSettle is how long the end of an answer waits for the built-in confidence
// model, which computes on this machine. The machine may be busy.
const builtInSettle = 10 * time.Second

// builtInRollout is how many tokens a continuation of the built-in model has at most. Its
// context is short.
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
				return exit.Usagef("--check-model goes with --check")
			}
			return s.run()
		},
	}
	f = newFlags(cmd)
	settings.Add(cmd, contract.ConfigFile, &path)
	cmd.Flags().BoolVar(&check, "check", false, "check the settings, the upstream and the confidence model, and serve nothing")
	cmd.Flags().StringVar(&asked, "check-model", "", "check: model of the upstream that is asked a question")
	cmd.Flags().BoolVar(&show, "print-config", false, "print all settings as a file, with where each is from and without secrets, and serve nothing")
	cmd.MarkFlagsMutuallyExclusive("check", "print-config")
	_ = cmd.MarkFlagFilename(contract.ConfigFile.Flag(), "yaml", "yml")
	return cmd
}

// service is finece serve at work.
type service struct {
	cmd   *cobra.Command
	path  string          // of the file of settings; "" if there is none
	typed []*config.Value // on the command line

	*flags
	follower *follow.Follower
	ops      *operations
	at       net.Addr
	files    fs.FS // for /
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

// load reads the settings, those of the file among them.
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

// prepare reads the settings and makes what follows from them: the engine and the client of
// the confidence model, until done is called.
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

// assemble makes everything that serves at an address, until closed is called.
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

// missing says before the first answer what the table of providers knows about an
// upstream without log-probabilities.
func (s *service) missing() {
	p := contract.ProviderAt(strings.TrimSuffix(s.gateway.Upstream, "/") + "/chat/completions")
	if p == nil || s.AsksModel() {
		return
	}
	if said := p.Lacks(); said != "" {
		terminal.Say(s.cmd, "%s; answers without them have no confidence, unless --estimator URL names a confidence model", said)
	}
}

// probe warns when the confidence model does not answer a test question. The server
// runs on: the model may come later, and until then the --failure setting says what
// happens to text.
func (s *service) probe(ctx context.Context, c host.Config) {
	if err := s.follower.Probe(ctx, c); err != nil && ctx.Err() == nil {
		terminal.Say(s.cmd, "warning: %v; check --estimator, --model and --adapter", err)
	}
}

// greet says where the server is.
func (s *service) greet() {
	terminal.Say(s.cmd, "listening on %s://%s", s.scheme(), s.at)
	s.invite()
	if s.builtIn {
		terminal.Say(s.cmd, "without --upstream the built-in model answers; it solves word problems of a few steps of arithmetic")
	}
}

// invite gives the link of the page, if it needs one.
func (s *service) invite() {
	if s.page != nil {
		terminal.Say(s.cmd, "open %s://%s%s in a browser for the page; the link works once", s.scheme(), reachable(s.at), s.page.link())
	}
}

// reachable is an address that a browser on this machine can open.
func reachable(at net.Addr) string {
	if tcp, ok := at.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", strconv.Itoa(tcp.Port))
	}
	return at.String()
}
