package main

import (
	"embed"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/cmd/finece/internal/completion"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/models"
	"github.com/finece/finece/host/cmd/finece/internal/scoring"
	"github.com/finece/finece/host/cmd/finece/internal/server"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/lm/weights"
	"github.com/finece/finece/host/model"
)

const serveLong = `serve runs a gateway between clients and an OpenAI-compatible server. Point a
client's base URL at it: chat completions come back with confidences, everything
else below /v1/ passes untouched. What was and was not checked is said in
X-FineCE-* response headers.

Policies:
  annotate   the text waits for nothing; confidences come beside it
  withhold   text waits for the confidence of its position, and does not go out if
             that is below --withhold-below; --failure says what becomes of text
             that cannot be checked

Only chat completions are checked. Other routes pass under --failure closed too,
unless --refuse-unchecked is given: then they are refused, all but the list of
models.

Confidences come as the key "finece" of chunks (--carrier field), or in comment
lines that no SDK sees (--carrier comment). If the estimator needs
log-probabilities, the upstream is asked for them, and what the client did not
ask for is taken out again; --keep-request leaves requests as they are.

Without --upstream the small model that is built in answers, and its confidence
model says how likely it is to be right: all of it works with no network.

The key for the upstream comes from FINECE_UPSTREAM_KEY and replaces the
client's: whoever reaches the gateway uses it. Without one, the client's own is
sent on. The confidence model's comes from FINECE_API_KEY or OPENAI_API_KEY.

An interrupt lets the answers that are under way end, for --grace at most; a
second one does not.`

const serveExample = `  finece serve
  finece serve --upstream https://api.openai.com/v1
  finece serve --upstream http://127.0.0.1:8000/v1 --listen :8080 --strategy entropy
  finece serve --upstream http://127.0.0.1:8000/v1 --model http://127.0.0.1:8001/v1
  finece serve --upstream https://api.openai.com/v1 --policy withhold --failure closed
  finece serve --upstream https://api.openai.com/v1 --failure closed --refuse-unchecked`

// upstreamKey is the environment variable with the upstream's key.
const upstreamKey = "FINECE_UPSTREAM_KEY"

//go:embed site
var embedded embed.FS

// site is what is served at /, unless --static says otherwise.
var site = page(embedded)

// page is the demo page where `make build` has put it, and else the page that
// says what is here.
func page(embedded fs.FS) fs.FS {
	for _, dir := range []string{"site/demo", "site"} {
		if _, err := fs.Stat(embedded, dir+"/index.html"); err == nil {
			files, _ := fs.Sub(embedded, dir) // the names are valid
			return files
		}
	}
	return embedded
}

type serveFlags struct {
	builtIn bool // there is no --upstream
	*settings.Flags
	listen  string
	static  string
	grace   time.Duration
	gateway gateway.Config
	policy  string
	failure string
	carrier string
}

func newServe() *cobra.Command {
	f := serveFlags{Flags: &settings.Flags{Config: host.DefaultConfig(), Format: "auto", EngineName: "wazero"}}
	cmd := &cobra.Command{
		Use:     "serve [flags]",
		Short:   "Serve a gateway that scores chat completions",
		Long:    serveLong,
		Example: serveExample,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return exit.Usagef("serve takes no arguments, not %q; the upstream is given with --upstream", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	g := &f.gateway
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "address to listen on")
	flags.StringVar(&g.Upstream, "upstream", "", "root of the API to stand before, such as https://api.openai.com/v1; without it, the model that is built in")
	flags.StringVar(&f.static, "static", "", "folder to serve at / in place of the page")
	flags.StringVar(&f.policy, "policy", string(gateway.Annotate), "annotate or withhold")
	flags.Float64Var(&g.Threshold, "withhold-below", gateway.DefaultThreshold, "withhold: confidence that text needs, over 0 and up to 1")
	flags.StringVar(&f.failure, "failure", "", "what cannot be checked: open (it passes, marked) or closed (it does not); required for withhold, else open")
	flags.BoolVar(&g.RefuseUnchecked, "refuse-unchecked", false, "with --failure closed: refuse routes whose answers are not checked")
	flags.StringVar(&f.carrier, "carrier", string(gateway.Field), "field or comment")
	flags.DurationVar(&g.CarrierDelay, "carrier-delay", 250*time.Millisecond, "field: time that a confidence waits for a chunk of the upstream's")
	flags.DurationVar(&g.Settle, "settle", 10*time.Second, "time that the end of an answer waits for the confidence model")
	flags.DurationVar(&g.MaxDelay, "max-delay", 30*time.Second, "withhold: time that text is held")
	flags.IntVar(&g.MaxHeld, "max-held", 1<<20, "withhold: bytes that are held")
	flags.BoolVar(&g.KeepRequest, "keep-request", false, "do not ask the upstream for log-probabilities that the client did not ask for")
	flags.DurationVar(&f.grace, "grace", 10*time.Second, "time for answers that are under way when the server is stopped")
	flags.StringVar(&f.EngineName, "engine", f.EngineName, "what scores: wazero (finece.wasm) or native; both give the same bits")
	f.AddEstimator(cmd)
	flags.Lookup("model").Usage = "URL: the confidence model's name there; a URL here is the same as one for --estimator"
	f.AddPositions(cmd)
	completion.Values(cmd, "policy", string(gateway.Annotate), string(gateway.Withhold))
	completion.Values(cmd, "failure", string(gateway.Open), string(gateway.Closed))
	completion.Values(cmd, "carrier", string(gateway.Field), string(gateway.Comment))
	completion.Values(cmd, "engine", "wazero", "native")
	return cmd
}

func (f *serveFlags) run(cmd *cobra.Command) error {
	if settings.IsURL(f.Config.Model.Name) && !f.AsksModel() {
		f.Estimator, f.Config.Model.Name = f.Config.Model.Name, ""
	}
	if f.gateway.Upstream == "" {
		url, done, err := models.Serve()
		if err != nil {
			return err
		}
		defer done()
		f.gateway.Upstream = url
		if !cmd.Flags().Changed("estimator") && !f.AsksModel() {
			f.Estimator, f.Config.Model.Name = url, weights.Confidence
		}
		f.builtIn = true
	}
	if err := f.Resolve(cmd); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := scoring.New(ctx, f.Flags)
	if err != nil {
		return err
	}
	defer s.Close()
	handler, err := f.handler(cmd, s)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return exit.Errorf(exit.IO, "%w", err)
	}
	f.greet(cmd, listener.Addr())
	return server.Run(ctx, stop, cmd, listener, handler, f.grace, "answers")
}

// handler is the gateway below /v1/ and files at /.
func (f *serveFlags) handler(cmd *cobra.Command, s *scoring.Scorer) (http.Handler, error) {
	files := site
	if f.static != "" {
		root, err := os.OpenRoot(f.static) // no link leads out of it
		if err != nil {
			return nil, exit.Errorf(exit.IO, "--static: %w", err)
		}
		files = root.FS()
	}
	mux := http.NewServeMux()
	mux.Handle("/", withoutSniffing(http.FileServerFS(files)))
	scored, err := f.scored(cmd, s)
	if err != nil {
		return nil, err
	}
	// Not by the mux, which would redirect what it takes for unclean paths.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" || strings.HasPrefix(r.URL.Path, "/v1/") {
			scored.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}), nil
}

// scored is the gateway.
func (f *serveFlags) scored(cmd *cobra.Command, s *scoring.Scorer) (http.Handler, error) {
	g := f.gateway
	if g.Policy = gateway.Policy(f.policy); f.failure == "" {
		if g.Policy == gateway.Withhold {
			return nil, exit.Usagef("--policy withhold needs --failure: open (what cannot be checked passes, marked) or closed (it does not)")
		}
		f.failure = string(gateway.Open)
	}
	g.Failure, g.Carrier = gateway.Failure(f.failure), gateway.Carrier(f.carrier)
	if g.Threshold == 0 {
		return nil, exit.Usagef("--withhold-below 0 would withhold nothing; use --policy annotate")
	}
	for _, name := range []string{"carrier-delay", "settle", "max-delay", "max-held"} {
		// The gateway would take its default for it.
		if v := cmd.Flags().Lookup(name).Value.String(); v == "0" || v == "0s" {
			return nil, exit.Usagef("--%s %s: want more than 0", name, v)
		}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 100
	g.RoundTrip = transport.RoundTrip
	g.Engine, g.Session, g.Model = s.Engine, f.Config, s.Client
	g.Key = model.Secret(strings.TrimSpace(os.Getenv(upstreamKey)))
	log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
	g.Report = func(message string, err error) { log.Warn(message, "err", err) }
	handler, err := gateway.New(g)
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	return handler, nil
}

func withoutSniffing(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		h.ServeHTTP(w, r)
	})
}

func (f *serveFlags) greet(cmd *cobra.Command, at net.Addr) {
	terminal.Say(cmd, "listening on http://%s", at)
	if f.builtIn {
		terminal.Say(cmd, "without --upstream the model that is built in answers; it solves word problems of a few steps of arithmetic")
	}
	tcp, ok := at.(*net.TCPAddr)
	if ok && !tcp.IP.IsLoopback() && os.Getenv(upstreamKey) != "" {
		terminal.Say(cmd, "whoever reaches this address uses the key of %s", upstreamKey)
	}
}
