// Package health is the command health. A container image without a shell or curl uses
// it to check its own server.
package health

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

const (
	address  = "http://127.0.0.1:8080/healthz"
	patience = 5 * time.Second
)

// New makes the command `finece health`.
func New() *cobra.Command {
	return &cobra.Command{
		Use:   "health [URL]",
		Short: "Ask a running serve for its health",
		Long: `health asks a running finece serve for its health, and waits at most 5 seconds. The exit
code is 0 if the server answers with status 200, 3 if it answers with another status,
and 4 if it does not answer.

The default URL is ` + address + `. The route /readyz also checks
the upstream and the confidence model; the address of --metrics-listen serves it
without TLS.`,
		Example: `  finece health
  finece health http://127.0.0.1:9090/readyz`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			url := address
			if len(args) == 1 {
				url = args[0]
			}
			return ask(cmd.Context(), url)
		},
	}
}

// ask returns nil if the server answers with status 200.
func ask(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return exit.With(exit.Usage, err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return exit.With(exit.IO, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return exit.With(exit.Unavailable, fmt.Errorf("%s: the server answers with status %s", url, answer.Status))
	}
	return nil
}
