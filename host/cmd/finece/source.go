package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

func isURL(target string) bool {
	return strings.HasPrefix(target, "http://") || strings.HasPrefix(target, "https://")
}

// readData reads the value of --data: JSON, or @ and the name of a file.
func readData(value string) ([]byte, error) {
	if value == "" {
		return nil, nil
	}
	body := []byte(value)
	if name, ok := strings.CutPrefix(value, "@"); ok {
		var err error
		if body, err = os.ReadFile(name); err != nil {
			return nil, failf(exitIO, "--data: %w", err)
		}
	}
	var o map[string]json.RawMessage
	if err := json.Unmarshal(body, &o); err != nil {
		return nil, usagef("--data: want a JSON object: %w", err)
	}
	if _, ok := o["stream"]; ok {
		return body, nil
	}
	o["stream"] = json.RawMessage("true")
	return json.Marshal(o)
}

// questionIn is the text of the last user message in a chat request, "" if
// there is none.
func questionIn(body []byte) string {
	var request struct {
		Messages []struct {
			Role    string          `json:"role"`
			Content json.RawMessage `json:"content"`
		} `json:"messages"`
	}
	if json.Unmarshal(body, &request) != nil {
		return ""
	}
	for i := len(request.Messages) - 1; i >= 0; i-- {
		if m := request.Messages[i]; m.Role == "user" {
			var text string
			if json.Unmarshal(m.Content, &text) == nil {
				return text
			}
			var parts []struct {
				Text string `json:"text"`
			}
			_ = json.Unmarshal(m.Content, &parts)
			for _, p := range parts {
				text += p.Text
			}
			return text
		}
	}
	return ""
}

// openTarget opens a file, standard input, or an address.
func openTarget(ctx context.Context, cmd *cobra.Command, target string, body []byte) (*input, error) {
	if !isURL(target) {
		return openInput(cmd, target)
	}
	address, err := url.Parse(target)
	if err != nil {
		return nil, usagef("%w", err)
	}
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, usagef("%w", err)
	}
	request.Header.Set("Accept", "text/event-stream, application/x-ndjson")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
		if key := os.Getenv("OPENAI_API_KEY"); key != "" {
			request.Header.Set("Authorization", "Bearer "+key)
		}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return nil, &exitError{code: exitInterrupted}
		}
		return nil, failf(exitIO, "%w; is the server running, and is this its address?", err)
	}
	name := address.Redacted()
	if response.StatusCode != http.StatusOK {
		defer response.Body.Close()
		said, _ := io.ReadAll(io.LimitReader(response.Body, 500))
		hint := ""
		if body != nil && response.StatusCode == http.StatusUnauthorized {
			hint = "; set the key in OPENAI_API_KEY"
		}
		return nil, failf(exitIO, "%s: HTTP %s: %s%s", name, response.Status, strings.Join(strings.Fields(string(said)), " "), hint)
	}
	return &input{Reader: response.Body, name: name, size: -1, closer: response.Body}, nil
}

// whatever reads what there is.
func whatever(r io.Reader) func() ([]byte, error) {
	return func() ([]byte, error) {
		buf := make([]byte, 32<<10)
		n, err := r.Read(buf)
		return buf[:n], err
	}
}

// pieces reads what belongs together in time: an event of a stream up to its
// blank line, a line of JSON, or a word of plain text.
func pieces(r io.Reader) func() ([]byte, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	var kind byte
	return func() ([]byte, error) {
		if kind == 0 {
			kind = kindOf(b)
		}
		switch kind {
		case 'e':
			return readEvent(b)
		case 'j':
			return readLine(b)
		}
		return readWord(b)
	}
}

// kindOf tells events, JSON lines and text apart by how they begin.
func kindOf(b *bufio.Reader) byte {
	head, _ := b.Peek(256)
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	if bytes.HasPrefix(head, []byte("{")) {
		return 'j'
	}
	for _, field := range []string{"data:", "event:", "id:", "retry:", ":"} {
		if bytes.HasPrefix(head, []byte(field)) {
			return 'e'
		}
	}
	return 'w'
}

// readLine reads a line, or as much of it as the buffer holds.
func readLine(b *bufio.Reader) ([]byte, error) {
	line, err := b.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		err = nil
	}
	return bytes.Clone(line), err
}

func readEvent(b *bufio.Reader) ([]byte, error) {
	var event []byte
	for {
		line, err := readLine(b)
		event = append(event, line...)
		if err != nil || len(bytes.TrimRight(line, "\r\n")) == 0 || len(event) > 64<<10 {
			return event, err
		}
	}
}

// readWord reads white space and the word behind it.
func readWord(b *bufio.Reader) ([]byte, error) {
	var word []byte
	for {
		c, err := b.ReadByte()
		if err != nil {
			return word, err
		}
		white := c == ' ' || c == '\n' || c == '\t' || c == '\r'
		if white && len(word) > 0 && !bytes.HasSuffix(word, []byte{c}) || len(word) >= 4<<10 {
			return word, b.UnreadByte()
		}
		word = append(word, c)
	}
}
