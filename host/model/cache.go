package model

import (
	"bytes"
	"crypto/sha256"

	lru "github.com/hashicorp/golang-lru/v2"
)

// maxCached is the longest reply, in bytes, that is kept.
const maxCached = 16 << 10

// cache keeps the last replies by the hash of their requests. A confidence model is asked at
// temperature 0, so the same prompt has the same reply. Prompts are not kept.
type cache struct {
	replies  *lru.Cache[[sha256.Size]byte, []byte]
	readable func(reply []byte) bool // reports whether a reply is a confidence, and so worth keeping
}

// newCache makes a cache of size replies. It returns nil, which keeps none, if size is below 1.
func newCache(size int, readable func([]byte) bool) *cache {
	if size < 1 {
		return nil
	}
	replies, _ := lru.New[[sha256.Size]byte, []byte](size) // the error is about sizes below 1
	return &cache{replies, readable}
}

func (c *cache) get(request []byte) (reply []byte, ok bool) {
	if c == nil {
		return nil, false
	}
	reply, ok = c.replies.Get(sha256.Sum256(request))
	return bytes.Clone(reply), ok
}

func (c *cache) put(request, reply []byte) {
	if c != nil && len(reply) <= maxCached && c.readable(reply) {
		c.replies.Add(sha256.Sum256(request), bytes.Clone(reply))
	}
}
