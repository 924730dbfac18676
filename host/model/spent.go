package model

import (
	"context"

	"github.com/finece/finece/wasm/jsonscan"
)

type spentKey struct{}

// WithSpent returns a context of [Client.Post] that tells spent how many tokens a reply has
// cost, prompt included, if the server says so by a usage as in the API of OpenAI. A reply of
// the cache has cost none. spent is called before Post returns.
func WithSpent(ctx context.Context, spent func(tokens int64)) context.Context {
	return context.WithValue(ctx, spentKey{}, spent)
}

// tellSpent tells the tokens of a reply.
func tellSpent(ctx context.Context, reply []byte) {
	spent, ok := ctx.Value(spentKey{}).(func(int64))
	if !ok {
		return
	}
	if n := tokensOf(reply); n > 0 {
		spent(n)
	}
}

// tokensOf is the tokens that the usage of a reply counts, 0 if it has none.
func tokensOf(reply []byte) int64 {
	s := &jsonscan.Scanner{}
	s.Reset(reply)
	if s.Kind() != jsonscan.Object || !s.EnterObject() {
		return 0
	}
	var total, parts int64
	for s.NextKey() {
		if string(s.Key()) != "usage" || s.Kind() != jsonscan.Object || !s.EnterObject() {
			s.Skip()
			continue
		}
		for s.NextKey() {
			key := string(s.Key())
			n, ok := s.Int()
			switch {
			case !ok || n < 0:
			case key == "total_tokens":
				total = n
			case key == "prompt_tokens", key == "completion_tokens":
				parts += n
			}
		}
	}
	return max(total, parts)
}
