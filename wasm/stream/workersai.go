package stream

import "github.com/finece/finece/position"

// workersAI reads a chunk of Cloudflare Workers AI's own stream. The last chunk has the usage
// and no text. The stream has no log-probabilities, no reason to stop, and only one choice.
func (r *reader) workersAI() {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	e := r.begin()
	for {
		switch s.NextField(keys) {
		case -1:
			r.end(e)
			return
		case kResponse:
			r.known = true
			text, _ := s.Text()
			r.add(position.Answer, text)
		case kToolCalls:
			r.toolCalls(e)
		case kUsage:
			r.readUsage()
		case kError:
			r.readError()
		default:
			s.Skip()
		}
	}
}
