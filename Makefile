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
bench: ## measure against named peers in the same run; prints the table of the README
	$(GO) run ./host/cmd/bench

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZ (default 30s) each
	@set -e; for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZ) $$package; \
		done; \
	done

.PHONY: lint
lint: ## gofmt, go vet and staticcheck
	@test -z "$$(git ls-files '*.go' | xargs gofmt -l | tee /dev/stderr)"
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

.PHONY: clean
clean: ## remove what was built
	rm -rf build
