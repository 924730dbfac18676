package gateway

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/finece/finece/wasm/jsonscan"
)

// Off is the choice of a request whose answer is not to be scored.
const Off Policy = "off"

// NoRecords is the choice of a request for an answer without records. The policy of its route
// applies.
const NoRecords Policy = "no-records"

// headerWish is the request header that chooses a policy.
const headerWish = headerPolicy

// optedOut is the reason of an answer that is not scored because its request has chosen Off.
const optedOut = "opted-out"

// readWish reads which policy a request chooses: by the member finece of its body, or else by a
// header. wish is "" if the request chooses none. rest is the body without the member; the
// header is removed. wrong says what is wrong with the member, or is "".
func readWish(body []byte, header http.Header) (wish Policy, rest []byte, wrong string) {
	wish = Policy(strings.TrimSpace(header.Get(headerWish)))
	header.Del(headerWish)
	if !bytes.Contains(body, []byte(`"finece"`)) {
		return wish, body, ""
	}
	s := &jsonscan.Scanner{}
	s.Reset(body)
	if s.Kind() != jsonscan.Object || !s.EnterObject() {
		return wish, body, ""
	}
	rest = []byte{'{'}
	found := false
	for s.NextKey() {
		if string(s.Key()) == "finece" {
			found = true
			if chosen, why := readMember(s); why != "" {
				wrong = why
			} else if chosen != "" {
				wish = chosen
			}
			continue
		}
		if len(rest) > 1 {
			rest = append(rest, ',')
		}
		rest = append(jsonscan.AppendString(rest, s.Key()), ':')
		rest = append(rest, s.Raw()...)
	}
	if !found || !s.End() {
		return wish, body, ""
	}
	return wish, append(rest, '}'), wrong
}

// readMember reads the value of the member finece.
func readMember(s *jsonscan.Scanner) (wish Policy, wrong string) {
	if s.Kind() == jsonscan.Null {
		s.Skip()
		return "", ""
	}
	if !s.EnterObject() {
		return "", `"finece" is not an object: want {"policy": NAME}`
	}
	for s.NextKey() {
		if key := string(s.Key()); key != "policy" {
			wrong = fmt.Sprintf(`"finece" has the key %q; it may have "policy" alone`, short(key))
			s.Skip()
			continue
		}
		name, ok := s.Text()
		if wish = Policy(name); !ok {
			wrong = `"finece": "policy" is not a text`
		}
	}
	return wish, wrong
}

// allow makes the configuration for each policy that requests may choose.
func (c *Config) allow() error {
	for _, p := range c.AllowPolicy {
		if p == Off {
			continue
		}
		chosen := *c
		chosen.AllowPolicy, chosen.Routes, chosen.routes = nil, nil, nil
		if chosen.hides = p == NoRecords; !chosen.hides {
			chosen.Policy = p
		}
		if err := chosen.handles(); err != nil {
			return fmt.Errorf("gateway: allow_policy %s: %w", p, err)
		}
		if c.chosen == nil {
			c.chosen = map[Policy]*Config{}
		}
		c.chosen[p] = &chosen
	}
	return nil
}

// wished returns how the answer to a request that chooses a policy is handled, or why the
// request may not choose it. The handling is nil if the answer is not scored.
func (c *Config) wished(wish Policy) (_ *Config, wrong string) {
	switch {
	case wish == "" || wish == c.Policy:
		return c, ""
	case wish == Off && slices.Contains(c.AllowPolicy, Off):
		return nil, ""
	case c.chosen[wish] != nil:
		return c.chosen[wish], ""
	case len(c.AllowPolicy) == 0:
		return nil, fmt.Sprintf("the request chooses the policy %q, but requests may not choose one here", short(string(wish)))
	}
	names := make([]string, len(c.AllowPolicy))
	for i, p := range c.AllowPolicy {
		names[i] = string(p)
	}
	return nil, fmt.Sprintf("the request chooses the policy %q; here it may choose %s", short(string(wish)), strings.Join(names, ", "))
}

// choose applies the wish of a request. done reports that the request has been answered.
func (h *Handler) choose(w http.ResponseWriter, r *http.Request, request *request, wish Policy) (_ *request, done bool) {
	config, wrong := request.config.wished(wish)
	switch {
	case wrong != "":
		refuse(w, r, http.StatusBadRequest, "finece-policy", wrong)
		return nil, true
	case config == nil:
		setBody(r, request.original)
		h.pass(w, r, optedOut)
		return nil, true
	case config == request.config:
		return request, false
	}
	again, _ := readRequest(request.surface, request.original, config)
	again.deadline = request.deadline
	setBody(r, again.body)
	return again, false
}
