//go:build js && wasm

// Command edge is the Cloudflare Worker. It serves the handler of package
// host/gateway, with finece.wasm as a second WebAssembly module. build.sh builds it and
// wrangler.jsonc configures it.
//
// # Two modules
//
// worker.mjs is the entry point. The instances of this Go program and of the core
// stay in memory with the isolate (V8's unit of isolation, in which the Worker runs),
// and later requests use them again:
//
//   - program.mjs starts a Go program while the Worker loads. A program serves one
//     request at a time; more programs are started when requests come at once. The
//     library github.com/syumai/workers alone would start a program for every request,
//     because in it the end of an answer ends the program. So io.mjs writes the answers
//     instead.
//   - core.mjs makes an instance of the core for a session, keeps it for the next
//     session, and drops it after a trap.
//
// Go calls both through syscall/js. There every value except a number needs a table
// entry and a finalizer, so frequent calls pass only numbers.
//
// # Cost
//
// The free plan allows 10 ms of CPU time for a request. `make bench` measures it under
// workerd, for a streamed answer of 159 events. The list has the time after each
// improvement, as it was measured then:
//
//	24.7 ms  at first
//	20   ms  without net/http's client, transport and TLS (see gateway.RoundTrip and
//	         model.Doer), which were 1.1 MB of the upload's gzip
//	11   ms  with instances that are kept
//	 6.5 ms  with fewer and cheaper calls between Go and JavaScript
//
// The first requests of an isolate cost more, because V8 compiles a function when it
// is called for the first time. A request uses about 800 functions of this program, a
// third of them Go's runtime. So program.mjs starts the Go program while the Worker
// loads, and the function rehearse answers a made-up request at that time. The table
// has the CPU time of workerd with all its threads, on a busy machine, as medians of
// nine rounds or more:
//
//	                        start   first request   both
//	an empty Worker in Go    93 ms          26 ms  120 ms
//	without rehearsal       123 ms          92 ms  216 ms
//	this Worker             151 ms          48 ms  199 ms
//	a longer rehearsal      250 ms          43 ms  290 ms
//
// When workerd makes an isolate, V8 drops the baseline code of all WebAssembly in the process.
// If another Worker starts between the loading of this one and its first request,
// most of the code is compiled again. The rehearsal then gains little: 108 ms instead
// of 120. `make bench` therefore measures a workerd that runs this Worker alone.
//
// The program links crypto packages because net/http's types need them. They cost no time after
// loading, since nothing calls them.
//
// # Settings
//
// Settings are bindings: variables, and secrets for keys. Their values are never part of a
// response. A binding has the name, the meaning and the default that the setting has in the
// environment of finece serve: finece serve --help lists them, from the table Gateway in
// wasm/contract/groups.go. The Worker has the settings that a route may change
// (contract.Routed), such as FINECE_POLICY and FINECE_WITHHOLD_BELOW, except vote_by and
// calibration. It cannot use the policy vote, nor escalate_mode continue, which needs
// continue_by. Lists are separated by commas.
//
// Its other bindings are:
//
//	FINECE_UPSTREAM             required: the API's root, such as https://api.openai.com/v1
//	FINECE_UPSTREAM_KEY         secret: the operator's key. It is sent instead of the client's
//	                            with scored routes and GET /v1/models; other routes get status
//	                            403. Clients then need client keys: the Worker answers with
//	                            status 500 until FINECE_KEYS is set.
//	FINECE_KEYS                 secret: client keys, as the lines that finece key new writes
//	FINECE_ORIGINS              web origins whose pages may use the Worker; * for all
//	FINECE_ROUTES               other settings for some paths and models, in JSON: see
//	                            gateway.ParseRoutes
//	FINECE_REFUSE_UNCHECKED     as in finece serve
//	FINECE_SESSION              the settings of the session in JSON, as session.ParseConfig
//	                            reads them, also calibration and the confidence model's card
//	FINECE_MODEL                the root of a confidence model's API (not its name, as in
//	                            finece serve); then the session's estimator is "model"
//	FINECE_MODEL_KEY            secret: the key for the confidence model's server
//	FINECE_CONVERSATION_TOKENS  as in finece serve
package main
