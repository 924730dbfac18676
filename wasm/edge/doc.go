//go:build js && wasm

// Command edge is the Cloudflare Worker: the handler of package host/gateway,
// with finece.wasm beside it as a module of its own. build.sh builds it,
// wrangler.jsonc configures it.
//
// # Two modules
//
// worker.mjs is the entry. It runs a new instance of this Go program for every
// request, as github.com/syumai/workers wants it, while the core's compiled
// module and its instances belong to the isolate: core.mjs makes an instance for
// a session, keeps it for the next one, and drops it after a trap. Go reaches
// them through syscall/js, a call for each call of the session.
//
// # Settings
//
// By bindings: variables, and secrets for keys. None of them is ever part of a
// response.
//
//	FINECE_UPSTREAM      required: the API's root, such as https://api.openai.com/v1
//	FINECE_UPSTREAM_KEY  secret: in place of the client's
//	FINECE_POLICY        annotate or withhold
//	FINECE_THRESHOLD     of withhold, 0 to 1
//	FINECE_FAILURE       open or closed; required for withhold, else open
//	FINECE_CARRIER       field or comment
//	FINECE_SESSION       the confidence options in JSON, as session.ParseConfig reads them
//	FINECE_MODEL         the root of a confidence model's API; then the session's estimator is "model"
//	FINECE_MODEL_KEY     secret
package main
