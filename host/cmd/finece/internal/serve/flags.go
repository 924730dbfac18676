package serve

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/feedback"
	"github.com/finece/finece/host/cmd/finece/internal/keys"
	"github.com/finece/finece/host/cmd/finece/internal/serve/config"
	"github.com/finece/finece/host/cmd/finece/internal/server"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/lm/weights"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/samples"
	"github.com/finece/finece/wasm/contract"
	"github.com/finece/finece/wasm/contract/record"
)

// flags are the settings of the command.
type flags struct {
	*settings.Flags
	given   *config.Config // the values that were given, with their origins
	own     *cobra.Command // has the flags that set them
	builtIn bool           // there is no --upstream
	listen  string
	static  string
	limits  server.Limits
	tlsCert string
	tlsKey  string
	h2c     bool

	key       model.Secret // of the upstream
	keys      string       // file of client keys
	keyFile   string       // files of the upstream's key and of the model's
	modelFile string
	fallback  string        // file of the maps for the statistic that is used if the confidence model fails
	clients   *gateway.Keys // nil if none are needed
	noAuth    bool
	hostNames []string
	origins   []string

	feedback feedbackFlags

	guardrail      bool
	guardrailTexts string

	allowPolicy   []string // that a request may choose
	voteBy        string   // the grader that reads final answers
	continueBy    string   // how the upstream continues an answer
	samples       int      // of the estimator samples: answers in all
	agreeBy       string   // the grader that reads them
	log           string
	metricsListen string

	gateway gateway.Config
}

// newFlags returns the defaults, and adds the flags that set them to a command.
func newFlags(cmd *cobra.Command) *flags {
	f := &flags{
		Flags: &settings.Flags{Config: host.DefaultConfig(), Format: contract.Format.Default.(string), Samples: true},
		given: &config.Config{}, own: cmd, gateway: gateway.DefaultConfig(),
	}
	f.add(cmd)
	return f
}

// add adds the flags to the command.
func (f *flags) add(cmd *cobra.Command) {
	g := &f.gateway
	settings.Add(cmd, contract.Listen, &f.listen)
	settings.Add(cmd, contract.Upstream, &g.Upstream)
	settings.More(cmd, contract.Upstream, "; without it, the built-in model answers")
	settings.Add(cmd, contract.TLSCert, &f.tlsCert)
	settings.Add(cmd, contract.TLSKey, &f.tlsKey)
	settings.Add(cmd, contract.H2C, &f.h2c)
	settings.Add(cmd, contract.Static, &f.static)
	settings.Add(cmd, contract.ClientKeys, &f.keys)
	settings.Add(cmd, contract.NoAuth, &f.noAuth)
	settings.Add(cmd, contract.UpstreamKeyFile, &f.keyFile)
	settings.Add(cmd, contract.ModelKeyFile, &f.modelFile)
	settings.Add(cmd, contract.AllowHost, &f.hostNames)
	settings.Add(cmd, contract.AllowOrigin, &f.origins)
	settings.Add(cmd, contract.Policy, (*string)(&g.Policy))
	settings.Add(cmd, contract.AllowPolicy, &f.allowPolicy)
	settings.Add(cmd, contract.WarnBelow, &g.WarnBelow)
	settings.Add(cmd, contract.WarnText, &g.WarnText)
	settings.Add(cmd, contract.WithholdBelow, &g.WithholdBelow)
	settings.Add(cmd, contract.StopBelow, &g.StopBelow)
	settings.Add(cmd, contract.StopAfter, &g.StopAfter)
	settings.Add(cmd, contract.SkipAbove, &g.SkipAbove)
	settings.Add(cmd, contract.EscalateBelow, &g.EscalateBelow)
	settings.Add(cmd, contract.EscalateModel, &g.EscalateModel)
	settings.Add(cmd, contract.EscalateShare, &g.EscalateShare)
	settings.Add(cmd, contract.EscalateMode, (*string)(&g.EscalateMode))
	settings.Add(cmd, contract.RestartText, &g.RestartText)
	settings.Add(cmd, contract.Answers, &g.Answers)
	settings.Add(cmd, contract.VoteBy, &f.voteBy)
	settings.Add(cmd, contract.ContinueBy, &f.continueBy)
	settings.Add(cmd, contract.RolloutTokens, &g.RolloutTokens)
	settings.More(cmd, contract.RolloutTokens, "; "+strconv.Itoa(builtInRollout)+" for the built-in model")
	settings.Add(cmd, contract.RolloutBudget, &g.RolloutBudget)
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
	settings.Add(cmd, contract.Guardrail, &f.guardrail)
	settings.Add(cmd, contract.GuardrailTexts, &f.guardrailTexts)
	f.feedback.add(cmd)
	settings.Add(cmd, contract.UpstreamTimeout, &g.HeaderTimeout)
	settings.Add(cmd, contract.IdleTimeout, &g.IdleTimeout)
	settings.Add(cmd, contract.RequestTimeout, &g.RequestTimeout)
	settings.Add(cmd, contract.WriteTimeout, &g.WriteTimeout)
	settings.Add(cmd, contract.MaxStreams, &g.MaxStreams)
	settings.Add(cmd, contract.MaxRequest, &g.MaxRequest)
	settings.Add(cmd, contract.MaxAnswer, &g.MaxAnswer)
	f.limits.Add(cmd)
	settings.Add(cmd, contract.Engine, &f.EngineName)
	f.AddEstimator(cmd, contract.GatewayRequests)
	settings.Add(cmd, contract.SamplesNumber, &f.samples)
	settings.Add(cmd, contract.SamplesGrader, &f.agreeBy)
	settings.Add(cmd, contract.ConversationTokens, &g.ConversationTokens)
	settings.Add(cmd, contract.FallbackFile, &f.fallback)
	settings.Add(cmd, contract.Hedge, &f.Hedge)
	settings.Add(cmd, contract.ModelCache, &f.Cache)
	f.AddPositions(cmd)
	settings.Add(cmd, contract.Width, &f.Config.Fusion.Width)
	for _, s := range []*contract.Setting{contract.ClientKeys, contract.UpstreamKeyFile, contract.ModelKeyFile, contract.TLSCert, contract.TLSKey} {
		_ = cmd.MarkFlagFilename(s.Flag())
	}
	_ = cmd.MarkFlagDirname(contract.Static.Flag())
}

// settle returns the settings of a configuration. builtIn is the address of the built-in
// model, which answers if there is no upstream.
func settle(c *config.Config, builtIn string) (_ *flags, err error) {
	f := newFlags(&cobra.Command{Use: "serve"})
	f.given = c
	if err := c.Set(f.own.Flags()); err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	if f.gateway.Upstream == "" {
		if err := f.useBuiltIn(builtIn); err != nil {
			return nil, err
		}
	}
	if err := f.readKeys(); err != nil {
		return nil, err
	}
	if err := f.limits.Check(); err != nil {
		return nil, c.Explain(err, nil)
	}
	if err := f.Resolve(f.own); err != nil {
		return nil, c.Explain(err, nil)
	}
	if err := f.compare(); err != nil {
		return nil, c.Explain(err, nil)
	}
	if f.fallback != "" {
		if f.Config.FallbackCalibration, err = settings.ReadCalibration("--"+contract.FallbackFile.Flag(), f.fallback); err != nil {
			return nil, c.Explain(err, nil)
		}
	}
	if !slices.Contains(contract.Log.Names, f.log) {
		return nil, exit.Usagef("--log %q: want %s", f.log, strings.Join(contract.Log.Names, ", "))
	}
	if err := f.feedback.check(); err != nil {
		return nil, c.Explain(err, nil)
	}
	if (f.tlsCert == "") != (f.tlsKey == "") {
		return nil, c.Explain(exit.Usagef("--tls-cert and --tls-key need each other: give both or neither"), nil)
	}
	return f, nil
}

// useBuiltIn makes the built-in models answer and estimate.
func (f *flags) useBuiltIn(url string) (err error) {
	f.builtIn, f.gateway.Upstream = true, url
	if f.own.Flags().Changed(contract.EstimatorURL.Flag()) || f.AsksModel() {
		return nil
	}
	f.Estimator, f.Config.Model.Name = url, weights.Confidence
	f.Config.Asked.Domain = "a client's own question"
	if !f.own.Flags().Changed(contract.Settle.Flag()) {
		f.gateway.Settle = builtInSettle
	}
	if !f.own.Flags().Changed(contract.RolloutTokens.Flag()) {
		f.gateway.RolloutTokens = builtInRollout
	}
	f.Config.Card, err = weights.Card(weights.Confidence)
	return err
}

// readKeys reads the keys of the upstream, of the confidence model and of clients.
func (f *flags) readKeys() error {
	key, err := f.given.Secret(contract.UpstreamKey, contract.UpstreamKeyFile)
	if err != nil {
		return exit.With(exit.Usage, err)
	}
	if !f.builtIn { // which needs none
		f.key = model.Secret(key)
	}
	if key, err = f.given.Secret(contract.ModelKey, contract.ModelKeyFile); err != nil {
		return exit.With(exit.Usage, err)
	}
	f.Key = model.Secret(key)
	if f.keys != "" {
		f.clients, err = keys.Read(f.keys)
		return f.given.Explain(err, nil)
	}
	f.clients, err = f.given.Keys()
	return err
}

// handle completes the gateway's configuration: the handling of answers, and the routes. The
// confidence model's name has to be known before.
func (f *flags) handle() (err error) {
	f.gateway.Continue = f.continues()
	if err := f.handling(f.Config); err != nil {
		return f.given.Explain(err, nil)
	}
	for i := range f.given.Routes {
		r := &f.given.Routes[i]
		special := newFlags(&cobra.Command{Use: "serve"})
		if err := cmp.Or(f.given.Set(special.own.Flags()), r.Set(special.own.Flags())); err != nil {
			return exit.With(exit.Usage, err)
		}
		if !special.own.Flags().Changed(contract.Settle.Flag()) {
			special.gateway.Settle = f.gateway.Settle // it differs for the built-in model
		}
		special.Flags.Config = f.Config
		err := special.Calibrate()
		if err == nil {
			err = special.handling(special.Config)
		}
		if err != nil {
			return f.given.Explain(err, r)
		}
		f.gateway.Routes = append(f.gateway.Routes, gateway.Route{Path: r.Path, Model: r.Model, Handling: special.gateway.Handling})
	}
	return nil
}

// continues returns how the upstream is asked to continue an answer.
func (f *flags) continues() gateway.Continuing {
	switch {
	case f.continueBy != contract.ContinueBy.Default:
		return gateway.Continuing(f.continueBy)
	case f.builtIn:
		return gateway.ContinueFinal
	}
	for _, path := range []string{gateway.PathChat, gateway.PathMessages} {
		if p := contract.ProviderAt(strings.TrimSuffix(f.gateway.Upstream, "/v1") + path); p != nil {
			return gateway.Continuing(p.Continue)
		}
	}
	return gateway.NotContinued
}

// handling completes how answers are handled.
func (f *flags) handling(session host.Config) (err error) {
	h := &f.gateway.Handling
	h.Session, h.Scorer = session, feedback.Scorer(&session)
	if f.Estimator == record.EstimatorSamples {
		h.Scorer += fmt.Sprintf("-%d-%s", f.samples, f.agreeBy)
	}
	h.AllowPolicy = nil
	for _, name := range f.allowPolicy {
		h.AllowPolicy = append(h.AllowPolicy, gateway.Policy(name))
	}
	may := func(p gateway.Policy) bool { return h.Policy == p || slices.Contains(h.AllowPolicy, p) }
	if h.Failure == "" {
		if may(gateway.Withhold) {
			return exit.Usagef("--policy withhold needs --failure: open sends an answer that cannot be checked, marked as unchecked; closed does not send it")
		}
		h.Failure = gateway.Open
	}
	if may(gateway.Vote) {
		h.Final, err = finalBy(f.voteBy)
	}
	return err
}

// compare sets up the estimator samples, if it was chosen.
func (f *flags) compare() error {
	if f.Estimator != record.EstimatorSamples {
		for _, s := range []*contract.Setting{contract.SamplesNumber, contract.SamplesGrader} {
			if f.own.Flags().Changed(s.Flag()) {
				return exit.Usagef("--%s needs --estimator %s", s.Flag(), record.EstimatorSamples)
			}
		}
		return nil
	}
	reader, err := settings.Reader(contract.SamplesGrader, f.agreeBy)
	if err != nil {
		return err
	}
	f.gateway.Samples = &gateway.Samples{Number: f.samples, Post: func(ask func(context.Context, string, string, int) ([]string, error)) model.Post {
		return (&samples.Estimator{Reader: reader, Number: f.samples, Ask: ask}).Post
	}}
	return nil
}

// finalBy returns a function that reads final answers with a grader.
func finalBy(name string) (func(question, answer string) (string, bool), error) {
	reader, err := settings.Reader(contract.VoteBy, name)
	if err != nil {
		return nil, err
	}
	return func(question, answer string) (string, bool) {
		return reader.Final(&grade.Question{Text: question}, answer)
	}, nil
}
