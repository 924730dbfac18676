package stream

import "github.com/finece/finece/wasm/jsonscan"

// The names of fields, in all formats.
const (
	kChoices = iota + 1
	kDelta
	kContent
	kLogprobs
	kToken
	kLogprob
	kBytes
	kTopLogprobs
	kIndex
	kFinishReason
	kRefusal
	kText
	kMessage
	kRole
	kObject
	kUsage
	kError
	kType
	kReasoning
	kReasoningContent
	kThinking
	kToolCalls
	kFunctionCall
	kTokens
	kTokenLogprobs
	kPromptTokens
	kCompletionTokens
	kInputTokens
	kOutputTokens
	kReasoningTokens
	kCompletionTokensDetails
	kOutputTokensDetails
	kXGroq
	kResponse
	kOutput
	kStatus
	kIncompleteDetails
	kReason
	kSummary
	kPart
	kItem
	kContentBlock
	kPartialJSON
	kStopReason
	kCandidates
	kParts
	kThought
	kFunctionCallCamel
	kFinishReasonCamel
	kLogprobsResult
	kChosenCandidates
	kTopCandidates
	kLogProbability
	kPromptFeedback
	kBlockReason
	kUsageMetadata
	kPromptTokenCount
	kCandidatesTokenCount
	kThoughtsTokenCount
	kDone
	kDoneReason
	kPromptEvalCount
	kEvalCount
	kToolPlan
	kGeneratedText
	kDetails
	kGeneratedTokens
	kTopTokens
	kSpecial
	kStop
	kStopType
	kStoppedLimit
	kCompletionProbabilities
	kProbs
	kProb
	kTokStr
	kTopProbs
	kTokensPredicted
	kTokensEvaluated
	kDetail
	kCode
	kModelVersion
	kTotalTokens
	kReasoningDetails
	kTokenIDs
	kNativeFinishReason
	kMatchedStop
	kFilterResults
	kFilterOffsets
	kAudio
	kTranscript
	kContentBlockIndex
	kContentBlockStart
	kContentBlockDelta
	kContentBlockStop
	kMessageStart
	kMessageStop
	kMetadata
	kStart
	kStopReasonCamel
	kReasoningContentCamel
	kReasoningText
	kToolUse
	kInputTokensCamel
	kOutputTokensCamel
	kResults
	kGeneratedTokenCount
	kInputTokenCount
	kErrors
	kEventType
	kGenerationID
	kMeta
	kSignature
	kStopSequence

	// Only in Responses: see survey.
	kID
	kItemID
	kObfuscation
	kEncryptedContent
	kPhase
	kParam
	kOutputText
)

var keyNames = [...]string{
	kChoices: "choices", kDelta: "delta", kContent: "content", kLogprobs: "logprobs", kToken: "token",
	kLogprob: "logprob", kBytes: "bytes", kTopLogprobs: "top_logprobs", kIndex: "index",
	kFinishReason: "finish_reason", kRefusal: "refusal", kText: "text", kMessage: "message", kRole: "role",
	kObject: "object", kUsage: "usage", kError: "error", kType: "type", kReasoning: "reasoning",
	kReasoningContent: "reasoning_content", kThinking: "thinking", kToolCalls: "tool_calls",
	kFunctionCall: "function_call", kTokens: "tokens", kTokenLogprobs: "token_logprobs",
	kPromptTokens: "prompt_tokens", kCompletionTokens: "completion_tokens", kInputTokens: "input_tokens",
	kOutputTokens: "output_tokens", kReasoningTokens: "reasoning_tokens",
	kCompletionTokensDetails: "completion_tokens_details", kOutputTokensDetails: "output_tokens_details",
	kXGroq: "x_groq", kResponse: "response", kOutput: "output", kStatus: "status",
	kIncompleteDetails: "incomplete_details", kReason: "reason", kSummary: "summary", kPart: "part", kItem: "item",
	kContentBlock: "content_block", kPartialJSON: "partial_json", kStopReason: "stop_reason",
	kCandidates: "candidates", kParts: "parts", kThought: "thought", kFunctionCallCamel: "functionCall",
	kFinishReasonCamel: "finishReason", kLogprobsResult: "logprobsResult", kChosenCandidates: "chosenCandidates",
	kTopCandidates: "topCandidates", kLogProbability: "logProbability", kPromptFeedback: "promptFeedback",
	kBlockReason: "blockReason", kUsageMetadata: "usageMetadata", kPromptTokenCount: "promptTokenCount",
	kCandidatesTokenCount: "candidatesTokenCount", kThoughtsTokenCount: "thoughtsTokenCount", kDone: "done",
	kDoneReason: "done_reason", kPromptEvalCount: "prompt_eval_count", kEvalCount: "eval_count",
	kToolPlan: "tool_plan", kGeneratedText: "generated_text", kDetails: "details",
	kGeneratedTokens: "generated_tokens", kTopTokens: "top_tokens", kSpecial: "special", kStop: "stop",
	kStopType: "stop_type", kStoppedLimit: "stopped_limit", kCompletionProbabilities: "completion_probabilities",
	kProbs: "probs", kProb: "prob", kTokStr: "tok_str", kTopProbs: "top_probs", kTokensPredicted: "tokens_predicted",
	kTokensEvaluated: "tokens_evaluated", kDetail: "detail", kCode: "code", kModelVersion: "modelVersion",
	kTotalTokens: "total_tokens", kReasoningDetails: "reasoning_details", kTokenIDs: "token_ids",
	kNativeFinishReason: "native_finish_reason", kMatchedStop: "matched_stop",
	kFilterResults: "content_filter_results", kFilterOffsets: "content_filter_offsets", kAudio: "audio", kTranscript: "transcript",
	kContentBlockIndex: "contentBlockIndex", kContentBlockStart: "contentBlockStart",
	kContentBlockDelta: "contentBlockDelta", kContentBlockStop: "contentBlockStop", kMessageStart: "messageStart",
	kMessageStop: "messageStop", kMetadata: "metadata", kStart: "start", kStopReasonCamel: "stopReason",
	kReasoningContentCamel: "reasoningContent", kReasoningText: "reasoningText", kToolUse: "toolUse",
	kInputTokensCamel: "inputTokens", kOutputTokensCamel: "outputTokens", kResults: "results",
	kGeneratedTokenCount: "generated_token_count", kInputTokenCount: "input_token_count", kErrors: "errors",
	kEventType: "event_type", kGenerationID: "generation_id", kMeta: "meta", kSignature: "signature",
	kStopSequence: "stop_sequence", kID: "id", kItemID: "item_id", kObfuscation: "obfuscation",
	kEncryptedContent: "encrypted_content", kPhase: "phase", kParam: "param", kOutputText: "output_text",
}

var keys = jsonscan.NewKeys(keyNames[1:]...)

// reasonWords are the providers' words for reasons to stop, in the order of our reasons.
var reasonWords = [...]string{
	"stop", "end_turn", "stop_sequence", "eos_token", "EOS_TOKEN", "eos", "word", "STOP", "COMPLETE", "STOP_SEQUENCE", "pause_turn", "completed",
	"length", "max_tokens", "model_length", "MAX_TOKENS", "limit", "max_output_tokens", "model_context_window_exceeded", "incomplete",
	"token_limit", "TOKEN_LIMIT", "ERROR_LIMIT",
	"content_filter", "content_filtered", "guardrail_intervened", "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "ERROR_TOXIC",
	"tool_calls", "function_call", "tool_use", "TOOL_CALL",
	"refusal",
	"error", "ERROR", "MALFORMED_FUNCTION_CALL", "insufficient_system_resource", "failed",
	"abort", "cancelled", "USER_CANCEL",
}

// reasonEnds has, for each reason, the first word that belongs to the next reason.
var reasonEnds = [...]string{"length", "content_filter", "tool_calls", "refusal", "error", "abort", ""}

var reasonKeys = jsonscan.NewKeys(reasonWords[:]...)

// reasonOf returns the reason for a provider's word.
//
//go:noinline
func reasonOf(word []byte) Reason {
	n := reasonKeys.Find(word)
	if n == 0 {
		return Other
	}
	return reasonTable[n]
}

var reasonTable = func() (table [1 + len(reasonWords)]Reason) {
	reason := Stop
	for i, word := range reasonWords {
		if word == reasonEnds[reason] {
			reason++
		}
		table[i+1] = reason
	}
	return table
}()
