//go:build !unix

package lm

import (
	"testing"
	"time"
)

var started = time.Now()

// processor is the time, where processor time is not to be had.
func processor(testing.TB) time.Duration { return time.Since(started) }
