package stream

// recognise returns the format of a payload, or Auto if it is not recognised.
func (r *reader) recognise() Format {
	s := &r.scanner
	if !s.EnterObject() {
		return Auto
	}
	var has [len(keyNames)]bool
	var object, kind []byte
	choices := Auto
	message, response, content, tokenObject := false, false, false, false
	output := Auto
	for {
		n := s.NextField(keys)
		if n < 0 {
			break
		}
		switch {
		case n == 0:
			s.Skip()
			continue
		case n == kChoices:
			choices = r.recogniseChoices()
		case n == kObject:
			object, _ = s.Text()
		case n == kType:
			kind, _ = s.Text()
		case n == kMessage:
			message = r.isObject()
			s.Skip()
		case n == kResponse:
			_, response = s.Text()
		case n == kContent:
			_, content = s.Text()
		case n == kToken:
			tokenObject = r.isObject()
			s.Skip()
		case n == kOutput:
			output = r.recogniseOutput()
		default:
			s.Skip()
		}
		has[n] = true
	}
	switch {
	case has[kChoices]:
		if choices == Auto && len(object) >= 4 && is(object[:4], "chat") {
			return OpenAIChat
		}
		return choices
	case has[kCandidates] || has[kPromptFeedback] || has[kUsageMetadata]:
		return Gemini
	case is(object, "response") || len(kind) > 9 && is(kind[:9], "response."):
		return OpenAIResponses
	case anthropicTypes.Find(kind) != 0 && !is(kind, "error"):
		return Anthropic
	case output != Auto && (output != Replicate || has[kStatus]):
		return output
	case has[kContentBlockIndex] || has[kStopReasonCamel] || has[kContentBlockDelta] || has[kContentBlockStart] || has[kMessageStart] || has[kMessageStop]:
		return Bedrock
	case has[kEventType] || has[kGenerationID] && has[kText]:
		return CohereV1
	case has[kResults]:
		return WatsonX
	case len(kind) > 0 && cohereType(kind) || message && has[kFinishReason]:
		return Cohere
	case has[kDone] && (message || response):
		return Ollama
	case response:
		return WorkersAI
	case tokenObject || has[kGeneratedText]:
		return TGI
	case content && has[kStop]:
		return LlamaCPP
	}
	return Auto
}

// recogniseOutput returns the format by the value of a member named output.
//
//go:noinline
func (r *reader) recogniseOutput() Format {
	s := &r.scanner
	if !r.isObject() {
		found := Auto
		if text, ok := r.textOrArray(); !ok {
			for s.NextElement() {
				if _, ok := s.Text(); ok {
					found = Replicate
				}
			}
		} else if text != nil {
			found = Replicate
		}
		return found
	}
	found := Auto
	s.EnterObject()
	for n := s.NextField(keys); n >= 0; n = s.NextField(keys) {
		switch n {
		case kMessage:
			found = Bedrock
		case kChoices, kText, kFinishReason:
			found = DashScope
		}
		s.Skip()
	}
	return found
}

func (r *reader) recogniseChoices() Format {
	s := &r.scanner
	found := Auto
	if !s.EnterArray() {
		return found
	}
	for s.NextElement() {
		if !s.EnterObject() {
			continue
		}
		for n := s.NextField(keys); n >= 0; n = s.NextField(keys) {
			switch {
			case n == kDelta || n == kMessage:
				found = OpenAIChat
			case n == kText && found == Auto:
				found = OpenAICompletions
			}
			s.Skip()
		}
	}
	return found
}

// cohereType reports whether an event's type is one of Cohere's. These have hyphens.
func cohereType(kind []byte) bool {
	for _, name := range [...]string{"message-", "content-", "tool-", "citation-"} {
		if len(kind) > len(name) && is(kind[:len(name)], name) {
			return true
		}
	}
	return false
}

// unknown reads a payload whose format was not recognised. It may be an error in one of the
// usual forms, or a chunk of OpenAI without choices.
func (r *reader) unknown() {
	s := &r.scanner
	if r.isArray() { // Vertex AI's errors
		s.EnterArray()
		for s.NextElement() {
			r.unknownObject()
		}
		return
	}
	r.unknownObject()
}

func (r *reader) unknownObject() {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	var message []byte
	errorType := false
	for {
		switch s.NextField(keys) {
		case -1:
			if !r.known && len(message) > 0 || errorType && !r.failed {
				r.setError(message)
			}
			return
		case kError:
			r.readError()
		case kErrors:
			r.readErrors()
		case kType, kObject:
			name, _ := s.Text()
			errorType = errorType || is(name, "error")
		case kMessage, kDetail:
			if text, ok := s.Text(); ok {
				message = text
			}
		case kChoices:
			if r.enterChoices() {
				for s.NextElement() {
					r.empty = false
					s.Skip()
				}
			}
		case kUsage:
			r.readUsage()
		default:
			s.Skip()
		}
	}
}
