//go:build js

package model

import "errors"

// doer returns d, which is required: net/http's own client is not linked.
func doer(d Doer, _ int) (Doer, error) {
	if d == nil {
		return nil, errors.New("model: no HTTP: nothing here does exchanges by itself")
	}
	return d, nil
}

// permanent is always false: the errors of fetch do not say.
func permanent(error) bool { return false }
