// Package keys makes the client keys of finece serve and reads files of them.
//
// A file has one line per key: the key's name, sha256: with its hash, and the limits of its
// client, separated by spaces. The key itself is printed only once, when it is made. Delete its
// line to revoke it.
package keys

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/gateway"
)

// Prefix starts every key, so that people and secret scanners recognise one.
const Prefix = "finece-"

const keyLong = `key manages the client keys of finece serve. A client sends its key in the header
Authorization: Bearer KEY, or in X-FineCE-Key or X-Api-Key.

A file of keys has one line for each key: its name, its hash, and its limits, if any:
  laptop sha256:5f3c...
  ci     sha256:91ab... rate=60/min streams=4 tokens=200000/day

  rate     requests a minute
  streams  requests under way at once
  tokens   tokens of answers a day, which begins at midnight UTC: what the gateway
           counts, or the completion tokens of the upstream's usage if those are more

A request over a limit gets status 429 with Retry-After and the code finece-rate,
finece-streams or finece-tokens. GET /finece/usage tells a client its counts. The counts
are in memory, and start again at 0 when serve starts.`

const newLong = `new makes a client key, prints it, and adds a line with its name and its SHA-256 hash to
FILE. The key is shown only once, because only its hash is stored. FILE is created if it
does not exist. To change a key's limits, edit its line; to revoke the key, delete the
line. Then restart serve, or send it SIGHUP.

The Cloudflare Worker takes the same lines as the secret FINECE_KEYS.`

const newExample = `  finece key new keys.txt
  finece key new --name laptop keys.txt
  finece key new --name ci --rate 60 --streams 4 --tokens 200000 keys.txt
  finece serve --upstream https://api.openai.com/v1 --keys keys.txt`

// New makes the command `finece key`.
func New() *cobra.Command {
	key := &cobra.Command{
		Use:     "key",
		Short:   "Make client keys for serve",
		Long:    keyLong,
		Example: newExample,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var name string
	var limits gateway.Limits
	add := &cobra.Command{
		Use:     "new [flags] FILE",
		Short:   "Make a client key and add its hash to a file",
		Long:    newLong,
		Example: newExample,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return exit.Usagef("key new needs the file that the key's hash is added to, such as: finece key new keys.txt")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if limits.Rate < 0 || limits.Streams < 0 || limits.Tokens < 0 {
				return exit.Usagef("--rate, --streams and --tokens have to be at least 0; 0 is no limit")
			}
			key, name, err := Add(args[0], name, limits)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintln(cmd.OutOrStdout(), key); err != nil {
				return exit.With(exit.IO, err)
			}
			terminal.Say(cmd, "added the key %q to %s; the key is shown only this once", name, args[0])
			return nil
		},
	}
	add.Flags().StringVar(&name, "name", "", "name of the client, for the file (default key-1, key-2, ...)")
	add.Flags().IntVar(&limits.Rate, "rate", 0, "requests a minute of this client; 0 for no limit")
	add.Flags().IntVar(&limits.Streams, "streams", 0, "requests of this client under way at once; 0 for no limit")
	add.Flags().Int64Var(&limits.Tokens, "tokens", 0, "tokens of answers a day of this client; 0 for no limit")
	key.AddCommand(add)
	return key
}

var names = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)

// Add makes a key and adds its hash to the file at path. Without a name, the key gets the first
// free name of key-1, key-2, and so on.
func Add(path, name string, limits gateway.Limits) (key, taken string, err error) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", "", exit.With(exit.IO, err)
	}
	has := func(string) bool { return false }
	if len(text) > 0 {
		known, err := gateway.ParseKeys(text)
		if err != nil && !errors.Is(err, gateway.ErrNoKeys) {
			return "", "", exit.Usagef("%s: %w", path, err)
		}
		has = known.Has
	}
	if name == "" {
		for i := 1; name == "" || has(name); i++ {
			name = "key-" + strconv.Itoa(i)
		}
	}
	switch {
	case !names.MatchString(name):
		return "", "", exit.Usagef("--name %q: want letters, digits and . _ @ -, at most 64, a letter or digit first", name)
	case has(name):
		return "", "", exit.Usagef("--name %s: %s has a key of that name; choose another, or delete its line first", name, path)
	}
	random := make([]byte, 32)
	rand.Read(random) // never fails
	key = Prefix + base64.RawURLEncoding.EncodeToString(random)
	line := strings.TrimSpace(gateway.KeyLine(name, key)+" "+limits.String()) + "\n"
	if len(text) > 0 && text[len(text)-1] != '\n' {
		line = "\n" + line
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return "", "", exit.With(exit.IO, err)
	}
	_, err = file.WriteString(line)
	if err = errors.Join(err, file.Close()); err != nil {
		return "", "", exit.With(exit.IO, err)
	}
	return key, name, nil
}

// Read reads a file of keys. An error does not quote the file.
func Read(path string) (*gateway.Keys, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, exit.Errorf(exit.IO, "--keys: %w; make the file with: finece key new %s", err, path)
	}
	keys, err := gateway.ParseKeys(text)
	if err != nil {
		return nil, exit.Usagef("--keys: %s: %w", path, err)
	}
	return keys, nil
}
