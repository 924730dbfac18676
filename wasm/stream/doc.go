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
// It does no I/O, starts no goroutine and keeps no text but that of the event
// in progress. Nothing in the input makes it panic or stop: what is wrong is a
// [Fault], in its place among the other calls.
//
// # Formats
//
// Each is read streamed, and as the whole response that is sent without
// streaming:
//
//   - OpenAI chat completions, and those who copy them, with what they add or
//     change: Azure (chunks without choices, filter results), DeepSeek, Qwen
//     and xAI (reasoning_content), OpenRouter (comments, reasoning), Mistral
//     (content in parts), Together, Writer and Perplexity (text beside the delta,
//     which does not count), Groq (x_groq), vLLM (several tokens in a chunk, errors
//     without an error field), SGLang (log-probabilities that repeat those
//     before are a fault), and the servers of llama.cpp, TGI and Ollama that speak it.
//   - OpenAI completions, with their arrays of log-probabilities.
//   - OpenAI Responses, of OpenAI, Azure, LM Studio and OpenRouter.
//   - Anthropic Messages.
//   - Gemini generateContent, of Gemini and Vertex AI.
//   - Ollama's /api/chat and /api/generate.
//   - Cohere chat, version 2.
//   - TGI's own /generate_stream, and llama.cpp's own /completion.
//   - Plain text.
//
// Inline tags such as <think> are text here; package position has a Splitter
// for them.
//
// # Framing
//
// Events are set apart in one of three ways, and any format comes in any of the
// first two:
//
//   - An event stream, by the rules of the HTML standard; see [EventParser].
//   - A sequence of JSON objects: one a line (NDJSON), pretty-printed, one
//     behind the other, or as the elements of an array. An object that a line
//     break in a string, or the next line's opening brace, shows to be broken
//     ends there.
//   - Plain text.
//
// The first bytes decide, 1024 at most, behind a byte order mark and white
// space. A brace with a quote or brace behind it, or a bracket with a brace or
// bracket, begins JSON. Comments and fields of an event stream begin one, if
// data: is followed by a brace or bracket, or by whatever it may be where event:
// came before; so does a comment that is longer than what decides. <!doctype, <html and <?xml begin a document, which is no stream.
// The rest is text. So text that is JSON itself has to be announced:
// [Options].Format as [Text] takes all input as text; any other format takes
// what looks like text as an event stream.
//
// # Recognising the format
//
// The first event with the field names of a format decides, for the rest of
// the stream. Events before it, such as Azure's of no choices, are read for
// their usage and errors. [Decoder.Format] is [Auto] until then.
//
// # Tokens
//
// A [Token] that is Counted is exactly one of the provider's: it came with a
// log-probability, or with null in its place. Any other is text of whatever
// length the provider sent at once, and says nothing of tokens.
//
// Where an event has several tokens, its text is divided among them by their
// own texts, or else by their bytes, if these make up the whole. A token that
// ends within a character ends before it, so that text is whole characters: of
// a character that takes several tokens, the last has the text and the others
// have none. Where the tokens' texts are not those of the text, the last token
// has all of it.
//
// Reasoning, answer and refusal are told apart by the provider's fields.
// Reasoning comes first where fields of one event have both, whatever their
// order. A tool call is a Token with Tool set for each piece of it, without its
// text; those of its tokens that come with log-probabilities count, without text
// too. In Responses, text that comes again when a part, an item or the response is
// done is left out too.
//
// # UTF-8
//
// Text is valid UTF-8. Bytes that are not become U+FFFD as the WHATWG decoder
// does it, one for each longest beginning of a character, else for each byte;
// half of a surrogate pair in a JSON escape does too. A byte order mark counts
// only at the beginning of the input, and is left out.
//
// # Faults
//
// What follows from each:
//
//	InvalidJSON     the event is skipped
//	EventTooLarge   the event is skipped
//	UnknownEvent    the event is skipped; later ones are not reported
//	UnknownFormat   the event is skipped; later ones are not reported, and one of
//	                a known format is decoded. It comes from End too, if all
//	                events were too large or no JSON
//	InvalidUTF8     the text has U+FFFD; later bytes are not reported
//	TooManyChoices  those from MaxChoices up are skipped; later ones are not
//	                reported
//	BadLogprobs     this event's tokens, and all later ones, are text that does
//	                not count
//	ProviderError   every choice that has not finished, or choice 0 if there was
//	                none, finishes with Failed; the rest of the input is ignored
//	NotAStream      the input is ignored
//	Truncated       comes from End, where a choice has not finished, or where
//	                there was neither a choice nor an end marker, unless no event
//	                was of a known format. Plain text is never truncated
//
// An event stream's event of type error is a ProviderError whatever its data
// is, JSON or words, unless the format knows it as something else.
//
// # The end
//
// The end marker of a format ([DONE], message_stop, response.completed,
// message-end, "done":true) ends the stream: what follows is ignored, and Usage
// comes if there were counts. End does the same. Before that, it takes an event
// that lacks nothing but its closing blank line or line end, which the standard
// for event streams would drop, and reports the beginning of a character, or of
// an event, that was left.
//
// # Limits
//
// An event may have [Options].MaxEvent bytes of payload. It may hold 1024 tokens,
// and one more for every 16 bytes of MaxEvent; likewise choices and pieces of
// text. With many more it counts as too large. Lines of an event stream that are
// no data may have 1024 bytes and are ignored beyond. JSON may be nested 512
// deep.
//
// A Decoder's memory stays under 40 times MaxEvent and 512 KiB, whatever the
// input is and however long. It takes that much only for an event that is made
// to fill it; otherwise it is a few times the largest event.
//
// # Cutting
//
// However the input is cut into Writes, the calls are the same. Only plain text
// is handed out in pieces that depend on it; joined, they are the same too.
package stream
