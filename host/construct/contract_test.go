package construct_test

import (
	"testing"

	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/wasm/contract"
)

func TestTheContractHasConstructionsDefaults(t *testing.T) {
	c := construct.DefaultConfig()
	for _, s := range []struct {
		setting *contract.Setting
		value   any
	}{
		{contract.ConstructK, c.K},
		{contract.ConstructT, c.T},
		{contract.ConstructM, c.M},
		{contract.ClusterDistance, c.ClusterDistance},
		{contract.Requests, c.Requests},
	} {
		if s.setting.Default != s.value {
			t.Errorf("%s is %v in the contract and %v in the package", s.setting.Name, s.setting.Default, s.value)
		}
	}
}
