// Package gateway is the HTTP side of FineCE: one http.Handler between clients and
// a server with the API of OpenAI or of Anthropic. It scores answers on their way to the
// client. `finece serve` and the Worker (host/edge) serve this same handler. The
// handler opens no socket and no file: it is given its engine and its round tripper.
//
//	config := gateway.DefaultConfig()
//	config.Upstream, config.Engine, config.Failure = "https://api.openai.com/v1", engine, gateway.Open
//	handler, err := gateway.New(config)
//	...
//	err = http.ListenAndServe("127.0.0.1:8080", handler)
//
// # Routes
//
//	POST /v1/chat/completions  scored, streamed or not
//	POST /v1/completions       scored, streamed or not; the question is the prompt
//	POST /v1/messages          scored, streamed or not: Anthropic's Messages
//	POST /v1/responses         scored, streamed or not; not what runs in the background
//	POST /api/chat             scored, streamed or not: Ollama's own API
//	POST /api/generate         scored, streamed or not: the same; the question is the prompt
//	GET  /v1/models            passed on unchanged, with what is below it; also GET /api/tags
//	                           and GET /api/version
//	any  /v1/...               passed on unchanged, and marked as unchecked; refused
//	                           with status 403 if there is a Config.Key; see Stored answers
//	GET  /finece/usage         what the client that asks has used; see Limits
//	GET  /healthz              {"status":"ok"}
//
// Another spelling of a scored route, such as /v1//chat/completions, is scored
// under its own name. A completion with several prompts, with a prompt of token numbers or
// with echo is not scored. A path on whose meaning servers may disagree gets status 400.
//
// # Access
//
// Config.Key is the operator's. It replaces the client's credentials, and goes out
// with scored routes and GET /v1/models alone, so that no client reaches files,
// fine-tuning or the administration of the operator's account. It goes out as
// Authorization: Bearer KEY; with /v1/messages as X-Api-Key. A gateway with a key
// needs to know its clients (Config.Access). A client key comes as Authorization:
// Bearer KEY, X-Api-Key or X-FineCE-Key, and is not sent to the upstream. Without
// it the answer is 401 (finece-key). Without Config.Key, the client's own
// Authorization is sent to the upstream, unless it is a client key.
//
// A request for a Host that is not the server's, and a browser's request from a
// page of another origin, get status 403 (finece-host, finece-origin). The origins
// in Access.Origins get the CORS headers that they need.
//
// # Limits
//
// A client key may have limits (see [Limits], [ParseKeys]): requests a minute, requests
// under way at once, tokens a day. Over a limit the answer is 429 with Retry-After and
// the code finece-rate, finece-streams or finece-tokens. An answer that has begun is
// never cut: the tokens are checked before the next one. Config.Meter counts what each
// client uses, in memory, and GET /finece/usage tells a client its own counts:
//
//	{"name":"laptop","requests":12,"refused":1,"open":0,"tokens":5120,"today":310,
//	 "usage":{"prompt_tokens":900,"completion_tokens":5100},
//	 "scoring":{"model_tokens":4100,"rollout_tokens":0,"logprob_bytes":90500},"limits":{"rate":60,"tokens":200000}}
//
// tokens are those of answers; [Use] says how they are counted. usage is the sum of
// what the upstream reported. scoring is what the confidences have cost: tokens of the
// confidence model, as its server counts them, tokens of sampled continuations, and bytes of
// log-probabilities that the client did not ask for. Several gateways, and the isolates of a
// Worker, count each on its own.
//
// # A request's own policy
//
// A request may choose one of Handling.AllowPolicy, by the member finece of its body or by the
// header X-FineCE-Policy. If it has both, the member counts:
//
//	{"model":"...","messages":[...],"finece":{"policy":"warn"}}
//
// The policy off opts out: the answer passes without records, unchecked for the reason
// opted-out, whatever Handling.Failure is. With no-records the policy of the route stays. The
// answer then has no records, but it has the headers below. A scored request is sent to the
// upstream without the member and the header. A policy that is not allowed gets status 400
// (finece-policy), so that no client believes that a policy holds which does not. None is
// allowed by default.
//
// Handling.AllowPolicy holds for every client: no client key can be given more or less.
// Opting out has no limit of its own: a client may do so with each request. Such requests and
// their tokens count towards the client's limits, and the observer is told the reason opted-out.
//
// # What a client sees
//
// Response headers say what is checked, before anything else does:
//
//	X-FineCE-Status     checking    a stream: its records say what came of it
//	                    checked     a plain answer with a confidence for the whole of it
//	                    unavailable a plain answer without one; its records say why
//	                    unchecked   the answer was not scored
//	X-FineCE-Reason     why it is unchecked: surface (another route), stored, status,
//	                    content-type, encoding, not-json, no-choices (that can be
//	                    read), answer-too-large, engine, upstream, prompts, echo, choices,
//	                    background, opted-out, request-not-json, request-encoding,
//	                    request-too-large,
//	                    question-too-large (over 1 MiB, for a confidence model),
//	                    request (it took too long to arrive);
//	                    skipped: a plain answer that the gate did not score
//	X-FineCE-Policy     annotate, warn, withhold, stop, escalate, best-of or vote
//	X-FineCE-Threshold  of the policies that compare confidences with one
//	X-FineCE-Failure    open or closed
//	X-FineCE-Carrier    of a stream: field or comment
//	X-FineCE-Answers    of escalate, best-of and vote: how many answers were asked for
//	X-FineCE-Estimator  the built-in method, model, trajectory or samples
//	X-FineCE-Id         the gateway's own id of a scored answer, if there is a Config.Name
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
// The envelope is the top-level key finece of chunks or events (the carrier field) and of
// plain answers, or the payload of a comment line of the event stream, such as
// `: finece {...}` (the carrier comment). The id and the generator are the answer's
// own id and model.
//
// The records are confidence, decision, fault and end. A confidence replaces an
// earlier one with the same choice and index; where several are due at once, the
// last one is sent. Under Withhold faults have no detail, which could quote held
// text. Decisions are:
//
//	action   reason
//	end      low: a confidence is below the threshold, and the rest is not sent;
//	         otherwise why the rest cannot be checked, by failure policy closed
//	ask      low: the answer was below the threshold of escalate; this one is another model's,
//	         or the text from byte on is, which continues the answer
//	replace  low: the same of text that is out already. The text before byte no longer counts;
//	         a note and another model's answer follow it
//	cancel   low: confidences stayed below the threshold of the policy stop, and the rest is
//	         not generated
//	release  why text that was held was sent unchecked, by failure policy open; low under
//	         the policy warn: the answer was sent, with the warning after the text before byte
//	         highest or majority: why best-of and vote chose the answer; over-share,
//	         second-failed or too-late (its end was sent): why escalate sent an answer that is low
//	skip     core-lost: nothing from here on is scored, by failure policy open; high, of the
//	         policy gate: p(0) is above skip_above, and the rest is not scored
//
// Besides low, the reason is that of a confidence that is unavailable, or one of
// not-calibrated, not-scored, held-too-long, held-too-much, stream-failed, provider-error and
// core-lost. byte is how much of the answer's text was cleared, or sent, before.
//
// Errors of the gateway have the form of OpenAI's, with the type finece-error; below
// /v1/messages that of Anthropic's, with the type for the status and a key code. The code
// is one of: finece-key, finece-host, finece-origin, finece-path,
// finece-surface, finece-policy, finece-stored, finece-not-found, finece-method, finece-request, finece-prompts,
// finece-echo, finece-choices, finece-background, finece-request-encoding, finece-request-too-large,
// finece-question-too-large, finece-request-not-json,
// finece-unchecked, finece-upstream, finece-upstream-timeout, finece-rate,
// finece-streams, finece-tokens, finece-busy, finece-request-timeout.
//
// # Streams
//
// The gateway changes nothing but what it adds. A chunk that carries a finece key is
// otherwise the upstream's, byte for byte, and a stream without records is
// identical. If no chunk is due, an extra chunk with an empty delta carries the
// records. The last records go with the chunk of the finish_reason: that chunk waits
// for them if it has no text. Otherwise they go in an extra chunk, before [DONE] and
// never after it.
//
// The core reads each event once. It says where the event ends, what it holds and where
// its JSON can be extended (see stream.Frame); the gateway does not parse it again. An
// event is sent on when it is complete, in the pieces that the upstream's bytes come in.
//
// Under the policy annotate text never waits for the confidence model. At the end,
// [DONE] waits for it for Config.Settle at most. A breaker opens after several answers in a
// row whose last estimates failed or were late, after ten failed requests in a row, or when
// the median of the last replies took longer than the end of an answer waits. While it is
// open, the model is not asked and no answer waits. Every half minute the requests of one
// answer are sent, to see whether the model replies.
//
// Where the confidence model fails, the built-in estimator Session.Method stands in for it
// under annotate, if the stream has log-probabilities. While the breaker is open, the upstream
// is asked for them. Such confidences have the source logprob, are not integrated with others,
// and are calibrated by Session.FallbackCalibration alone.
//
// The policy warn waits as annotate does. If p(z) of a choice is below Config.WarnBelow, a chunk
// with Config.WarnText comes before the choice's finish_reason, which waits for p(z), and
// after it if the finish_reason comes in a chunk with text. In a plain answer the text is
// appended to the content. There is no warning if the client asked for JSON by
// response_format, or if p(z) is unavailable.
//
// Under the policy withhold, text is held until the fused confidence of the position
// after it is known. At or above the threshold the text is sent. Below it, the
// choice ends there with Config.FinishReason, and the stream ends with its last choice. A chunk is sent as a
// whole, so a chunk that a position cuts waits for the next position. A later
// revision does not call text back. p(0) stands for no text and withholds none.
// Anything of a choice that is not text, such as a tool call or an unknown member,
// waits for p(z). An event that the session cannot read, because it is not JSON or
// is too large, cannot be checked. An event with several choices, one of which has
// ended, ends the others. A plain answer is judged as a whole, by p(z).
//
// The policy stop holds nothing. When the confidences of a choice are below the threshold
// at Config.StopAfter positions in a row, the choice ends after the event that shows it,
// with Config.FinishReason. When no choice is left, the request to the upstream is
// cancelled, so that the rest is neither generated nor billed. Later revisions of a
// position do not count. Plain answers are whole when they come, so stop only annotates them.
//
// The policies escalate, best-of and vote ask for several answers to a request and send
// one. Each is scored as any answer, in memory, and nothing is sent before the choice.
// Token counts that the client sees are the sums of all answers. A client's seed (of Ollama,
// options.seed) is raised by one from answer to answer. Requests for several choices are not scored.
//
//	escalate  if p(z) is below Config.EscalateBelow, Config.EscalateModel is asked, for
//	          Config.EscalateShare of the requests at most. If it fails, or p(z) cannot be
//	          acted on, Config.Failure decides about the first answer.
//	best-of   the answer with the highest p(z) of Config.Answers; an answer without one
//	          is sent if there is no other
//	vote      final answers that are equal add up their p(z) (CISC); of the side with the
//	          most, the answer with the highest p(z) is sent. Once the answers under way
//	          cannot change the result, they are cancelled.
//
// # Escalation while text is out
//
// With Config.EscalateMode restart, text of a stream is sent as it comes. If the confidences of
// Config.StopAfter positions in a row are below Config.EscalateBelow, or p(z) is, the other model
// is asked anew. While it is asked, nothing is sent. Then the first request is cancelled.
// Config.RestartText follows the text that is out, and the other model's text follows that, in
// events of the gateway's own: one stream, with one beginning and one end. In Messages the text
// goes to the open block; in Responses to the open message, or to another one. The records of
// the other answer count bytes and tokens from the beginning of all text, and their indices
// continue. The other answer has no p(0), and the envelope names its model.
//
// With Config.EscalateMode continue, the other model is given the text that is out, and its own
// text follows that without a note. Config.Continue says how it is asked; it is given the text
// without the white space at its end, and what it repeats of that is not sent again. A
// confidence model judges the whole answer, of both models. Statistics are those of the other
// model's own tokens. If the answer is whole already, if no API or setting says how to continue the
// answer, or if the other model refuses or fails, it is asked anew, as with restart.
//
// The share and the failure policy are those of escalate: where the other model gives no answer,
// the first one continues or ends. Text that is out cannot be called back, so an answer that
// breaks off after the note breaks the stream off. The other answer's reasoning is not sent. The
// usage is the sum of what the upstream has said; an answer that was cancelled counts the tokens
// that came. An answer is held instead, as by default, if the request asks for JSON or for
// log-probabilities or has tools, and if it is not streamed.
//
// # The gate
//
// With Handling.SkipAbove below 1, p(0) decides whether an answer is scored: if the
// confidence of the question alone is above it, the confidence model is asked nothing more,
// and the answer passes, whatever the policy and Handling.Failure are. Withhold releases its
// text, warn adds nothing, escalate asks no other model; of best-of and vote the first answer
// to come is sent, and the others are cancelled. The records of such an answer are p(0), the
// decision skip, faults and the end. The observer calls it unavailable, for the reason skipped.
//
// Until p(0) is known, nothing else is asked, so that the first confidences of an answer come
// one reply later. If p(0) does not come, or is no probability, the answer is scored, and
// Handling.Failure applies as it does without the gate. Only a confidence model has a p(0).
//
// # Sampled continuations
//
// A position's estimate is revised by those of the stream's own later positions. With a fusion
// width w over 1 in Handling.Session, w-1 other continuations of each position but the end are
// sampled from the upstream: the stream itself is one of the w. The confidence model is asked
// about each as about a whole answer, and package bci fuses them. A position is sampled once it
// has its own estimate. It is provisional until its continuations have come, and its records
// are revised then. Text never waits for them. The end of an answer waits as long as it waits
// for the confidence model; then the fusion uses those that have come.
//
// Config.Continue says how the upstream is asked to continue an answer: the client's request
// is sent again, not streamed, at temperature 1, with the answer so far as the last message.
// A continuation that does not end within Config.RolloutTokens is left out. Config.RolloutBudget
// bounds those of one answer, the earlier positions first. If the upstream fails, no more are
// sampled for that answer. Exchange.RolloutTokens and the scoring of a client's usage count what
// they have cost; the usage that the client sees does not.
//
// Nothing is sampled for plain answers, for the answers of contests, for requests for JSON, for
// several choices or with tools, for reasoning, in Responses and in /api/generate.
//
// # Messages
//
// Clients of Anthropic's Messages know no other events than the API's, in a fixed order. So
// the gateway adds no event for records: under the carrier field they go with the upstream's
// next event, the last ones with message_delta, or with message_stop if message_delta holds
// other content. If the stream breaks off, or the core is lost, they go in a comment.
//
// The text of warn is a content_block_delta of the last block of text, whose
// content_block_stop waits for p(z). If that block has been closed, the text is a block of its
// own before message_delta.
//
// An answer that withhold or stop ends gets the content_block_stop of its open block, a
// message_delta and message_stop. The stop_reason comes from Config.FinishReason:
// content_filter is refusal, stop is end_turn, length is max_tokens. The usage is what the
// upstream has said so far. A plain answer that is withheld has one block, with an empty text.
// A tool call that is stopped before any of its input gets { as its input, as in Responses.
//
// Thinking is scored as reasoning is; its signature is not held. Tool calls, citations,
// redacted thinking and unknown types wait for p(z) under withhold. If output_config asks for
// a format, warn adds nothing.
//
// The API has no log-probabilities. A confidence model can score it; the positions of the
// built-in estimator are unavailable, for the reason no-logprobs.
//
// # Responses
//
// The events of a stream of Responses are numbered without gaps, and the last one repeats
// all text. So the gateway adds no event for records: they go with the next event, the last
// ones with the event that ends the response, such as response.completed. That event waits
// for the last records as [DONE] does. If no event follows, the records go in a comment.
//
// The text of warn is a message of its own: six events before the last one, which gets
// another number and has the message in its output. In a plain answer the text is
// appended to the last text of the output.
//
// An answer that withhold or stop ends gets the events that end its open parts and items, with
// the text that was sent, and response.incomplete, whose output has the same text. The
// reason in its incomplete_details comes from Config.FinishReason: content_filter stays as it
// is, length is max_output_tokens; stop gives response.completed instead. The usage is null. Of
// the upstream's response it has the members that repeat the request. A plain answer that is
// withheld has one message, with an empty text.
//
// A tool call that is not done then is ended with the status incomplete, and is not in the
// output of the response. If none of its arguments have come, they are {, which is no JSON:
// some clients run a call without arguments, whatever its status.
//
// Under withhold, events that repeat text wait until it is clear. Those at the end of a text
// wait for p(z), or until the next text is clear. Tool calls, annotations and unknown types
// wait for p(z). An answer to previous_response_id or in a conversation counts as one of
// several turns. A request with background is not scored: its answer is fetched later, as a
// stored one.
//
// # Ollama
//
// Where Config.Upstream ends in /v1, Ollama's own API is beside that: /api/x goes to Upstream
// without /v1, followed by /api/x. An answer is a stream of lines of JSON, unless the request
// has "stream": false. Records are the member finece of a line, whatever Config.Carrier is: lines
// have no comments. If no line is due, a line with an empty text carries them. The last records
// go with the line that has done, which waits for them as [DONE] does. An answer that withhold
// or stop ends gets such a line, with Config.FinishReason as its done_reason and without counts.
//
// Under withhold tool calls wait for p(z). Members that Ollama does not have today pass with
// their line. The context of a plain answer that is withheld is left out, since it is the text
// in tokens; a request with one counts as one of several turns. Ollama's routes that change a
// server, such as /api/pull, are not served.
//
// # Stored answers
//
// An upstream may store answers and return them by GET /v1/responses/ID, from
// /v1/chat/completions/ID or from /v1/conversations/ID/items: also those that a policy has
// ended. They are not scored. If Config.Failure is open and there is no Config.Key, they pass,
// marked as unchecked for the reason stored. If there is a key, or the failure policy is
// closed, also by a route of the path, they are refused with status 403.
//
// # Questions
//
// The question is the text of the user's last message, without the system's and without
// results of tools. If there are several messages beside the system's, a confidence model
// whose card covers conversations is asked about all of them, as follow.Conversation says.
// Config.ConversationTokens bounds the text of the messages other than the user's last one.
// Any other confidence model is asked about the user's last message alone. Its confidences
// then have conversation in source.outside and are not calibrated.
//
// # Log-probabilities
//
// If the estimator or the strategy needs log-probabilities, the gateway asks the
// upstream for them, and removes what the client did not ask for: logprobs becomes
// null, and in Responses an empty array. If the upstream refuses such a request with status
// 400 or 422, it is sent the client's own request, and what needs log-probabilities is
// unavailable. For ten minutes, requests for that model on that path are then sent without.
//
// # Further answers
//
// With Config.Samples each scored request is sent to the upstream again, as often as that
// says, at the same time as the first. A client's seed is raised by one from answer to answer;
// at temperature 0 all answers are the same and say nothing. The client sees the first answer
// and its usage. Its confidence is how many of the others agree with it, and only p(z) has one.
// The end of an answer waits for the others as for a confidence model. Their tokens count as
// those of scoring. The policies stop, escalate, best-of and vote do not go with it.
//
// # Handling by route
//
// Config.Handling says how answers are handled. Config.Routes make exceptions by path and by
// the model that the client asks for: the first [Route] that matches says how the answer is
// handled. Each may have another policy, thresholds, failure policy and calibration. A
// request whose model cannot be read is refused if any route of its path has the failure
// policy closed.
//
// No client names an endpoint: the upstream and the confidence model are the operator's
// settings, and nothing in a request, its headers or its path leads anywhere else. So the
// gateway has no address from a client to check.
//
// # Failures
//
// FAULTS.md lists what can fail, what comes of it, and the tests of that.
//
// An event over Config.MaxEvent is passed on in parts: it carries no records, and
// nothing is removed from it. Under the policy withhold it cannot be checked. A chunk
// whose JSON stands in several data lines carries no records either.
//
// If the core is lost, nothing says any more where an event ends. The client is told at
// the end of the last event that the core has read, and the rest passes unchanged: with
// the log-probabilities that the gateway has asked for.
//
// Config.Failure decides about answers that cannot be checked. Open lets them pass
// and says so. Closed does not; of a plain answer, not even an error that comes with
// status 200. The bytes after the end of a stream are not checked either: under the
// policy withhold they pass unchanged if Failure is open and no choice was ended.
// Replies with another status are not answers and pass in both cases. So
// do all other routes but stored answers, unless Config.RefuseUnchecked is set.
//
// # Observing
//
// Config.Observe is told what became of each request for the API: who asked, what was
// checked, with which confidence, what was decided, and how long each part took. An
// [Exchange] has no text, no key and no path in it, so that it may be logged and counted.
// [Handler.Breaker] says whether the confidence model is asked.
//
// The gateway keeps no labels of answers. A store of them is an observer, which finds an
// answer's positions in its [Exchange]. When labels contradict the calibration, Config.Drifted
// tells the gateway to call confidences uncalibrated. They then have drift in source.outside.
package gateway
