package follow

import "github.com/finece/finece/wasm/jsonscan"

// Question is the text of the last message of the user in the body of a request for a
// chat completion, and "" if there is none.
func Question(body []byte) string {
	s := &jsonscan.Scanner{}
	s.Reset(body)
	question := ""
	if s.EnterObject() {
		for s.NextKey() {
			if string(s.Key()) == "messages" {
				question, _ = Messages(s)
			} else {
				s.Skip()
			}
		}
	}
	return question
}

// Messages reads the messages of a chat request. It returns the text of the last message
// of the user, and how many messages are the user's. In the API Messages, the results of
// tools come in messages of the user; one that holds nothing else is none of the user's.
func Messages(s *jsonscan.Scanner) (question string, turns int) {
	if !s.EnterArray() {
		return "", 0
	}
	for s.NextElement() {
		user, text, results := false, "", false
		if !s.EnterObject() {
			continue
		}
		for s.NextKey() {
			switch string(s.Key()) {
			case "role":
				role, _ := s.Text()
				user = string(role) == "user"
			case "content":
				text, results = content(s)
			default:
				s.Skip()
			}
		}
		if user && (text != "" || !results) {
			question = text
			turns++
		}
	}
	return question, turns
}

// content is a message's text: a string, or the texts among its parts, joined by
// line ends. Parts without text are left out. results says that the result of a tool is
// among the parts.
func content(s *jsonscan.Scanner) (texts string, results bool) {
	if s.Kind() == jsonscan.String {
		text, _ := s.Text()
		return string(text), false
	}
	var all []byte
	if !s.EnterArray() {
		return "", false
	}
	for s.NextElement() {
		if s.Kind() == jsonscan.String {
			text, _ := s.Text()
			all = appendPart(all, text)
			continue
		}
		if !s.EnterObject() {
			continue
		}
		for s.NextKey() {
			switch string(s.Key()) {
			case "text":
				text, _ := s.Text()
				all = appendPart(all, text)
			case "type":
				kind, _ := s.Text()
				results = results || string(kind) == "tool_result"
			default:
				s.Skip()
			}
		}
	}
	return string(all), results
}

func appendPart(all, text []byte) []byte {
	if len(all) > 0 && len(text) > 0 {
		all = append(all, '\n')
	}
	return append(all, text...)
}
