package gateway_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/contract"
)

// Routes in JSON have the settings that a route of a file of finece serve has, but for those of
// files and graders, and the same schema.
func TestRoutesInJSON(t *testing.T) {
	var want []string
	for _, s := range contract.Routed {
		if s != contract.CalibrationFile && s != contract.VoteBy {
			want = append(want, s.File())
		}
	}
	got := gateway.SettingsOfRoutes()
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("routes in JSON have %v, want %v", got, want)
	}
	schema, err := jsonschema.NewCompiler().Compile("../../wasm/contract/schema/serve.json#/properties/routes")
	if err != nil {
		t.Fatal(err)
	}
	base := gateway.DefaultHandling()
	base.Settle = time.Hour
	for text, says := range map[string]string{
		`[]`: "", `[{"path":"/v1/messages","model":"small-*","policy":"warn","warn_below":0.7,"answers":2,"settle":"2s","keep_request":true,"allow_policy":["warn","off"]}]`: "",
		`{}`: "want a list", `[{"model":"a"}`: "want a list", `[1]`: "route 1: want an object", `[{"model":"a"},{"model":"b","polcy":"warn"}]`: `route 2: "polcy" is not a setting of a route; want policy, `,
		`[{"model":"a","warn_below":"much"}]`: "route 1: warn_below: ", `[{"model":"a","settle":5}]`: "route 1: settle: ", `[{"model":"a","answers":1.5}]`: "route 1: answers: ",
	} {
		routes, err := gateway.ParseRoutes([]byte(text), base)
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
		if value, err := jsonschema.UnmarshalJSON(strings.NewReader(text)); err == nil && (schema.Validate(value) == nil) != (says == "") {
			t.Errorf("the schema: %s: %v", text, schema.Validate(value))
		}
		if len(routes) == 1 {
			r := base
			r.Policy, r.WarnBelow, r.Answers, r.Settle, r.KeepRequest, r.AllowPolicy = gateway.Warn, 0.7, 2, 2*time.Second, true, []gateway.Policy{gateway.Warn, gateway.Off}
			if !reflect.DeepEqual(routes[0], gateway.Route{Path: "/v1/messages", Model: "small-*", Handling: r}) {
				t.Errorf("%s: %+v", text, routes[0])
			}
		}
	}
}

// TestSetAllSaysWhichSettingIsWrong, by its name in files.
func TestSetAllSaysWhichSettingIsWrong(t *testing.T) {
	var h gateway.Handling
	set := map[string]string{"answers": "2", "settle": "soon"}
	wrong, err := h.SetAll(func(name string) string { return set[name] })
	if wrong != "settle" || err == nil || h.Answers != 2 {
		t.Errorf("%q, %v, %d answers", wrong, err, h.Answers)
	}
	set["settle"] = "2s"
	if wrong, err = h.SetAll(func(name string) string { return set[name] }); wrong != "" || err != nil || h.Settle != 2*time.Second {
		t.Errorf("%q, %v, settle %v", wrong, err, h.Settle)
	}
}

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
