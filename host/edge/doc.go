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
// response. With FINECE_UPSTREAM_KEY, clients need client keys: the Worker answers with status
// 500 until FINECE_KEYS is set.
//
//	FINECE_UPSTREAM          required: the API's root, such as https://api.openai.com/v1
//	FINECE_UPSTREAM_KEY      secret: the operator's key, sent instead of the client's with
//	                         scored routes and GET /v1/models; other routes get status 403
//	FINECE_KEYS              secret: client keys, as lines of a file that finece key new writes
//	FINECE_ORIGINS           web origins whose pages may use the Worker, separated by commas; * for all
//	FINECE_POLICY            annotate, warn, withhold, stop, escalate or best-of
//	FINECE_WARN_BELOW        warn: an answer with a lower confidence gets the warning, 0 to 1; default 0.8
//	FINECE_WARN_TEXT         warn: the text that is added to an answer below FINECE_WARN_BELOW
//	FINECE_WITHHOLD_BELOW    withhold: text with a lower confidence is not sent, 0 to 1; default 0.8
//	FINECE_STOP_BELOW        stop: an answer with confidences below this value is ended, 0 to 1; default 0.2
//	FINECE_STOP_AFTER        stop, and escalate in the mode restart: positions in a row that have to
//	                         be below the threshold; default 2
//	FINECE_ESCALATE_BELOW    escalate: for an answer with a lower confidence the other model is asked,
//	                         0 to 1; default 0.5
//	FINECE_ESCALATE_MODEL    escalate: the model of the same upstream that is asked instead
//	FINECE_ESCALATE_SHARE    escalate: the share of the requests that may ask it, 0 to 1; default 1
//	FINECE_ESCALATE_MODE     escalate: hold or restart; default hold
//	FINECE_RESTART_TEXT      escalate, restart: the text before the other model's answer
//	FINECE_ANSWERS           best-of: answers to each request, 1 to 16; default 3
//	FINECE_FINISH_REASON     withhold, stop: the finish_reason of an answer that is ended; default content_filter
//	FINECE_SKIP_ABOVE        the confidence of the question alone above which the answer is not
//	                         scored, 0 to 1; default 1, which scores all; needs FINECE_MODEL
//	FINECE_ALLOW_POLICY      policies that a request may choose, separated by commas; off and no-records
//	                         may be among them
//	FINECE_UNCALIBRATED      if a policy or FINECE_SKIP_ABOVE compares confidences with a threshold:
//	                         refuse (default) or allow confidences that are not calibrated
//	FINECE_FAILURE           an answer that cannot be checked passes (open) or does not (closed);
//	                         required for withhold, default open for the others
//	FINECE_CARRIER           field or comment
//	FINECE_KEEP_REQUEST, FINECE_SETTLE, FINECE_CARRIER_DELAY, FINECE_MAX_DELAY, FINECE_MAX_HELD
//	                         as the flags of finece serve, see finece serve --help
//	FINECE_ROUTES            exceptions by path and model, in JSON: see gateway.ParseRoutes
//	FINECE_REFUSE_UNCHECKED  true: with closed, refuse routes whose answers are not checked
//	FINECE_SESSION           the confidence options in JSON, as session.ParseConfig reads them
//	FINECE_MODEL             the root of a confidence model's API; then the session's estimator is "model"
//	FINECE_MODEL_KEY         secret: the key of the confidence model
//	FINECE_CONVERSATION_TOKENS  the most tokens of a conversation, besides the user's last message,
//	                         that a model whose card covers conversations is given
package main
