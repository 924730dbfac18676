// Package gateway is the HTTP side of FineCE: one http.Handler between clients
// and an OpenAI-compatible server, which scores chat completions on their way
// through. `finece serve` and the edge worker serve this same handler; it opens
// no socket and no file, and is given its engine and its round tripper.
//
//	handler, err := gateway.New(gateway.Config{
//		Upstream: "https://api.openai.com/v1",
//		Engine:   engine,
//		Session:  host.DefaultConfig(),
//		Failure:  gateway.Open,
//	})
//	...
//	http.ListenAndServe("127.0.0.1:8080", handler)
//
// # Routes
//
//	POST /v1/chat/completions  scored, streamed or not
//	GET  /v1/models            passed on unchanged, with what is below it
//	any  /v1/...               passed on unchanged, and marked as unchecked; refused
//	                           with status 403 if there is a Config.Key
//	GET  /healthz              {"status":"ok"}
//
// Another spelling of the scored route, such as /v1//chat/completions, is scored
// under its own name. A path on whose meaning servers may disagree gets status 400.
//
// # Access
//
// Config.Key is the operator's. It replaces the client's credentials, and goes out
// with scored routes and GET /v1/models alone, so that no client reaches files,
// fine-tuning or the administration of the operator's account. A gateway with a key
// needs to know its clients (Config.Access). A client key comes as Authorization:
// Bearer KEY, X-Api-Key or X-FineCE-Key, and is not sent to the upstream. Without
// it the answer is 401 (finece_key). Without Config.Key, the client's own
// Authorization is sent to the upstream, unless it is a client key.
//
// A request for a Host that is not the server's, and a browser's request from a
// page of another origin, get status 403 (finece_host, finece_origin). The origins
// in Access.Origins get the CORS headers that they need.
//
// # What a client sees
//
// Response headers say what is checked, before anything else does:
//
//	X-FineCE-Status     checking    a stream: what comes of it is in the stream
//	                    checked     a plain answer with a confidence for the whole of it
//	                    unavailable a plain answer without one; its body says why
//	                    unchecked   nobody looked
//	X-FineCE-Reason     why it is unchecked: surface (another route), status,
//	                    content-type, encoding, not-json, no-choices (that can be
//	                    read), answer-too-large, engine, upstream,
//	                    request-not-json, request-encoding, request-too-large
//	X-FineCE-Policy     annotate or withhold
//	X-FineCE-Threshold  of withhold
//	X-FineCE-Failure    open or closed
//	X-FineCE-Carrier    of a stream: field or comment
//	X-FineCE-Estimator  the built-in method, or model
//
// Confidences come as one JSON object, in streams as the top-level key finece
// of chunks (the carrier field), or in comment lines of the event stream (the
// carrier comment), and in plain answers as their top-level key finece:
//
//	{
//	  "confidences": [{
//	    "choice": 0, "index": 1, "revision": 0, "state": "provisional",
//	    "raw": 0.81, "fused": 0.81, "source": "perplexity",
//	    "kind": "paragraph", "segment": "answer",
//	    "byte": 96, "utf16": 96, "token": 24, "estimated": false
//	  }],
//	  "answers": [{"choice": 0, "tokens": 155, "reasoning_tokens": 0, "estimated": false}],
//	  "action": "withheld", "choice": 0, "index": 3,
//	  "confidence": 0.41, "threshold": 0.8, "reason": "below the threshold"
//	}
//
// Every key is there only if it has something to say. A confidence with the
// same choice and index as an earlier one replaces it. States, kinds and
// reasons are package session's; unavailable ones have a reason and no number.
// Actions are:
//
//	withheld   a confidence was below the threshold: the rest is not sent
//	stopped    what could not be checked is not sent, by failure policy closed
//	released   text that was held went out unchecked, by failure policy open
//	unchecked  nothing from here on is scored, by failure policy open
//
// # Streams
//
// Bytes that say nothing new are the upstream's, byte for byte: a chunk that
// carries a finece key is otherwise unchanged, and a stream about which there is
// nothing to say is identical. Where no chunk is due, an extra one with an empty
// delta carries what is known. The last confidences come with the chunk of the
// finish_reason, which waits for them if it has no text, else in an extra one;
// always before [DONE] and never after it.
// Under the policy annotate an event is sent on before it is scored, so text
// waits for nothing; a confidence model's replies that are still out at the end
// hold [DONE] for Config.Settle at most. After several answers in a row whose last
// replies failed or were late, no answer waits; every half minute one tries again.
//
// Under the policy withhold, text is held from position to position, until the
// fused confidence of the position behind it is known. At or above the
// threshold it goes out; below it, the stream ends there with finish_reason
// content_filter. A chunk goes out as a whole, so one that a position cuts waits
// for the next. A later revision does not call text back. p(0) stands for no
// text and withholds none. What a choice has beside text, such as a tool call or
// a member that is not known here, waits for p(z). An event that the session
// cannot read, for it is no JSON or too large, cannot be checked. A stream of
// several choices ends for all of them. A plain answer is judged as a whole, by
// p(z).
//
// # Log-probabilities
//
// If the estimator or the strategy needs log-probabilities that the request does
// not ask for, it is made to, and what the client did not ask for is taken out
// of the answer again: logprobs becomes null. An upstream that refuses such a
// request (400 or 422) gets the client's own, and what needed them is
// unavailable.
//
// # Failures
//
// An event over Config.MaxEvent is passed on in parts and unread: it carries
// nothing, and nothing is taken out of it. Under the policy withhold it cannot be
// checked.
//
// Config.Failure says what becomes of answers that cannot be checked: Open lets
// them pass, and says so; Closed does not: of an answer that is not streamed, not
// even an error that comes with status 200. Answers that are none, because their
// status is another, pass either way. So do all the other routes, unless
// Config.RefuseUnchecked is set.
package gateway
