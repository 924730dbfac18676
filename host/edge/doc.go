//go:build js && wasm

// Command edge is the Cloudflare Worker: the handler of package host/gateway,
// with finece.wasm beside it as a module of its own. build.sh builds it,
// wrangler.jsonc configures it.
//
// # Two modules
//
// worker.mjs is the entry. The instances of this Go program and those of the core
// belong to the isolate. program.mjs starts one of the program's while the Worker
// loads and keeps it from request to request, one at a time in each; more are
// started when requests come at once. (github.com/syumai/workers, on its own,
// starts one for every request, since its answers end the program; here they are
// written by io.mjs.) core.mjs makes an instance of the core for a session, keeps
// it for the next one, and drops it after a trap. Go reaches both through
// syscall/js, where every value but a number costs a table entry and a finalizer:
// what crosses often are numbers.
//
// # Cost
//
// `make bench` measures it under workerd. CPU time of a streamed request of 159
// events on one machine, whatever the process used it for: 24.7 ms to begin with; 20
// without net/http's client, transport and TLS (see gateway.RoundTrip and
// model.Doer), which were 1.1 MB of the upload's gzip; 11 with instances that are
// kept; 6.5 with fewer and cheaper calls across. The free plan allows 10 ms.
//
// Over that are the first requests of an isolate, while V8 compiles: the first
// takes some 100 ms, those up to the tenth or so 20 to 40. Started while the Worker
// loads, where the time is not a request's, the program takes 45 ms of the first
// request's cost away; a rehearsal with a request that went nowhere took no more.
//
// # Settings
//
// By bindings: variables, and secrets for keys. No value of theirs is ever part of
// a response. With an upstream key, clients need keys of their own; the Worker
// answers 500 until FINECE_KEYS is set.
//
//	FINECE_UPSTREAM          required: the API's root, such as https://api.openai.com/v1
//	FINECE_UPSTREAM_KEY      secret: the operator's key, sent instead of the client's with
//	                         chat completions and GET /v1/models; other routes get 403
//	FINECE_KEYS              secret: client keys, the lines of a file of finece key new
//	FINECE_ORIGINS           web origins whose pages may use the Worker, with commas; * for all
//	FINECE_POLICY            annotate or withhold
//	FINECE_WITHHOLD_BELOW    withhold: the confidence that text needs, 0 to 1; default 0.8
//	FINECE_FAILURE           open or closed; required for withhold, else open
//	FINECE_CARRIER           field or comment
//	FINECE_REFUSE_UNCHECKED  true: with closed, refuse routes whose answers are not checked
//	FINECE_SESSION           the confidence options in JSON, as session.ParseConfig reads them
//	FINECE_MODEL             the root of a confidence model's API; then the session's estimator is "model"
//	FINECE_MODEL_KEY         secret
package main
