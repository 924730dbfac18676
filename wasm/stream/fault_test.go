package stream

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestFaultDetails has messages of providers that are not one line of valid text.
func TestFaultDetails(t *testing.T) {
	for _, c := range []struct{ name, message, want string }{
		{"control characters", "a\tb\r\nc\x00d\x7Fe", "a b  c d e"},
		{"no UTF-8", "a\xFF\xE2\x82b\xC3é", "abé"},
		{"many characters", strings.Repeat("é", 200), strings.Repeat("é", MaxDetail/2)},
		{"a character over the end", strings.Repeat("x", MaxDetail-1) + "é", strings.Repeat("x", MaxDetail-1)},
		{"nothing that can be shown", "\xFF\xFE", "no message"},
	} {
		t.Run(c.name, func(t *testing.T) {
			// In an event stream, the line ends of the message end data lines.
			if !strings.ContainsAny(c.message, "\r\n") {
				r := checkCuts(t, Options{}, []byte(sse(chatText)+"event: error\ndata: "+c.message+"\n\n"))
				if len(r.faults) != 1 || r.faults[0].Code != ProviderError || string(r.faults[0].Detail) != c.want {
					t.Errorf("in words: %s, want %q", r.calls, c.want)
				}
			}
			if !utf8.ValidString(c.message) {
				return
			}
			escaped := strings.NewReplacer("\t", `\t`, "\r", `\r`, "\n", `\n`, "\x00", `\u0000`).Replace(c.message)
			r := checkCuts(t, Options{}, []byte(`{"error":"`+escaped+`"}`))
			if len(r.faults) != 1 || string(r.faults[0].Detail) != c.want {
				t.Errorf("in JSON: %s, want %q", r.calls, c.want)
			}
		})
	}
}

func TestFaultNames(t *testing.T) {
	seen := map[string]bool{}
	for c := InvalidJSON; c <= InvalidFrame; c++ {
		seen[c.String()] = true
	}
	if len(seen) != int(InvalidFrame) || seen["unknown"] || (InvalidFrame+1).String() != "unknown" {
		t.Errorf("names %v", seen)
	}
}

// TestReasons has the words from the providers' documentation.
func TestReasons(t *testing.T) {
	for want, words := range map[Reason]string{
		Stop:          "stop end_turn stop_sequence eos_token EOS_TOKEN STOP COMPLETE STOP_SEQUENCE pause_turn completed",
		Length:        "length max_tokens model_length MAX_TOKENS max_output_tokens model_context_window_exceeded incomplete token_limit TOKEN_LIMIT ERROR_LIMIT",
		ContentFilter: "content_filter content_filtered guardrail_intervened SAFETY RECITATION BLOCKLIST PROHIBITED_CONTENT SPII IMAGE_SAFETY ERROR_TOXIC",
		ToolCalls:     "tool_calls function_call tool_use TOOL_CALL",
		Refused:       "refusal",
		Failed:        "error ERROR MALFORMED_FUNCTION_CALL insufficient_system_resource failed",
		Cancelled:     "abort cancelled USER_CANCEL",
		Other:         "LANGUAGE OTHER stop_ Stop unheard-of",
	} {
		for word := range strings.FieldsSeq(words) {
			if got := reasonOf([]byte(word)); got != want {
				t.Errorf("%s is read as %s, want %s", word, got, want)
			}
		}
	}
}

// TestAnErrorThatIsNoEvent: a server, or a proxy in front of it, answers a request with a JSON
// object that does not belong to the API.
func TestAnErrorThatIsNoEvent(t *testing.T) {
	for _, format := range []Format{OpenAIChat, OpenAICompletions, OpenAIResponses, Anthropic} {
		r := checkCuts(t, Options{Format: format}, []byte(`{"error":{"message":"overloaded","type":"server_error","code":503}}`))
		if len(r.faults) != 1 || r.faults[0].Code != ProviderError || string(r.faults[0].Detail) != "overloaded" {
			t.Errorf("%s: %s", format, r.calls)
		}
	}
}
