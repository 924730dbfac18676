// Package stream decodes the streams of language models' servers. Bytes go in. Tokens come
// out, with their log-probabilities if the provider sends them.
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
// progress. No input makes it panic or hang. An error in the input is reported as a [Fault], in
// the order of the stream.
//
// # Formats
//
// Each format is read as a stream, and as the whole response that a server sends
// without streaming:
//
//   - OpenAI chat completions, and the many servers that have the same API. Some servers add
//     or change fields, which are read as well: Azure (chunks without choices, filter
//     results), DeepSeek, Qwen and xAI (reasoning_content), OpenRouter (comments, reasoning,
//     reasoning_details), Mistral (content in parts), Groq (x_groq), vLLM (several tokens in a
//     chunk, errors without an error field). The text of spoken output is its transcript.
//     Together, Writer and Perplexity send text both in the delta and outside it; only the
//     delta counts. If SGLang repeats earlier log-probabilities, the decoder reports
//     a fault.
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
//   - Alibaba DashScope's own stream. If its second piece of text begins with the first one,
//     the decoder assumes that each event has all text so far.
//   - Replicate's stream. Its data are text, not JSON.
//   - Plain text.
//
// Inline tags such as <think> are part of the text here; package position has a Splitter
// for them.
//
// # Framing
//
// The framing separates the events. There are four framings. Each format may have any of the
// first three:
//
//   - An event stream, by the rules of the HTML standard; see [EventParser]. Two kinds of
//     errors are events here although the standard does not say so: JSON between the events,
//     without a field (Vertex AI), and a field named error (llama.cpp).
//   - AWS's binary event stream, with checked checksums.
//   - A sequence of JSON objects: one per line (NDJSON), pretty-printed, one after
//     the other, or as the elements of an array. A line break in a string, or an
//     opening brace at the start of the next line, shows that an object is broken.
//     The object ends there.
//   - Plain text.
//
// The first bytes of the input, at most 1024, decide the framing. A byte order mark and
// white space at the beginning are skipped.
//
//   - AWS's binary event stream begins with a length whose first byte is 0.
//   - JSON begins with an opening brace and then a quote or a closing brace, or with an
//     opening bracket and then an opening brace or a closing bracket.
//   - An event stream begins with comments and fields. The value of its first data: field
//     begins with a brace or a bracket. After an event: field, the data may be anything. If a
//     comment fills all 1024 bytes, the input is an event stream, too.
//   - <!doctype, <html and <?xml begin a document, which is not a stream.
//   - Anything else is plain text.
//
// If plain text may look like JSON, set [Options].Format to [Text]: then all input is text. If
// Options names another format, or sets Frames, input that looks like text is read as an event
// stream.
//
// # Recognising the format
//
// The first event that has the field names of a format decides for the whole
// stream. Events before it, such as Azure's without choices, are read for their
// usage and errors. [Decoder.Format] is [Auto] until then.
//
// # Tokens
//
// A [Token] that is Counted is exactly one of the provider's tokens: it has a
// log-probability, or null instead of one. Any other Token is a piece of text as the provider
// sent it, of any number of tokens.
//
// If an event has several tokens, its text is divided among them. The decoder uses
// the tokens' own texts if these make up the whole text, and otherwise the tokens'
// bytes if those do. In any other case the last token gets all of the text. A piece
// of text always has whole characters. If a character takes several tokens, the last
// token gets the character and the others get no text.
//
// Some servers list the token that ended the sequence or completed a stop sequence, although
// its text is not in the answer. This token is left out if the choice ends for any reason but
// Length. A token that TGI marks as special is left out, too.
//
// The provider's fields separate reasoning, answer and refusal. If one event has reasoning and
// answer, the reasoning comes first, whatever the order of the fields. Each piece of a tool
// call is a Token with Tool set and without text. Tokens of a tool call with log-probabilities
// are counted, also without text. Responses repeats text when a part, an item or the response
// is done. The repeated text is left out.
//
// # UTF-8
//
// Text is valid UTF-8. Bytes that are not UTF-8 become U+FFFD by the rules of the WHATWG
// decoder. An incomplete character becomes one U+FFFD, and so does every other invalid byte.
// Half of a surrogate pair in a JSON escape becomes U+FFFD, too. A byte order mark at the
// beginning of the input is left out.
//
// # Faults
//
// After each fault, the decoder continues like this:
//
//	InvalidJSON     it skips the event
//	EventTooLarge   it skips the event
//	UnknownEvent    it skips the event, and reports no later ones
//	UnknownFormat   it skips the event, and reports no later ones; a later event of
//	                a known format is decoded. End reports this fault, too, if
//	                every event was too large or not JSON
//	InvalidUTF8     it writes U+FFFD, and reports no later invalid bytes
//	TooManyChoices  it skips the choices from number MaxChoices on, and reports no
//	                later ones
//	BadLogprobs     it counts no tokens from this event on; it still emits their text
//	ProviderError   every choice that has not finished finishes with Failed, or
//	                choice 0 if there was none; it ignores the rest of the input
//	NotAStream      it ignores the input
//	InvalidFrame    it skips the message, or all later input if a length is wrong
//	Truncated       the stream is over: End reports this fault if a choice has not
//	                finished, or if there was neither a choice nor an end marker. End
//	                does not report it for plain text, or if no event was of a known
//	                format
//
// In an event stream, an event of type error is a ProviderError, whether its data are JSON or
// words. Formats in which that type has another meaning are an exception.
//
// # The end
//
// The end marker of a format ([DONE], message_stop, response.completed, message-end,
// "done":true) ends the stream. [Handler.Usage] is then called if the provider sent
// counts, and the remaining input is ignored. End does the same. Before that, End
// decodes the last event even if its line end or its closing blank line is missing;
// the standard for event streams would drop it. An incomplete character or event at
// the end is reported.
//
// # Limits
//
// An event may have [Options].MaxEvent bytes of payload. It may have 1024 tokens, and one more
// for every 16 bytes of MaxEvent. The same limits are for its choices and its pieces of text.
// An event with many more is too large. A line of an event stream that is not data may have
// 1024 bytes; a longer one is ignored. JSON may be nested 512 deep.
//
// A Decoder uses a few times the size of the largest event. A hostile stream can
// push that to at most 40 times MaxEvent plus 512 KiB.
//
// # Cutting
//
// The calls of the handler do not depend on how the input is cut into Writes. Plain text is an
// exception: its pieces depend on the cuts, but their concatenation does not.
package stream
