//go:build js

package model

import "errors"

// doer returns d, which is required: net/http's own client is not linked.
func doer(d Doer, _ int) (Doer, error) {
	if d == nil {
		return nil, errors.New("model: Config.HTTP is not set, and this platform has no default")
	}
	return d, nil
}

// permanent always returns false: errors of fetch do not say whether they are permanent.
func permanent(error) bool { return false }
