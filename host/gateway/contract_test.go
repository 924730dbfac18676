package gateway_test

import (
	"slices"
	"testing"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/contract"
)

// The gateway links no table of settings, so that the Worker stays small.
func TestTheContractHasTheGatewaysDefaults(t *testing.T) {
	c := gateway.DefaultConfig()
	for _, s := range []struct {
		setting *contract.Setting
		value   any
	}{
		{contract.Policy, string(c.Policy)},
		{contract.WithholdBelow, c.WithholdBelow},
		{contract.WarnBelow, c.WarnBelow},
		{contract.WarnText, c.WarnText},
		{contract.StopBelow, c.StopBelow},
		{contract.StopAfter, c.StopAfter},
		{contract.EscalateBelow, c.EscalateBelow},
		{contract.EscalateModel, c.EscalateModel},
		{contract.EscalateShare, c.EscalateShare},
		{contract.Answers, c.Answers},
		{contract.FinishReason, c.FinishReason},
		{contract.Failure, string(c.Failure)},
		{contract.Carrier, string(c.Carrier)},
		{contract.RefuseUnchecked, c.RefuseUnchecked},
		{contract.Uncalibrated, string(c.Uncalibrated)},
		{contract.KeepRequest, c.KeepRequest},
		{contract.CarrierDelay, c.CarrierDelay},
		{contract.Settle, c.Settle},
		{contract.MaxDelay, c.MaxDelay},
		{contract.MaxHeld, c.MaxHeld},
		{contract.UpstreamTimeout, c.HeaderTimeout},
		{contract.IdleTimeout, c.IdleTimeout},
		{contract.RequestTimeout, c.RequestTimeout},
		{contract.WriteTimeout, c.WriteTimeout},
		{contract.MaxStreams, c.MaxStreams},
		{contract.MaxRequest, int(c.MaxRequest)},
		{contract.MaxAnswer, int(c.MaxAnswer)},
	} {
		if s.setting.Default != s.value {
			t.Errorf("%s is %v in the contract and %v in the gateway", s.setting.Name, s.setting.Default, s.value)
		}
	}
	c.Upstream, c.Engine, c.Failure = "http://127.0.0.1/v1", host.Native(), gateway.Open
	for answers, want := range map[int]bool{int(contract.Answers.Low) - 1: false, int(contract.Answers.Low): true, int(contract.Answers.High): true, int(contract.Answers.High) + 1: false} {
		c.Answers = answers
		if _, err := gateway.New(c); (err == nil) != want {
			t.Errorf("%d answers: %v", answers, err)
		}
	}
	policies, thresholds := gateway.Policies()
	if !slices.Equal(policies, contract.Policy.Names) {
		t.Errorf("the policies are %v in the contract and %v in the gateway", contract.Policy.Names, policies)
	}
	for _, name := range thresholds {
		if !slices.ContainsFunc(contract.Gateway, func(s *contract.Setting) bool { return s.Name == name }) {
			t.Errorf("the contract has no threshold %s", name)
		}
	}
	for _, name := range []gateway.Failure{gateway.Open, gateway.Closed} {
		if err := contract.Failure.Check(string(name)); err != nil {
			t.Errorf("failure %s: %v", name, err)
		}
	}
	for _, name := range []gateway.Carrier{gateway.Field, gateway.Comment} {
		if err := contract.Carrier.Check(string(name)); err != nil {
			t.Errorf("carrier %s: %v", name, err)
		}
	}
}
