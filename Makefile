# `make help` lists the targets. GO, ARGS and STREAM can be given.

GO     ?= go
STREAM ?= wasm/session/testdata/demo.sse
FUZZ   ?= 30s

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## watch a recorded stream being scored in the terminal (STREAM=file for one of yours)
	$(GO) run ./host/cmd/finece watch --pace 25 $(ARGS) $(STREAM)

.PHONY: test
test: ## run every test
	$(GO) test ./...

.PHONY: build
build: ## build the command into build/finece
	$(GO) build -o build/finece ./host/cmd/finece

.PHONY: wasm
wasm: ## rebuild wasm/finece.wasm; installs TinyGo and what it needs
	wasm/toolchain/build.sh wasm/finece.wasm

.PHONY: wasm-check
wasm-check: ## rebuild finece.wasm elsewhere and compare it with the committed one
	wasm/toolchain/build.sh build/finece.wasm
	cmp build/finece.wasm wasm/finece.wasm

.PHONY: bench
bench: ## measure against named peers in the same run; prints the table of the README (ARGS=decoding for a part)
	$(GO) run ./host/cmd/bench $(ARGS)

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZ (default 30s) each
	@set -e; for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZ) -fuzzminimizetime 20x $$package; \
		done; \
	done

.PHONY: lint
lint: ## gofmt, go vet and staticcheck
	@test -z "$$(git ls-files '*.go' | xargs gofmt -l | tee /dev/stderr)"
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

.PHONY: picture
picture: build ## draw the README's picture anew; needs tmux
	tmux -L finece new-session -d -x 92 -y 46 'build/finece watch --pace 500 wasm/session/testdata/demo.sse; sleep 20'
	sleep 4
	tmux -L finece capture-pane -e -p | $(GO) run ./host/cmd/finece/internal/picture > host/cmd/finece/watch.svg
	tmux -L finece kill-server

.PHONY: clean
clean: ## remove what was built
	rm -rf build
