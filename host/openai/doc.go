// Package openai samples from language models behind OpenAI-compatible servers.
//
// An [Endpoint] sends requests in JSON; time limits, retries and the number of
// requests at once are those of package host/model. A [Generator] asks a model to
// answer a question or to continue a partial answer, in one of the ways that servers
// offer ([API]). A [Sampler] gets many completions of one [Stem], with a seed for
// each request, and keeps the replies in a [Store]: resumed work asks only for the
// replies that are missing.
package openai
