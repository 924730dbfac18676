// Package logprob does the arithmetic of token log-probabilities: exp, log and
// the entropy of a next-token distribution of which only the head is known.
//
// Exp and Log are written out here because every engine that runs the core has
// to give the same bits. The math package uses assembly on some targets and
// plain Go on others, and the last bits differ; a wasm libc differs again. Here
// every product is rounded by an explicit conversion before it is added, which
// the Go specification makes a barrier against fused multiply-add, so the same
// IEEE 754 operations run everywhere.
//
// All logarithms are natural; entropies are in nats.
package logprob
