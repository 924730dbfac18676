// Package serve is the command `finece serve`: the gateway of package host/gateway
// on a socket, with the files, keys and flags that the gateway itself does not know.
package serve

import (
	"context"
	"net"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/models"
	"github.com/finece/finece/host/cmd/finece/internal/server"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/lm/weights"
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
The last three send nothing before the answer is whole. They ask the upstream several
times; the usage that the client sees is the sum.

POST /v1/chat/completions, POST /v1/completions and Anthropic's POST /v1/messages are
checked. Other routes below /v1/ pass unchanged, also under --failure closed, unless
--refuse-unchecked is given: then every route but the list of models is refused.
Messages have no log-probabilities, so they need a confidence model.

Confidences are sent in the key "finece" of chunks and events (--carrier field), or in
comment lines that SDKs ignore (--carrier comment). If the estimator needs
log-probabilities, serve asks the upstream for them and removes what the client did
not ask for; --keep-request leaves requests as they are.

Without --upstream the small built-in model answers, and its confidence model
estimates: all of it works without a network.

Keys:
  FINECE_UPSTREAM_KEY   the key for the upstream. It replaces the client's, and is
             sent with the checked routes and GET /v1/models alone. All
             other routes are then refused with status 403. Without it, the
             client's own key is sent on.
  --keys FILE   client keys, made by "finece key new FILE". A client sends one as
             Authorization: Bearer KEY, or as X-FineCE-Key if Authorization has its
             key for the upstream. serve prints a link that opens its own page in a
             browser without a key; the link works once.
  --no-auth   no client keys, although FINECE_UPSTREAM_KEY is set; accepted on a
             loopback address alone
Client keys are needed with FINECE_UPSTREAM_KEY, and on any address that other
machines can reach. The confidence model's key is FINECE_API_KEY or OPENAI_API_KEY.

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
  OTEL_EXPORTER_OTLP_ENDPOINT   where OpenTelemetry traces go, such as
                 http://127.0.0.1:4318; without it there are none. One span for each
                 request, with the GenAI conventions and an event
                 gen_ai.evaluation.result for each answer; the upstream gets the
                 header traceparent. The other OTEL_* variables hold, too; the
                 protocol is http/protobuf.

The first interrupt stops the server: answers under way get --grace to end. A
second interrupt cuts them.`

const example = `  finece serve
  finece serve --upstream https://api.openai.com/v1
  finece serve --upstream https://api.openai.com/v1 --keys keys.txt
  finece serve --upstream http://127.0.0.1:8000/v1 --listen :8080 --keys keys.txt
  finece serve --upstream http://127.0.0.1:8000/v1 --model http://127.0.0.1:8001/v1
  finece serve --upstream https://api.openai.com/v1 --calibration map.json --policy warn
  finece serve --upstream https://api.openai.com/v1 --failure closed --refuse-unchecked`

// builtInSettle is how long the end of an answer waits for the built-in confidence
// model, which computes on this machine. The machine may be busy.
const builtInSettle = 10 * time.Second

// upstreamKey is the environment variable with the upstream's key.
const upstreamKey = "FINECE_UPSTREAM_KEY"

// flags are the settings of the command.
type flags struct {
	*settings.Flags
	builtIn bool // there is no --upstream
	listen  string
	static  string
	limits  server.Limits

	keys      string // file of client keys
	noAuth    bool
	hostNames []string
	origins   []string

	voteBy        string // the grader that reads final answers
	log           string
	metricsListen string

	gateway gateway.Config
}

// New makes the command.
func New() *cobra.Command {
	f := flags{Flags: &settings.Flags{Config: host.DefaultConfig(), Format: contract.Format.Default.(string)}, gateway: gateway.DefaultConfig()}
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
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.add(cmd)
	return cmd
}

// add adds the flags to the command.
func (f *flags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	g := &f.gateway
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "address to listen on")
	settings.Add(cmd, contract.Upstream, &g.Upstream)
	settings.More(cmd, contract.Upstream, "; without it, the built-in model answers")
	flags.StringVar(&f.static, "static", "", "folder to serve at / instead of the page")
	flags.StringVar(&f.keys, "keys", "", "file of client keys, which finece key new makes")
	flags.BoolVar(&f.noAuth, "no-auth", false, "need no client keys although FINECE_UPSTREAM_KEY is set; on a loopback address alone")
	settings.Add(cmd, contract.AllowHost, &f.hostNames)
	settings.Add(cmd, contract.AllowOrigin, &f.origins)
	settings.Add(cmd, contract.Policy, (*string)(&g.Policy))
	settings.Add(cmd, contract.WarnBelow, &g.WarnBelow)
	settings.Add(cmd, contract.WarnText, &g.WarnText)
	settings.Add(cmd, contract.WithholdBelow, &g.WithholdBelow)
	settings.Add(cmd, contract.StopBelow, &g.StopBelow)
	settings.Add(cmd, contract.StopAfter, &g.StopAfter)
	settings.Add(cmd, contract.EscalateBelow, &g.EscalateBelow)
	settings.Add(cmd, contract.EscalateModel, &g.EscalateModel)
	settings.Add(cmd, contract.EscalateShare, &g.EscalateShare)
	settings.Add(cmd, contract.Answers, &g.Answers)
	settings.Add(cmd, contract.VoteBy, &f.voteBy)
	settings.Add(cmd, contract.FinishReason, &g.FinishReason)
	settings.Add(cmd, contract.Failure, (*string)(&g.Failure))
	settings.Add(cmd, contract.RefuseUnchecked, &g.RefuseUnchecked)
	settings.Add(cmd, contract.Uncalibrated, (*string)(&g.Uncalibrated))
	settings.Add(cmd, contract.Carrier, (*string)(&g.Carrier))
	settings.Add(cmd, contract.CarrierDelay, &g.CarrierDelay)
	settings.Add(cmd, contract.Settle, &g.Settle)
	settings.More(cmd, contract.Settle, "; "+builtInSettle.String()+" for the built-in model")
	settings.Add(cmd, contract.MaxDelay, &g.MaxDelay)
	settings.Add(cmd, contract.MaxHeld, &g.MaxHeld)
	settings.Add(cmd, contract.KeepRequest, &g.KeepRequest)
	settings.Add(cmd, contract.Log, &f.log)
	settings.Add(cmd, contract.MetricsListen, &f.metricsListen)
	settings.Add(cmd, contract.UpstreamTimeout, &g.HeaderTimeout)
	settings.Add(cmd, contract.IdleTimeout, &g.IdleTimeout)
	settings.Add(cmd, contract.RequestTimeout, &g.RequestTimeout)
	settings.Add(cmd, contract.WriteTimeout, &g.WriteTimeout)
	settings.Add(cmd, contract.MaxStreams, &g.MaxStreams)
	settings.Add(cmd, contract.MaxRequest, &g.MaxRequest)
	settings.Add(cmd, contract.MaxAnswer, &g.MaxAnswer)
	f.limits.Add(cmd)
	settings.Add(cmd, contract.Engine, &f.EngineName)
	f.AddEstimator(cmd)
	f.AddPositions(cmd)
	_ = cmd.MarkFlagFilename("keys")
	_ = cmd.MarkFlagDirname("static")
}

func (f *flags) run(cmd *cobra.Command) error {
	if f.gateway.Upstream == "" {
		url, done, err := models.Serve()
		if err != nil {
			return err
		}
		defer done()
		f.gateway.Upstream = url
		if !cmd.Flags().Changed("estimator") && !f.AsksModel() {
			f.Estimator, f.Config.Model.Name = url, weights.Confidence
			if f.Config.Card, err = weights.Card(weights.Confidence); err != nil {
				return err
			}
			f.Config.Asked.Domain = "a client's own question"
			if !cmd.Flags().Changed("settle") {
				f.gateway.Settle = builtInSettle
			}
		}
		f.builtIn = true
	}
	if err := f.limits.Check(); err != nil {
		return err
	}
	if err := f.Resolve(cmd); err != nil {
		return err
	}
	if !slices.Contains(contract.Log.Names, f.log) {
		return exit.Usagef("--log %q: want %s", f.log, strings.Join(contract.Log.Names, ", "))
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := f.Follower(ctx)
	if err != nil {
		return err
	}
	defer s.Engine.Close()
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return exit.Errorf(exit.IO, "%w", err)
	}
	defer listener.Close()
	o, err := f.operations(ctx, cmd, s)
	if err != nil {
		return err
	}
	defer o.close()
	handler, page, err := f.handler(s, listener.Addr(), o)
	if err != nil {
		return err
	}
	f.greet(cmd, listener.Addr(), page)
	f.missing(cmd)
	done, err := o.listen(cmd, f)
	if err != nil {
		return err
	}
	defer done()
	if s.Client != nil && !f.builtIn {
		go f.probe(ctx, cmd, s)
	}
	return server.Run(ctx, stop, cmd, listener, handler, &f.limits, "answers")
}

// missing says before the first answer what the table of providers knows about an
// upstream without log-probabilities.
func (f *flags) missing(cmd *cobra.Command) {
	p := contract.ProviderAt(strings.TrimSuffix(f.gateway.Upstream, "/") + "/chat/completions")
	if p == nil || f.AsksModel() {
		return
	}
	if said := p.Lacks(); said != "" {
		terminal.Say(cmd, "%s; answers without them have no confidence, unless --estimator URL names a confidence model", said)
	}
}

// probe warns when the confidence model does not answer a test question. The server
// runs on: the model may come later, and until then the --failure setting says what
// happens to text.
func (f *flags) probe(ctx context.Context, cmd *cobra.Command, s *follow.Follower) {
	if err := s.Probe(ctx, f.Config); err != nil && ctx.Err() == nil {
		terminal.Say(cmd, "warning: %v; check --estimator, --model and --adapter", err)
	}
}

// greet says where the server is.
func (f *flags) greet(cmd *cobra.Command, at net.Addr, p *page) {
	terminal.Say(cmd, "listening on http://%s", at)
	if p != nil {
		terminal.Say(cmd, "open http://%s%s in a browser for the page; the link works once", reachable(at), p.link())
	}
	if f.builtIn {
		terminal.Say(cmd, "without --upstream the built-in model answers; it solves word problems of a few steps of arithmetic")
	}
}

// reachable is an address that a browser on this machine can open.
func reachable(at net.Addr) string {
	if tcp, ok := at.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", strconv.Itoa(tcp.Port))
	}
	return at.String()
}
