package serve

import (
	"net/http"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/guardrail"
	"github.com/finece/finece/wasm/contract"
)

// guard returns the guardrail for LiteLLM, or nil without --guardrail.
func (s *service) guard(f *flags, g *gateway.Config, access gateway.Access) (http.Handler, error) {
	if !f.guardrail {
		return nil, nil
	}
	if err := contract.GuardrailTexts.Check(f.guardrailTexts); err != nil {
		return nil, exit.Usagef("--%s %q: %w", contract.GuardrailTexts.Flag(), f.guardrailTexts, err)
	}
	// The guardrail acts on a threshold, so it needs the same calibration as a policy that acts
	// at the same positions.
	acts := *g
	acts.Routes, acts.Policy = nil, gateway.Warn
	if f.guardrailTexts == string(guardrail.Growing) {
		acts.Policy = gateway.Withhold
	}
	if _, err := gateway.New(acts); err != nil {
		return nil, exit.Usagef("--%s: %w", contract.Guardrail.Flag(), err)
	}
	h, err := guardrail.New(guardrail.Config{
		Follower: s.follower, Session: g.Session, Below: g.WithholdBelow, SkipAbove: g.SkipAbove, Failure: g.Failure, Uncalibrated: g.Uncalibrated,
		Texts: guardrail.Texts(f.guardrailTexts), ConversationTokens: g.ConversationTokens, Timeout: g.MaxDelay, MaxRequest: g.MaxRequest, Tell: s.ops.log.Guardrail,
		Drifted: func() bool { return g.Drifted != nil && g.Drifted(g.Scorer) },
	})
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	return g.Bound(access.GuardAPI(h)), nil
}
