package watch

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
)

// readData reads the value of --data: JSON, or @ and the name of a file.
func readData(value string) ([]byte, error) {
	if value == "" {
		return nil, nil
	}
	body := []byte(value)
	if name, ok := strings.CutPrefix(value, "@"); ok {
		var err error
		if body, err = os.ReadFile(name); err != nil {
			return nil, exit.Errorf(exit.IO, "--data: %w", err)
		}
	}
	var o map[string]json.RawMessage
	if err := json.Unmarshal(body, &o); err != nil {
		return nil, exit.Usagef("--data: want a JSON object: %w", err)
	}
	if _, ok := o["stream"]; ok {
		return body, nil
	}
	o["stream"] = json.RawMessage("true")
	return json.Marshal(o)
}

// openTarget opens a file, standard input, or an address.
func openTarget(ctx context.Context, cmd *cobra.Command, target string, body []byte) (*input.Input, error) {
	if !settings.IsURL(target) {
		return input.Open(cmd, target)
	}
	address, err := url.Parse(target)
	if err != nil {
		return nil, exit.Usagef("%w", err)
	}
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, exit.Usagef("%w", err)
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
			return nil, exit.Silently(exit.Interrupted)
		}
		return nil, exit.Errorf(exit.IO, "%w; is the server running, and is this its address?", err)
	}
	name := address.Redacted()
	if response.StatusCode != http.StatusOK {
		defer response.Body.Close()
		said, _ := io.ReadAll(io.LimitReader(response.Body, 500))
		hint := ""
		if body != nil && response.StatusCode == http.StatusUnauthorized {
			hint = "; set the key in OPENAI_API_KEY"
		}
		return nil, exit.Errorf(exit.IO, "%s: HTTP %s: %s%s", name, response.Status, strings.Join(strings.Fields(string(said)), " "), hint)
	}
	return &input.Input{Reader: response.Body, Name: name, Size: -1, Closer: response.Body}, nil
}
