package gateway

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Limits bound the use of one client. 0 means no limit.
type Limits struct {
	Rate    int   // requests a minute: Rate requests may come at once, then one more each time 1/Rate of a minute has passed
	Streams int   // requests under way at once, streamed or not
	Tokens  int64 // tokens of answers a day, which begins at midnight UTC; see [Use]
}

// limitNames are the limits in a line of [ParseKeys], in their order.
var limitNames = [...]struct{ name, unit string }{{"rate", "/min"}, {"streams", ""}, {"tokens", "/day"}}

// errLimit does not quote the line, which may contain a key.
var errLimit = errors.New("want limits such as rate=60/min streams=4 tokens=200000/day, each a whole number greater than 0, at most once")

// ParseLimits reads limits as [Limits.String] writes them.
func ParseLimits(fields []string) (l Limits, err error) {
	var values [len(limitNames)]int64
	for _, field := range fields {
		name, value, _ := strings.Cut(field, "=")
		known := false
		for i, limit := range limitNames {
			if name != limit.name || values[i] != 0 {
				continue
			}
			digits, ok := strings.CutSuffix(value, limit.unit)
			n, err := strconv.ParseInt(digits, 10, 64)
			if known = ok && err == nil && n > 0 && (i == 2 || n <= 1<<30); known {
				values[i] = n
			}
		}
		if !known {
			return Limits{}, errLimit
		}
	}
	return Limits{Rate: int(values[0]), Streams: int(values[1]), Tokens: values[2]}, nil
}

// String returns the limits as a line of [ParseKeys] has them, or "" if there are none.
func (l Limits) String() string {
	var fields []string
	for i, value := range []int64{int64(l.Rate), int64(l.Streams), l.Tokens} {
		if value > 0 {
			fields = append(fields, limitNames[i].name+"="+strconv.FormatInt(value, 10)+limitNames[i].unit)
		}
	}
	return strings.Join(fields, " ")
}

// Limiter returns the limits of a client. [Clients] may also implement it, as [Keys] does.
type Limiter interface {
	Limits(name string) Limits
}

// overLimit is a request that is refused because of a limit.
type overLimit struct {
	code, message string
	wait          time.Duration // until another try may succeed
}

// retryAfter is the value of the header Retry-After: whole seconds, at least one.
func (o *overLimit) retryAfter() string {
	return strconv.FormatInt(max(1, int64((o.wait+time.Second-1)/time.Second)), 10)
}

// rate limits the requests a minute by the generic cell rate algorithm. due is the time at which
// the requests so far would have ended if each had taken its share of a minute.
type rate struct{ due time.Time }

// take counts a request, or returns how long the client has to wait before the next one. limit
// is the number of requests a minute.
func (r *rate) take(now time.Time, limit int) (wait time.Duration) {
	share := time.Minute / time.Duration(limit)
	due := r.due
	if due.Before(now) {
		due = now
	}
	if wait = due.Add(share).Sub(now) - time.Minute; wait > 0 {
		return wait
	}
	r.due = due.Add(share)
	return 0
}
