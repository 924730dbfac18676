//go:build !unix

package lm

import (
	"testing"
	"time"
)

var started = time.Now()

// processor returns wall-clock time, because processor time is not available here.
func processor(testing.TB) time.Duration { return time.Since(started) }
