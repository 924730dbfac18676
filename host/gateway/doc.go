// Package gateway is the HTTP side of FineCE: one http.Handler between clients and an upstream,
// a server with the API of OpenAI, Anthropic or Ollama. It scores answers on their way to the
// client. `finece serve` and the Worker (host/edge) serve this same handler. The handler opens
// no socket and no file: the caller gives it an engine and a round tripper.
//
//	config := gateway.DefaultConfig()
//	config.Upstream, config.Engine, config.Failure = "https://api.openai.com/v1", engine, gateway.Open
//	handler, err := gateway.New(config)
//	...
//	err = http.ListenAndServe("127.0.0.1:8080", handler)
//
// # Terms
//
// A position is a place in an answer where a confidence is estimated, such as the end of a
// paragraph. p(0) is the question alone, and p(z) is the whole answer. The fused confidence of a
// position also uses the estimates of later positions. The core is the wasm module that reads
// the upstream's bytes and estimates confidences. The confidence model, if there is one, is a
// language model that the gateway asks for estimates (package host/model).
//
// # Routes
//
//	POST /v1/chat/completions  scored, streamed or not
//	POST /v1/completions       scored, streamed or not; the question is the prompt
//	POST /v1/messages          scored, streamed or not: Anthropic's Messages
//	POST /v1/responses         scored, streamed or not; background responses are not scored
//	POST /api/chat             scored, streamed or not: Ollama's own API
//	POST /api/generate         scored, streamed or not: Ollama's own; the question is the prompt
//	GET  /v1/models            passed on unchanged, as are GET /v1/models/NAME, GET /api/tags
//	                           and GET /api/version
//	any  /v1/...               passed on unchanged, and marked as unchecked; refused with
//	                           status 403 if Config.Key is set; see Stored answers
//	GET  /finece/usage         the counts of the client that sends the request; see Limits
//	GET  /healthz              {"status":"ok"}
//
// Another spelling of a scored route, such as /v1//chat/completions, is scored and sent on in
// the usual spelling. A completion with several prompts, with a prompt of token numbers or with
// echo is not scored. A path that servers may read differently, such as one with .. in it, gets
// status 400.
//
// # Access
//
// Config.Key is the operator's API key for the upstream. It replaces the client's credentials.
// The gateway sends the key only with scored routes and lists of models. So no client
// reaches files, fine-tuning or the administration of the operator's account. The key
// is sent as Authorization: Bearer KEY, and with /v1/messages as X-Api-Key. A gateway
// with Config.Key needs rules for its clients (Config.Access). A client sends its
// client key as Authorization: Bearer KEY, X-Api-Key or X-FineCE-Key, and the gateway
// does not pass it on. A request without a client key gets status 401 (finece-key).
// Without Config.Key, the client's own Authorization is sent to the upstream, unless
// it is a client key.
//
// A request whose Host header is not a name of the server gets status 403 (finece-host). A
// browser's request from a page of another origin gets status 403 (finece-origin), unless
// Access.Origins lists that origin. Listed origins get CORS headers.
//
// # Limits
//
// A client key may have limits (see [Limits], [ParseKeys]): requests a minute, requests under
// way at once, tokens a day. A request over a limit gets status 429 with Retry-After and the
// code finece-rate, finece-streams or finece-tokens. The limit on tokens is checked before each
// request, so it never cuts an answer that has begun. Config.Meter counts the use of each
// client, in memory. GET /finece/usage tells a client its own counts:
//
//	{"name":"laptop","requests":12,"refused":1,"open":0,"tokens":5120,"today":310,
//	 "usage":{"prompt_tokens":900,"completion_tokens":5100},
//	 "scoring":{"model_tokens":4100,"rollout_tokens":0,"logprob_bytes":90500},"limits":{"rate":60,"tokens":200000}}
//
// tokens and today count the tokens of answers, as [Use] describes. usage is the sum of the usage
// that the upstream reported. scoring is the cost of the confidences: tokens of the confidence
// model, as its server counts them, tokens of sampled continuations, and bytes of
// log-probabilities that the client did not ask for. Several gateways, and the isolates of a
// Worker, each keep counts of their own.
//
// # A request's own policy
//
// A request may choose one of the policies in Handling.AllowPolicy, by the member finece of its
// body or by the header X-FineCE-Policy. If a request has both, the member applies:
//
//	{"model":"...","messages":[...],"finece":{"policy":"warn"}}
//
// With the policy off, the answer passes unchecked and without records, even if
// Handling.Failure is closed. The reason is opted-out. With no-records, the policy of
// the route applies, and the answer has the headers below but no records. The gateway
// removes the member and the header from a scored request before it sends the request
// on. A request for a policy that is not allowed gets status 400 (finece-policy), so
// that no client relies on a policy that does not apply. By default no policy may be
// chosen.
//
// Handling.AllowPolicy is the same for every client key. A client may opt out with each request.
// Such requests and their tokens count towards the client's limits. The observer gets
// the reason opted-out.
//
// # What a client sees
//
// Response headers say whether the answer is checked:
//
//	X-FineCE-Status     checking    a stream that is being scored: its records have the results
//	                    checked     a plain answer with a confidence for the whole of it
//	                    unavailable a plain answer without one; its records say why
//	                    unchecked   the answer was not scored
//	X-FineCE-Reason     why it is unchecked: surface (a route that is not scored), stored, status,
//	                    content-type, encoding, not-json, no-choices (none that can
//	                    be read), answer-too-large, engine, upstream, prompts, echo, choices,
//	                    background, opted-out, request-not-json, request-encoding,
//	                    request-too-large,
//	                    question-too-large (over 1 MiB, for a confidence model),
//	                    request (it took too long to arrive);
//	                    skipped: a plain answer that the gate did not score
//	X-FineCE-Policy     annotate, warn, withhold, stop, escalate, best-of or vote
//	X-FineCE-Threshold  the policy's threshold, if it has one
//	X-FineCE-Failure    open or closed
//	X-FineCE-Carrier    how a stream carries records: field or comment
//	X-FineCE-Answers    how many answers escalate, best-of or vote asked for
//	X-FineCE-Estimator  the built-in method, model, trajectory or samples
//	X-FineCE-Id         the gateway's own id of a scored answer, if Config.Name is set
//
// Confidences come as records of package wasm/contract/record, in an envelope:
//
//	"finece": {"version":1,"id":"chatcmpl-7","generator":"some-model","events":[
//	  {"type":"confidence","choice":0,"index":1,"kinds":["paragraph"],"segment":"answer",
//	   "byte":96,"utf16":96,"token":24,"state":"provisional","revision":0,"raw":0.81,
//	   "fused":0.81,"calibrated":false,"source":{"estimator":"logprob","method":"perplexity"}},
//	  {"type":"decision","choice":0,"index":3,"policy":"withhold","action":"end",
//	   "threshold":0.8,"byte":188,"reason":"low"}]}
//
// With the carrier field, the envelope is the top-level key finece of chunks or events. With the
// carrier comment, it is the payload of a comment line of the event stream, such as
// `: finece {...}`. In a plain answer, one that is not streamed, it is a top-level
// key. The id is the upstream's id of the answer. The generator is the model that
// answered.
//
// The records are confidence, decision, fault and end. A confidence replaces an earlier one with
// the same choice and index. If several with the same choice and index are due at once, only the
// last one is sent. Under the policy withhold, faults have no detail, since the
// detail could quote held text. Decisions are:
//
//	action   reason
//	end      low: a confidence is below the threshold, and the rest is not sent;
//	         any other reason: why the rest cannot be checked (failure policy closed)
//	ask      low: the answer was below the threshold of escalate. This answer is another
//	         model's; or the text from byte on is, if that model continues the answer
//	replace  low: the same, of text that was sent already. The text before byte no longer
//	         counts; a note and another model's answer follow it
//	cancel   low: confidences stayed below the threshold of the policy stop, and the
//	         request to the upstream was cancelled
//	release  why held text was sent unchecked (failure policy open);
//	         low under the policy warn: the warning follows the text before byte;
//	         highest or majority: why best-of or vote chose the answer;
//	         over-share, second-failed or too-late (its end was sent): why escalate sent
//	         an answer that is low
//	skip     core-lost: nothing from here on is scored (failure policy open);
//	         high, of the policy gate: p(0) is above skip_above, and the rest is not scored
//
// Other reasons are those of an unavailable confidence, and not-calibrated,
// not-scored, held-too-long, held-too-much, stream-failed, provider-error and
// core-lost. byte counts the bytes of the answer's text that were cleared, or sent,
// before the decision.
//
// Errors of the gateway have the form of OpenAI's, with the type finece-error. Below
// /v1/messages they have the form of Anthropic's, with the type for the status and a key code.
// Ollama's routes get {"error":MESSAGE,"code":CODE}. The code is one of: finece-key,
// finece-host, finece-origin, finece-path, finece-surface, finece-policy, finece-stored,
// finece-not-found, finece-method, finece-request, finece-prompts, finece-echo, finece-choices,
// finece-background, finece-request-encoding, finece-request-too-large,
// finece-question-too-large, finece-request-not-json, finece-unchecked, finece-upstream,
// finece-upstream-timeout, finece-rate, finece-streams, finece-tokens, finece-busy,
// finece-request-timeout.
//
// # Streams
//
// The gateway adds records and leaves the rest of a stream unchanged. A chunk with a finece key
// is otherwise the upstream's, byte for byte. If the upstream sends no chunk for a while, an
// extra chunk with an empty delta carries the records. The chunk with the finish_reason carries
// the last records and waits for them, unless it has text. In that case an extra chunk before
// [DONE] carries them.
//
// The core reads each event once. It reports where the event ends, what the event contains and
// where a member can be added to its JSON (see stream.Frame). The gateway sends an
// event on as soon as the event is complete.
//
// Under the policy annotate text never waits for the confidence model. [DONE] waits for its last
// replies, for Config.Settle at most. A breaker opens after several answers in a row whose last
// estimates failed or were late, after ten failed requests in a row, or when more
// than half of the last replies took longer than the end of an answer waits. While
// the breaker is open, the model is not asked and no answer waits. Every half minute
// the breaker lets the requests of one answer through, to see whether the model
// replies.
//
// If the confidence model fails under annotate, the built-in estimator Session.Method
// takes its place, if the stream has log-probabilities. While the breaker is open,
// the gateway asks the upstream for log-probabilities. These confidences have the
// estimator logprob in their source. They are not integrated with others, and only
// Session.FallbackCalibration calibrates them.
//
// Under the policy warn, a choice's finish_reason waits for p(z), as [DONE] does under annotate.
// If p(z) is below Config.WarnBelow, a chunk with Config.WarnText comes before the
// finish_reason. If the finish_reason comes in a chunk with text, the warning follows that
// chunk. In a plain answer the warning is appended to the content. There is no warning if the
// client asked for JSON by response_format, or if p(z) is unavailable.
//
// Under the policy withhold, text is held until the fused confidence of the position
// after it is known. At or above the threshold the text is sent. Below the threshold,
// the choice ends there with Config.FinishReason. The stream ends when its last
// choice has ended. A chunk is sent as a whole, so a chunk with a position in the
// middle of its text waits for the next position. Text that was sent stays, even if
// its confidence is revised later. p(0) covers no text, so it withholds none.
// Everything in a choice other than text, such as a tool call or an unknown member,
// waits for p(z). An event that is not JSON or is too large for the session cannot be
// checked. If an event has several choices and the policy has ended one of them, the
// others end, too. A plain answer is judged as a whole, by p(z).
//
// The policy stop holds no text. If the confidences of a choice are below the threshold at
// Config.StopAfter positions in a row, the choice ends there, with Config.FinishReason. When no
// choice is left, the request to the upstream is cancelled, so that the upstream can stop
// generating. Only the first value of each position counts; later revisions do not. A
// plain answer is complete when it comes, so stop only annotates it.
//
// The policies escalate, best-of and vote ask for several answers to a request and send one.
// Each answer is scored in memory, and nothing is sent before one is chosen. The
// token counts that the client sees are sums over all answers. A client's seed
// (Ollama: options.seed) is raised by one from answer to answer. Requests for several
// choices are not scored.
//
//	escalate  if p(z) is below Config.EscalateBelow, Config.EscalateModel is asked, for
//	          Config.EscalateShare of the requests at most. If that model fails, or if p(z)
//	          is unavailable or not calibrated, Config.Failure decides about the first answer.
//	best-of   the answer with the highest p(z) of Config.Answers; an answer without p(z)
//	          is sent only if no answer has one
//	vote      the p(z) of equal final answers are added up (CISC). Of the answers that agree
//	          with the highest sum, the one with the highest p(z) is sent. Once the answers
//	          under way cannot change the result, they are cancelled.
//
// # Escalation after text was sent
//
// With Config.EscalateMode restart, the text of a stream is sent as it comes. The gateway asks
// the other model for a new answer if p(z), or the confidences of Config.StopAfter
// positions in a row, are below Config.EscalateBelow. Until the new answer begins,
// nothing is sent. Then the first request is cancelled. The client gets
// Config.RestartText and then the other model's text, in events that the gateway
// writes: one stream, with one beginning and one end. In Messages the text goes to
// the open block; in Responses to the open message, or to another one. The records of
// the other answer count bytes and tokens from the beginning of all text, and their
// indices continue. The other answer has no p(0), and the envelope names its model.
//
// With Config.EscalateMode continue, the other model gets the text that was sent. Its
// own text follows that text without a note. Config.Continue says how the model is
// asked. The model gets the text without the white space at its end. If the model
// repeats that white space, it is not sent again. A confidence model judges the text
// of both models together. Statistics of log-probabilities cover only the tokens of
// the other model. The other model is asked for a new answer, as with restart, if the
// first answer is complete already, if no API or setting says how to continue it, or
// if the other model refuses to continue or fails.
//
// Config.EscalateShare and Config.Failure apply here, too: if the other model gives no answer,
// the first answer continues (open) or ends (closed). If the other model's answer breaks off,
// the client's stream breaks off, since text that was sent cannot be called back. The other
// answer's reasoning is not sent. The usage is the sum of the usage of both answers;
// for an answer that was cancelled, the tokens that came count. The mode hold applies
// instead if the request is not streamed, asks for JSON or log-probabilities, or has
// tools.
//
// # The gate
//
// With Handling.SkipAbove below 1, p(0), the confidence of the question alone, decides whether
// an answer is scored. If p(0) is above SkipAbove, the confidence model gets no
// further request, and the answer passes under every policy and failure policy.
// Withhold releases its text, warn adds nothing, and escalate asks no other model.
// Best-of and vote send the first answer that comes and cancel the others. The
// records of such an answer are p(0), the decision skip, faults and the end. The
// observer gets the status unavailable with the reason skipped.
//
// Until p(0) is known, the confidence model gets no other request. So the first
// confidences of an answer come later, by the time of one reply. If p(0) does not
// come, or is not calibrated, the answer is scored as without the gate. Only a
// confidence model gives a p(0).
//
// # Sampled continuations
//
// The estimates of a stream's later positions revise the estimate of an earlier one. With a
// fusion width w over 1 in Handling.Session, the gateway also samples w-1 other
// continuations from the upstream, for each position except the end. The stream
// itself is one of the w continuations. The confidence model judges each continuation
// as a whole answer, and package bci fuses the results. The continuations of a
// position are sampled once the position has its own estimate. The position stays
// provisional until its continuations have come; then its record is revised. Text never waits
// for continuations. The end of an answer waits for them as long as for the
// confidence model; then the fusion uses those that have come.
//
// Config.Continue says how the upstream is asked to continue an answer: the client's request
// is sent again, not streamed, at temperature 1, with the answer so far as the last message.
// A continuation that does not end within Config.RolloutTokens is left out. Config.RolloutBudget
// bounds the tokens of all continuations of one answer; earlier positions are sampled first. If
// the upstream fails, no more are sampled for that answer. Exchange.RolloutTokens and the
// scoring part of GET /finece/usage count their tokens; the usage in the answer does not.
//
// No continuations are sampled in these cases: plain answers; the policies escalate
// (hold), best-of and vote; requests for JSON or for several choices, or with tools;
// reasoning; Responses; /api/generate.
//
// # Messages
//
// Clients of Anthropic's Messages accept only the API's own events, in a fixed order. So the
// gateway adds no event for records. Under the carrier field, the upstream's next event carries
// them. The last records go with message_delta, or with message_stop if message_delta has other
// content. If the stream breaks off, or the core is lost, they go in a comment.
//
// The text of warn is a content_block_delta of the last block of text, whose
// content_block_stop waits for p(z). If that block has been closed, the warning gets
// its own block before message_delta.
//
// An answer that withhold or stop ends gets the content_block_stop of its open block, a
// message_delta and message_stop. The stop_reason comes from Config.FinishReason:
// content_filter is refusal, stop is end_turn, length is max_tokens. The usage is the
// last one that the upstream sent. A plain answer that is withheld has one block,
// with an empty text. A tool call that is stopped before any of its input came gets {
// as its input, as in Responses.
//
// Thinking is scored as reasoning. Its signature is never held. Tool calls,
// citations, redacted thinking and unknown types wait for p(z) under withhold. If
// output_config asks for a format, warn adds nothing.
//
// The API has no log-probabilities. A confidence model can score it; the positions of the
// built-in estimator are unavailable, for the reason no-logprobs.
//
// # Responses
//
// The events of a stream of Responses are numbered without gaps, and the last one repeats
// all text. So the gateway adds no event for records: they go with the next event, the last
// ones with the event that ends the response, such as response.completed. The event that ends
// the response waits for the last records as [DONE] does. If no event follows, the records go in
// a comment.
//
// The text of warn is an additional message, in six events before the last one. The
// last event gets another number, and its output contains the message. In a plain
// answer the text is appended to the last text of the output.
//
// An answer that withhold or stop ends gets the events that end its open parts and items, with
// the text that was sent. Then comes response.incomplete, with the same text in its
// output. The reason in its incomplete_details comes from Config.FinishReason:
// content_filter stays as it is, and length becomes max_output_tokens. With stop,
// response.completed comes instead of response.incomplete. The usage is null. The
// response has the members of the upstream's response that repeat the request. A
// plain answer that is withheld has one message, with an empty text.
//
// A tool call that is not complete when the answer is ended gets the status
// incomplete, and the output of the response leaves it out. If none of its arguments
// have come, the gateway sends { as its arguments, which is not valid JSON: some
// clients run a call without arguments even if it is incomplete.
//
// Under withhold, events that repeat text wait until that text is clear. Events at the end of a
// text wait for p(z), or until the next text is clear. Tool calls, annotations and unknown types
// wait for p(z). An answer to previous_response_id or in a conversation counts as one of several
// turns. A request with background is not scored: the client fetches its answer later, as a
// stored answer.
//
// # Ollama
//
// Ollama's own API is not below /v1. So if Config.Upstream ends in /v1, a request for
// /api/x goes to the upstream's address without /v1, followed by /api/x. An answer is
// a stream of lines of JSON, unless the request has "stream": false. Records are
// always the member finece of a line, since lines have no comments. If the upstream
// sends no line for a while, a line with an empty text carries them. The line with
// "done": true carries the last records and waits for them as [DONE] does. If
// withhold or stop ends an answer, the gateway writes such a line, with
// Config.FinishReason as its done_reason and without counts.
//
// Under withhold tool calls wait for p(z). Members that the gateway does not know pass with
// their line. A plain answer that is withheld has no member context, since that
// member is the text in tokens. A request with a context counts as one of several
// turns. The gateway does not serve Ollama's routes that change a server, such as
// /api/pull.
//
// # Stored answers
//
// An upstream may store answers and return them by GET /v1/responses/ID, /v1/chat/completions/ID
// or /v1/conversations/ID/items. A stored answer may be one that a policy has ended,
// and stored answers are not scored. If Config.Failure is open and Config.Key is not
// set, they pass, marked as unchecked for the reason stored. If Config.Key is set, or
// if the failure policy of Config or of a route for the path is closed, they are
// refused with status 403.
//
// # Questions
//
// The question is the text of the user's last message, without the system message and without
// results of tools. If there are several messages besides the system message, a confidence model
// whose card covers conversations is asked about all of them, as follow.Conversation describes.
// Config.ConversationTokens bounds the text of the messages other than the user's last one. Any
// other confidence model is asked about the user's last message alone. Its confidences then have
// conversation in source.outside and are not calibrated.
//
// # Log-probabilities
//
// If the estimator or the position strategy needs log-probabilities, the gateway asks the
// upstream for them, and removes those that the client did not ask for: logprobs becomes null,
// and in Responses an empty array. If the upstream refuses such a request with status 400 or
// 422, the gateway sends the client's own request, and the confidences that need
// log-probabilities are unavailable. For ten minutes, requests for that model on that path do
// not ask for log-probabilities.
//
// A client can begin the answer itself, with a last message of the assistant. A plain reply of
// llama.cpp's server repeats that text, without log-probabilities. It then has no positions.
//
// # Further answers
//
// With Config.Samples each scored request is sent to the upstream Samples.Number times at once.
// A client's seed is raised by one from answer to answer. At temperature 0 all answers are the
// same, so their agreement says nothing. The client sees the first answer and its usage. The
// confidence of p(z) is the share of the other answers that agree with the first; no other
// position has a confidence. The end of the first answer waits for the other answers
// as long as for a confidence model. Their tokens count as tokens of the confidence
// model. Config.Samples cannot be used with the policies stop, escalate, best-of and
// vote.
//
// # Handling by route
//
// Config.Handling says how answers are handled. Config.Routes are exceptions by path and by the
// model that the client asks for: the first [Route] that matches a request applies. Each route
// may have another policy, thresholds, failure policy and calibration. A request whose model
// cannot be read is refused if any route for its path has the failure policy closed.
//
// The upstream and the confidence model are the operator's settings. Nothing in a request, its
// headers or its path can name another server, so the gateway has no address from a client to
// check.
//
// # Failures
//
// FAULTS.md lists each fault, its effect, and its tests.
//
// An event over Config.MaxEvent is passed on in parts. It carries no records, and
// log-probabilities are not removed from it. Under the policy withhold it cannot be checked. A
// chunk whose JSON is split over several data lines carries no records either.
//
// The core is lost if its wasm module traps or fails. After that the gateway cannot tell where
// an event ends. After the last event that the core has read, the gateway sends the
// client a record that says so. The rest passes unchanged, with the log-probabilities
// that the gateway asked for.
//
// Config.Failure decides about answers that cannot be checked. Open lets them pass, marked as
// unchecked. Closed refuses them, and it also refuses a plain reply with status 200 that is an
// error. The bytes after the end of a stream are not checked: under the policy withhold they
// pass unchanged only if Failure is open and no choice was ended. Replies with a status other
// than 200 are not answers and always pass. Answers of routes that are not scored pass, except
// stored answers, unless Config.RefuseUnchecked is set.
//
// # Observing
//
// The gateway calls Config.Observe after each request for the API. The [Exchange] that it passes
// says which client asked, whether the answer was checked, the confidences, the decisions, and
// how long each part took. An Exchange contains no text, no key and no path, so it may be logged
// and counted. [Handler.Breaker] says whether the confidence model is asked.
//
// The gateway stores no labels (whether an answer was right). A label store can be an observer:
// an [Exchange] has the answer's positions. If labels contradict the calibration, Config.Drifted
// tells the gateway to mark confidences as not calibrated. They then have drift in
// source.outside.
package gateway
