package gateway

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Keys is a set of client keys. It stores only their hashes. A key is 256 random bits, so
// SHA-256 without salt is enough. Keys is safe for concurrent use.
type Keys struct{ all []clientKey }

type clientKey struct {
	name   string
	hash   [sha256.Size]byte
	limits Limits
}

const hashPrefix = "sha256:"

// KeyLine returns the line that [ParseKeys] reads for a key: its name, a space, and sha256: with
// the hash in hexadecimal digits.
func KeyLine(name, key string) string {
	hash := sha256.Sum256([]byte(key))
	return name + " " + hashPrefix + hex.EncodeToString(hash[:])
}

// ErrNoKeys is the error of [ParseKeys] for a text without keys.
var ErrNoKeys = errors.New("it contains no keys; make one with finece key new")

// ParseKeys reads lines as [KeyLine] writes them. [Limits], as [Limits.String] writes them, may
// follow the hash. Empty lines and lines that start with # are skipped. An error gives the
// number of the line and does not quote the line, which may contain a key.
func ParseKeys(text []byte) (*Keys, error) {
	k := new(Keys)
	number := 0
	for line := range bytes.Lines(text) {
		number++
		fields := strings.Fields(string(line))
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) < 2 {
			return nil, keyError(number)
		}
		digits, ok := strings.CutPrefix(fields[1], hashPrefix)
		hash, err := hex.DecodeString(digits)
		if !ok || err != nil || len(hash) != sha256.Size {
			return nil, keyError(number)
		}
		if k.Has(fields[0]) {
			return nil, fmt.Errorf("line %d: a second key of the same name", number)
		}
		limits, err := ParseLimits(fields[2:])
		if err != nil {
			return nil, fmt.Errorf("line %d: after the hash: %w", number, err)
		}
		k.all = append(k.all, clientKey{fields[0], [sha256.Size]byte(hash), limits})
	}
	if len(k.all) == 0 {
		return k, ErrNoKeys
	}
	return k, nil
}

func keyError(line int) error {
	return fmt.Errorf("line %d: want a name and sha256: with 64 hexadecimal digits, as finece key new writes them", line)
}

// Has reports whether there is a key of this name.
func (k *Keys) Has(name string) bool { return k.find(name) != nil }

// find returns the key of a name, or nil.
func (k *Keys) find(name string) *clientKey {
	for i := range k.list() {
		if k.all[i].name == name {
			return &k.all[i]
		}
	}
	return nil
}

// Changes lists how the set differs from an earlier one, by name: "ci added", "ci changed"
// (another key or other limits), "ci removed". A nil set has no keys.
func (k *Keys) Changes(earlier *Keys) (said []string) {
	for _, c := range k.list() {
		switch was := earlier.find(c.name); {
		case was == nil:
			said = append(said, c.name+" added")
		case *was != c:
			said = append(said, c.name+" changed")
		}
	}
	for _, c := range earlier.list() {
		if !k.Has(c.name) {
			said = append(said, c.name+" removed")
		}
	}
	return said
}

func (k *Keys) list() []clientKey {
	if k == nil {
		return nil
	}
	return k.all
}

// Limits implements [Limiter].
func (k *Keys) Limits(name string) Limits {
	if c := k.find(name); c != nil {
		return c.limits
	}
	return Limits{}
}

// keyHeaders are the headers that may have a client key. A client with a key of its own for the
// upstream sends the client key in X-FineCE-Key, and the upstream's key in Authorization.
var keyHeaders = []string{"X-Finece-Key", "Authorization", "X-Api-Key", "Api-Key"}

// Client implements [Clients]. It removes from r each header with one of the keys, and always
// X-FineCE-Key.
func (k *Keys) Client(r *http.Request) (name string, ok bool) {
	for _, header := range keyHeaders {
		for _, value := range r.Header.Values(header) {
			if n, found := k.name(bearer(value)); found {
				name, ok = n, true
				r.Header.Del(header)
				break
			}
		}
	}
	r.Header.Del("X-Finece-Key")
	return name, ok
}

// bearer returns a header's value without the scheme Bearer.
func bearer(value string) string {
	if scheme, rest, found := strings.Cut(value, " "); found && strings.EqualFold(scheme, "bearer") {
		return strings.TrimSpace(rest)
	}
	return value
}

// name returns the name of a key. It compares all hashes, each in constant time.
func (k *Keys) name(key string) (name string, ok bool) {
	hash := sha256.Sum256([]byte(key))
	for i := range k.all {
		if subtle.ConstantTimeCompare(hash[:], k.all[i].hash[:]) == 1 {
			name, ok = k.all[i].name, true
		}
	}
	return name, ok
}
