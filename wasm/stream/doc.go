// Package stream decodes what a language model's server streams: bytes in,
// tokens out, with their log-probabilities where the provider sends them.
//
//	d, err := stream.New(stream.Options{}) // recognises the format
//	for {
//		n, err := body.Read(buf)
//		d.Write(buf[:n], handler)
//		...
//	}
//	d.End(handler)
//
// It does no I/O, starts no goroutine, and keeps only the text of the event in
// progress. No input makes it panic or stop. What is wrong in the input is
// reported as a [Fault], in the order of the stream.
//
// # Formats
//
// Each format is read as a stream, and as the whole response that a server sends
// without streaming:
//
//   - OpenAI chat completions, and the servers that copy them, with what they add
//     or change: Azure (chunks without choices, filter results), DeepSeek, Qwen
//     and xAI (reasoning_content), OpenRouter (comments, reasoning,
//     reasoning_details), spoken output (its transcript is the text), Mistral
//     (content in parts), Together, Writer and Perplexity (text beside the delta,
//     which does not count), Groq (x_groq), vLLM (several tokens in a chunk, errors
//     without an error field), SGLang (log-probabilities that repeat those
//     before are a fault), and the servers of llama.cpp, TGI and Ollama that speak it.
//   - OpenAI completions, with their arrays of log-probabilities.
//   - OpenAI Responses, of OpenAI, Azure, LM Studio and OpenRouter.
//   - Anthropic Messages.
//   - Gemini generateContent, of Gemini and Vertex AI.
//   - Ollama's /api/chat and /api/generate.
//   - Cohere chat, versions 1 and 2.
//   - Cloudflare Workers AI's own stream.
//   - TGI's own /generate_stream, and llama.cpp's own /completion.
//   - Amazon Bedrock's ConverseStream. The chunks of InvokeModelWithResponseStream
//     are read in the format of the model's maker.
//   - IBM watsonx's own generation_stream.
//   - Alibaba DashScope's own stream. If its second piece of text begins with the
//     first one, each event is taken to have all text so far.
//   - Replicate's stream, whose data is text and not JSON.
//   - Plain text.
//
// Inline tags such as <think> are text here; package position has a Splitter
// for them.
//
// # Framing
//
// The framing separates the events. There are four, and each format may come in
// any of the first three:
//
//   - An event stream, by the rules of the HTML standard; see [EventParser]. Beyond
//     the standard, an error in JSON between the events, without a field (Vertex
//     AI), and in a field named error (llama.cpp) is an event, too.
//   - AWS's binary event stream, with checked checksums.
//   - A sequence of JSON objects: one per line (NDJSON), pretty-printed, one after
//     the other, or as the elements of an array. A line break in a string, or an
//     opening brace at the start of the next line, shows that an object is broken;
//     it ends there.
//   - Plain text.
//
// The first bytes of the input decide which it is, after a byte order mark and
// white space: 1024 bytes at most.
//
//   - AWS's binary event stream begins with a length whose first byte is 0.
//   - JSON begins with a brace before a quote or brace, or with a bracket before a
//     brace or bracket.
//   - An event stream begins with its comments and fields, if data: is followed by
//     a brace or bracket. After an event: field, any data will do. A comment that
//     fills all 1024 bytes begins an event stream, too.
//   - <!doctype, <html and <?xml begin a document, which is not a stream.
//   - Anything else is plain text.
//
// Plain text that is JSON itself has to be announced: with [Options].Format set to
// [Text], all input is text. With any other format, input that looks like text is
// read as an event stream.
//
// # Recognising the format
//
// The first event that has the field names of a format decides for the whole
// stream. Events before it, such as Azure's without choices, are read for their
// usage and errors. [Decoder.Format] is [Auto] until then.
//
// # Tokens
//
// A [Token] that is Counted is exactly one of the provider's tokens: it came with
// a log-probability, or with null instead of one. Any other Token is a piece of
// text as the provider sent it, of any number of tokens.
//
// The text of an event with several tokens is divided among them: by the tokens'
// own texts if these make up the whole text, or else by their bytes. If neither
// does, the last token gets all of the text. A piece of text holds whole characters
// only. Of a character that takes several tokens, the last token gets the text and
// the others get none.
//
// Some servers list the token that ended the sequence or completed a stop sequence,
// although its text is not in the answer. It is left out when the choice ends for
// another reason than Length. So is a token that TGI calls special.
//
// The provider's fields tell reasoning, answer and refusal apart. Where one event
// has reasoning and answer, the reasoning comes first, whatever the order of the
// fields. Each piece of a tool call is a Token with Tool set and without text.
// Tokens of a tool call that come with log-probabilities are counted, also without
// text. Responses sends text again when a part, an item or the response is done;
// this is left out.
//
// # UTF-8
//
// Text is valid UTF-8. Bytes that are not UTF-8 become U+FFFD as in the WHATWG
// decoder: one for each longest beginning of a character, or else for each byte.
// Half of a surrogate pair in a JSON escape becomes U+FFFD, too. A byte order mark
// at the beginning of the input is left out.
//
// # Faults
//
// What the decoder does after each fault:
//
//	InvalidJSON     it skips the event
//	EventTooLarge   it skips the event
//	UnknownEvent    it skips the event, and reports no later ones
//	UnknownFormat   it skips the event, and reports no later ones; a later event of
//	                a known format is decoded. End reports this fault, too, if
//	                every event was too large or not JSON
//	InvalidUTF8     it writes U+FFFD, and reports no later bytes
//	TooManyChoices  it skips the choices from MaxChoices up, and reports no later
//	                ones
//	BadLogprobs     it counts no tokens from this event on; their text comes
//	ProviderError   every choice that has not finished finishes with Failed, or
//	                choice 0 if there was none; it ignores the rest of the input
//	NotAStream      it ignores the input
//	InvalidFrame    it skips the message, or all that follows if a length is wrong
//	Truncated       none: End reports it if a choice has not finished, or if there
//	                was neither a choice nor an end marker. It does not if no event
//	                was of a known format, and never for plain text
//
// In an event stream, an event of type error is a ProviderError, whether its data
// is JSON or words, unless the format has another meaning for it.
//
// # The end
//
// The end marker of a format ([DONE], message_stop, response.completed,
// message-end, "done":true) ends the stream: Usage comes if there were counts, and
// the remaining input is ignored. End does the same. Before that, End decodes a last
// event that lacks only its line end or its closing blank line, although the
// standard for event streams drops it. An incomplete character or event at the end
// is reported.
//
// # Limits
//
// An event may have [Options].MaxEvent bytes of payload. It may hold 1024 tokens,
// and one more for every 16 bytes of MaxEvent. The same holds for its choices and
// pieces of text. An event with many more is too large. A line of an event stream
// that is not data may have 1024 bytes; a longer one is ignored. JSON may be nested
// 512 deep.
//
// A Decoder uses a few times the size of the largest event. A hostile stream can
// push that to 40 times MaxEvent plus 512 KiB, and no further.
//
// # Cutting
//
// The calls do not depend on how the input is cut into Writes. The one exception is
// plain text: its pieces do depend on it, and their concatenation does not.
package stream
