package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/serve/config"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract"
	"github.com/finece/finece/wasm/session"
)

// The time limit of one request of a check, the time before a certificate's end in which there
// is a warning, and the most models that are asked.
const (
	checkTimeout = 30 * time.Second
	soon         = 14 * 24 * time.Hour
	mostAsked    = 8
)

// findings prints one line for each check: its outcome, its name, what was found and, if
// something is wrong, what to do.
type findings struct {
	w      io.Writer
	failed bool
}

func (f *findings) say(outcome, name, format string, args ...any) {
	f.failed = f.failed || outcome == "fail"
	for line := range strings.Lines(strings.TrimSpace(fmt.Sprintf(format, args...))) {
		fmt.Fprintf(f.w, "%-4s  %-17s  %s\n", outcome, name, strings.TrimSpace(line))
	}
}

func (f *findings) ok(name, format string, args ...any)   { f.say("ok", name, format, args...) }
func (f *findings) warn(name, format string, args ...any) { f.say("warn", name, format, args...) }
func (f *findings) fail(name, format string, args ...any) { f.say("fail", name, format, args...) }

// check checks the settings, and the servers that they name. The exit code is Usage if a setting
// is wrong, or Unavailable if a server does not do what the settings need.
func (s *service) check(asked string) error {
	f := &findings{w: s.cmd.OutOrStdout()}
	ctx, stop := exit.Interruptible(s.cmd.Context())
	defer stop()
	done, err := s.prepare(ctx)
	if err == nil {
		defer done()
		err = s.startUp(ctx)
	}
	if err != nil {
		f.fail("settings", "%v", err)
		code := exit.Usage
		if e := (*exit.Error)(nil); errors.As(err, &e) {
			code = e.Code
		}
		return exit.Silently(code)
	}
	s.checkSettings(f)
	s.checkCertificate(f)
	s.checkCore(f)
	s.checkUpstream(ctx, f, asked)
	s.checkModel(ctx, f)
	switch {
	case ctx.Err() != nil:
		return exit.Silently(exit.Interrupted)
	case f.failed:
		return exit.Silently(exit.Unavailable)
	}
	return nil
}

// startUp starts the server without listening, so that a check finds all errors of a start.
func (s *service) startUp(ctx context.Context) error {
	at, err := net.ResolveTCPAddr("tcp", s.listen)
	if err != nil {
		return s.given.Explain(exit.Errorf(exit.IO, "--listen: %w", err), nil)
	}
	closed, err := s.assemble(ctx, at)
	if err == nil {
		closed()
	}
	return err
}

func (s *service) checkSettings(f *findings) {
	where := cmp.Or(s.path, "the command line and the environment")
	f.ok("settings", "%s: %s given, %s", where, counted(len(s.given.Values), "setting"), counted(len(s.given.Routes), "route"))
	for _, said := range config.Unknown(os.Environ()) {
		f.warn("settings", "%s", said)
	}
	if info, err := os.Stat(s.path); err == nil && info.Mode().Perm()&0o077 != 0 && s.given.HasSecret() {
		f.warn("settings", "other users of this machine can read %s, which contains a key: chmod 600 %[1]s, or name a file with the key", s.path)
	}
}

// counted names a number of things, such as "2 routes".
func counted(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprint(n, " ", thing)
}

func (s *service) checkCertificate(f *findings) {
	if s.cert == nil {
		return
	}
	leaf := s.cert.Current().Leaf
	left := time.Until(leaf.NotAfter)
	switch until := leaf.NotAfter.Format(time.DateOnly); {
	case left < 0:
		f.fail("certificate", "%s expired on %s: renew it", s.tlsCert, until)
	case left < soon:
		f.warn("certificate", "%s expires on %s: renew it", s.tlsCert, until)
	default:
		f.ok("certificate", "%s is valid until %s", s.tlsCert, until)
	}
}

func (s *service) checkCore(f *findings) {
	opened, _, err := s.follower.Engine.Open(s.Config)
	if err == nil {
		err = opened.Close()
	}
	if err != nil {
		f.fail("core", "%v", err)
		return
	}
	f.ok("core", "the engine %s opens a session", s.follower.Engine.Name())
}

// checkUpstream asks the upstream for its models, and some of them a question.
func (s *service) checkUpstream(ctx context.Context, f *findings, asked string) {
	if s.builtIn {
		f.ok("upstream", "none: the built-in model answers")
		return
	}
	where := s.given.Texts(contract.Upstream)[0] // without a password
	c := model.DefaultConfig(s.gateway.Upstream)
	c.Key, c.Timeout, c.Retries = s.key, checkTimeout, 0
	list, err := openai.Models(ctx, c)
	var refused *openai.ServerError
	switch {
	case err == nil && len(list) == 0:
		f.warn("upstream", "%s lists no models; name one to ask with --check-model", where)
	case err == nil:
		f.ok("upstream", "%s serves %s", where, counted(len(list), "model"))
	case errors.As(err, &refused) && refused.Status == 401 && s.key == "":
		f.warn("upstream", "%s needs a key, which clients send: set %s for this check to ask it a question", where, upstreamKey)
		return
	case errors.As(err, &refused) && (refused.Status == 404 || refused.Status == 405 || refused.Status == 501):
		f.warn("upstream", "%s has no list of models; name one to ask with --check-model", where)
	default:
		f.fail("upstream", "%v; check %s, and the key", err, contract.Upstream.File())
		return
	}
	for _, name := range s.toAsk(list, asked) {
		if answer := s.checkLogprobs(ctx, f, c, name); answer != nil {
			s.checkContinuation(ctx, f, c, name, answer)
		}
	}
}

// toAsk returns the models that a check asks: the one of --check-model, else those that settings
// name, else the first one of the list.
func (s *service) toAsk(list []openai.Model, asked string) (all []string) {
	if asked != "" {
		return []string{asked}
	}
	add := func(name string) {
		if name != "" && !strings.HasSuffix(name, "*") && !slices.Contains(all, name) && len(all) < mostAsked {
			all = append(all, name)
		}
	}
	add(s.gateway.EscalateModel)
	for i := range s.gateway.Routes {
		add(s.gateway.Routes[i].Model)
		add(s.gateway.Routes[i].EscalateModel)
	}
	if len(all) == 0 && len(list) > 0 {
		add(list[0].ID)
	}
	return all
}

// checkQuestion has an answer that is long enough to be cut in two.
const checkQuestion = "Count from one to ten in words."

// checkLogprobs asks for an answer with log-probabilities, and if that fails, without. It
// returns the answer, or nil.
func (s *service) checkLogprobs(ctx context.Context, f *findings, c model.Config, name string) (got *openai.Completion) {
	var err error
	for _, g := range []openai.GeneratorConfig{{Logprobs: true}, {}, {Temperature: 1}} { // some models accept no other temperature
		g.Server, g.Model, g.NoSeed = c, name, true
		if got, err = sample(ctx, g, ""); err == nil || !openai.Refused(err) {
			break
		}
	}
	needed := s.Config.Estimator != session.Model || s.Config.Positions.Strategy&position.Entropy != 0
	switch {
	case err != nil:
		f.fail("answer", "%s: %v; if it is not a chat model, name one with --check-model", name, err)
	case len(got.Tokens) > 0:
		f.ok("log-probabilities", "%s sends them", name)
	case needed:
		f.fail("log-probabilities", "%s sends none, so its answers get no confidence; name a confidence model with --%s URL", name, contract.EstimatorURL.Flag())
	default:
		f.ok("log-probabilities", "%s sends none, and none are needed", name)
	}
	return got
}

// checkContinuation finds a way in which the upstream continues a message of its own. Given the
// first half of an answer, the upstream has to write the second half again.
func (s *service) checkContinuation(ctx context.Context, f *findings, c model.Config, name string, answer *openai.Completion) {
	half := strings.LastIndexByte(answer.Text[:len(answer.Text)/2], ' ')
	if len(answer.Tokens) > 1 { // a cut within a token would change the tokens
		half = 0
		for _, token := range answer.Tokens[:len(answer.Tokens)/2] {
			half += len(token.Text)
		}
	}
	if half <= 0 || half >= len(answer.Text) {
		f.warn("continuation", "%s gave an answer that is too short for this check: %q", name, answer.Text)
		return
	}
	first, second := answer.Text[:half], strings.TrimSpace(answer.Text[half:])
	for i := range openai.APIs() {
		api := openai.API(i)
		got, err := sample(ctx, openai.GeneratorConfig{Server: c, Model: name, API: api, MaxTokens: 16, NoSeed: true}, first)
		if err != nil {
			continue
		}
		text := strings.TrimSpace(got.Text)
		if n := min(len(text), len(second), 12); n > 0 && text[:n] == second[:n] {
			f.ok("continuation", "%s continues a message (%s)", name, api)
			return
		}
	}
	f.warn("continuation", "%s does not seem to continue a message; --width over 1, --escalate-mode continue and finece construct need that", name)
}

// sample asks for one completion.
func sample(ctx context.Context, g openai.GeneratorConfig, partial string) (*openai.Completion, error) {
	generator, err := openai.NewGenerator(g)
	if err != nil {
		return nil, err
	}
	got, err := openai.NewSampler(generator, 0, nil, 1).Sample(ctx, openai.Stem{Question: checkQuestion, Partial: partial}, 1)
	if err != nil {
		return nil, err
	}
	return &got.Completions[0], nil
}

// checkModel asks the confidence model a question.
func (s *service) checkModel(ctx context.Context, f *findings) {
	if s.follower.Client == nil {
		return
	}
	limited, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	begun := time.Now()
	if err := s.follower.Probe(limited, s.Config); err != nil {
		f.fail("confidence model", "%v; check %s, %s and %s", err, contract.EstimatorURL.File(), contract.ModelName.File(), contract.ModelAdapter.File())
		return
	}
	f.ok("confidence model", "it answers a question in %v", time.Since(begun).Round(time.Millisecond))
}
