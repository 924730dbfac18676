package model

import (
	"context"

	"github.com/finece/finece/wasm/jsonscan"
)

type spentKey struct{}

// WithSpent returns a context for [Client.Post]. Post then calls spent, before it returns, with
// the tokens of the reply and its prompt, if the reply has a usage as in the API of OpenAI. It
// does not call spent for a reply from the cache.
func WithSpent(ctx context.Context, spent func(tokens int64)) context.Context {
	return context.WithValue(ctx, spentKey{}, spent)
}

// tellSpent calls spent with the tokens of a reply.
func tellSpent(ctx context.Context, reply []byte) {
	spent, ok := ctx.Value(spentKey{}).(func(int64))
	if !ok {
		return
	}
	if n := tokensOf(reply); n > 0 {
		spent(n)
	}
}

// tokensOf returns the tokens in the usage of a reply, or 0 if it has none.
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
