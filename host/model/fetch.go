//go:build js

package model

import "errors"

// doer is d: net/http's own client is not linked.
func doer(d Doer, _ int) (Doer, error) {
	if d == nil {
		return nil, errors.New("model: no HTTP: nothing here does exchanges by itself")
	}
	return d, nil
}

// permanent is not known of what fetch fails with.
func permanent(error) bool { return false }
