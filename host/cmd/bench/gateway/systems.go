package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// system is one way from the client to the upstream, in a process of its own.
type system struct {
	name   string
	short  bool              // the system is slow: fewer requests per round
	header map[string]string // added to each request
	launch func(u *upstream) (*exec.Cmd, string, error)

	url string
	cmd *exec.Cmd // nil: no process
}

const (
	direct   = "direct"
	reverse  = "httputil.ReverseProxy"
	wasm     = "finece, wazero"
	native   = "finece, native"
	asking   = "finece, wazero, confidence model"
	portkey  = "@portkey-ai/gateway 1.15.2"
	litellm  = "litellm 1.108.0"
	finece   = "build/gateway/finece"
	starting = 4 * time.Minute

	masterKey = "sk-0123456789abcdef0123456789abcdef" // LiteLLM does not start without one
)

// systems returns all systems, in the order of the tables.
func systems() []*system {
	return []*system{
		{name: direct},
		{name: reverse, launch: launchReverse},
		{name: wasm, launch: serve("--engine", "wazero")},
		{name: native, launch: serve("--engine", "native")},
		{name: asking, launch: serve("--engine", "wazero", "--estimator", "MODEL/fast/v1")},
		{name: portkey, short: true, launch: launchPortkey},
		{name: litellm, short: true, launch: launchLiteLLM},
	}
}

// named returns a fresh system with a name.
func named(name string) *system {
	for _, s := range systems() {
		if s.name == name {
			return s
		}
	}
	panic(name)
}

// serve runs `finece serve` in front of the upstream. MODEL in an argument is replaced by the
// upstream's address.
func serve(args ...string) func(*upstream) (*exec.Cmd, string, error) {
	return func(u *upstream) (*exec.Cmd, string, error) {
		all := []string{"serve", "--listen", "127.0.0.1:0", "--upstream", u.URL + "/v1", "--max-streams", "20000", "--max-connections", "20000"}
		for _, a := range args {
			all = append(all, strings.ReplaceAll(a, "MODEL", u.URL))
		}
		return printed(exec.Command(finece, all...), "listening on ")
	}
}

// printed starts a command that prints its address after some words.
func printed(cmd *exec.Cmd, words string) (*exec.Cmd, string, error) {
	said, err := cmd.StderrPipe()
	if err != nil {
		return nil, "", err
	}
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if _, at, ok := strings.Cut(lines.Text(), words); ok {
			go io.Copy(io.Discard, said)
			return cmd, strings.TrimSpace(at), nil
		}
		fmt.Fprintln(os.Stderr, lines.Text())
	}
	return nil, "", fmt.Errorf("%s did not start", cmd)
}

func launchReverse(u *upstream) (*exec.Cmd, string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	return printed(exec.Command(self, "reverse-proxy", u.URL), "listening on ")
}

// reverseProxy is the process that launchReverse starts: a minimal proxy in Go.
func reverseProxy(target string) error {
	to, err := url.Parse(target)
	if err != nil {
		return err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost, transport.DisableCompression = 100, true
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }, FlushInterval: -1, Transport: transport}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "listening on http://%s\n", listener.Addr())
	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		proxy.ServeHTTP(w, r)
	}))
}

func launchPortkey(u *upstream) (*exec.Cmd, string, error) {
	port := freePort()
	cmd := exec.Command("node", "--import", "./host/cmd/bench/gateway/portkey.mjs",
		"build/gateway/node/node_modules/@portkey-ai/gateway/build/start-server.js", "--headless", "--port="+port)
	cmd.Env = append(os.Environ(), "TRUSTED_CUSTOM_HOSTS=127.0.0.1", "NODE_ENV=production")
	return listening(cmd, port)
}

func launchLiteLLM(u *upstream) (*exec.Cmd, string, error) {
	port := freePort()
	config := filepath.Join("build/gateway", "litellm.yaml")
	text := "model_list:\n  - model_name: demo\n    litellm_params: {model: openai/demo, api_base: \"" + u.URL + "/v1\", api_key: none}\n"
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		return nil, "", err
	}
	cmd := exec.Command("build/gateway/venv/bin/litellm", "--config", config, "--host", "127.0.0.1", "--port", port)
	cmd.Env = append(os.Environ(), "LITELLM_LOCAL_MODEL_COST_MAP=True", "LITELLM_LOG=ERROR", "LITELLM_MASTER_KEY="+masterKey)
	return listening(cmd, port)
}

// listening starts a command and waits until it listens.
func listening(cmd *exec.Cmd, port string) (*exec.Cmd, string, error) {
	log, err := os.Create("build/gateway/peer-" + port + ".log")
	if err != nil {
		return nil, "", err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	at := "127.0.0.1:" + port
	for limit := time.Now().Add(starting); time.Now().Before(limit); time.Sleep(100 * time.Millisecond) {
		select {
		case <-ended:
			return nil, "", fmt.Errorf("%s has ended; see %s", cmd, log.Name())
		default:
		}
		if conn, err := net.Dial("tcp", at); err == nil {
			conn.Close()
			os.Remove(log.Name())
			return cmd, "http://" + at, nil
		}
	}
	cmd.Process.Kill()
	return nil, "", fmt.Errorf("%s does not listen after %v; see %s", cmd, starting, log.Name())
}

func freePort() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func (s *system) start(u *upstream) (err error) {
	if s.launch == nil {
		s.url = u.URL
		return nil
	}
	if s.cmd, s.url, err = s.launch(u); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	switch s.name {
	case litellm:
		s.header = map[string]string{"Authorization": "Bearer " + masterKey}
	case portkey:
		s.header = map[string]string{"x-portkey-provider": "openai", "x-portkey-custom-host": u.URL + "/v1"}
	}
	return nil
}

func (s *system) stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait() // it fails if the goroutine of listening already waits
	}
}

// cpu returns the CPU time that the system's process has used.
func (s *system) cpu() time.Duration {
	if s.cmd == nil {
		return 0
	}
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", s.cmd.Process.Pid))
	var sum time.Duration
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if err != nil {
			continue // the thread has ended
		}
		ns, _ := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		sum += time.Duration(ns)
	}
	return sum
}

// memory returns a line of the process's status, such as VmRSS, in bytes.
func (s *system) memory(line string) int {
	if s.cmd == nil {
		return 0
	}
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	for l := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(l, line+":"); ok {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kb << 10
		}
	}
	return 0
}
