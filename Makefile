# `make help` lists the targets. You can set GO (the go command), ARGS (arguments of a target's
# program) and STREAM, as in `make demo STREAM=file`.

GO     ?= go
FUZZ   ?= 30s

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## watch the built-in model solve problems, with confidences, offline (STREAM=file: a recorded stream)
ifdef STREAM
	$(GO) run ./host/cmd/finece watch --pace 25 $(ARGS) $(STREAM)
else
	$(GO) run ./host/cmd/finece/internal/demo/main --number 3 $(ARGS)
endif

.PHONY: experiment
experiment: ## repeat the paper's experiments on the built-in models; writes host/experiment/results (an hour or more; run again to resume)
	$(GO) run ./host/cmd/finece experiment -o build/experiment --seeds 3 $(ARGS)
	mkdir -p host/experiment/results
	cp build/experiment/*.md build/experiment/*.svg host/experiment/results/

.PHONY: test
test: test-go test-www test-edge ## run every test; installs what it needs

.PHONY: test-go
test-go: ## run the Go tests
	.ci/test

.PHONY: race
race: ## run the Go tests, packages with goroutines under the race detector (.ci/test says which are too slow for it)
	.ci/test race

.PHONY: cover
cover: ## run the Go tests and print each package's coverage; fails if one is under 85 %
	.ci/test cover

# If the machine's Node is too old, www/setup.sh installs a newer one here.
export PATH := $(CURDIR)/build/node/node_modules/.bin:$(PATH)

.PHONY: www
www: ## install what the npm package needs, and build it
	www/setup.sh
	cd www && npm run --silent build

.PHONY: test-www
test-www: www ## run the npm package's tests, in Node, workerd and Chromium
	cd www && npx tsc -p test && npm test --ignore-scripts # the script pretest would build the package again
	$(GO) run ./host/cmd/conformance --quick

.PHONY: test-examples
test-examples: www ## run the examples in www/examples with finece serve, and build a page with each bundler; installs them into build/examples (1 GB; PYTHON=interpreter)
	www/examples/setup.sh
	cd www && npm run --silent test:examples

.PHONY: test-browsers
test-browsers: www ## run the main browser tests in Firefox, and a few in WebKit, where Debian's firefox-esr and webkit2gtk-driver are installed
	cd www && npm run --silent test:browsers

.PHONY: edge
edge: www ## build the Cloudflare Worker into host/edge/build
	host/edge/build.sh

.PHONY: test-edge
test-edge: edge ## run the Worker in workerd and compare it with the Go server
	$(GO) test -tags workerd ./host/edge

clients := host/cmd/finece/internal/serve/testdata/clients

.PHONY: test-clients
test-clients: www ## send requests through finece serve with unmodified clients in Python and Node, and print their output; installs the clients (PYTHON=interpreter)
	host/train/python/env.sh build/clients $(clients)/requirements.txt
	cd www && npx tsc -p test
	FINECE_CLIENTS_PYTHON=$(CURDIR)/build/clients/bin/python FINECE_CLIENTS_JS=$(CURDIR)/www/test-build/clients.js \
		$(GO) test -tags clients -run '^TestClients$$' -count 1 -v ./host/cmd/finece/internal/serve

.PHONY: conformance
conformance: www ## run the same streams on wazero, Node, Chromium and workerd, and compare the bytes (ARGS=--seed=N)
	$(GO) run ./host/cmd/conformance $(ARGS)

.PHONY: conformance-all
conformance-all: www python ## make conformance, with Firefox, WebKit, Bun, Deno and Python as well; installs them (700 MB)
	www/conformance/engines/setup.sh
	$(GO) run ./host/cmd/conformance --all $(ARGS)

.PHONY: conformance-python
conformance-python: python ## make conformance, only with wazero and the Python package
	$(GO) run ./host/cmd/conformance $(ARGS) python

.PHONY: page
page: www
	cd www && npm run --silent demo
	rm -rf host/cmd/finece/internal/serve/site/demo && cp -r www/demo/dist host/cmd/finece/internal/serve/site/demo

.PHONY: build
build: page ## build the command into build/finece, with the demo page
	$(GO) build -o build/finece ./host/cmd/finece

.PHONY: wasm
wasm: ## rebuild wasm/finece.wasm; installs TinyGo, LLVM and wasm-opt
	wasm/toolchain/build.sh wasm/finece.wasm

.PHONY: wasm-check
wasm-check: ## build finece.wasm into build, and compare it with the committed file
	wasm/toolchain/build.sh build/finece.wasm
	cmp build/finece.wasm wasm/finece.wasm

.PHONY: bench
bench: edge ## measure speed beside other libraries in the same run; writes host/cmd/bench/RESULTS.md (ARGS=decoding for a part)
	$(GO) run ./host/cmd/bench $(ARGS)
	cd www && node bench/main.mjs $(ARGS)
	$(GO) run ./host/cmd/bench report

.PHONY: bench-gateway
bench-gateway: ## measure the gateway beside ReverseProxy, Portkey's gateway and LiteLLM; installs these; writes host/cmd/bench/GATEWAY.md (ARGS=burst for a part)
	host/cmd/bench/gateway/peers.sh
	$(GO) run ./host/cmd/bench/gateway $(ARGS)

.PHONY: bench-batch
bench-batch: ## measure score and eval on files beside Python, numpy and DuckDB, and finece-beam beside finece; installs the former into build/batch; writes host/cmd/bench/BATCH.md (ARGS=eval for a part; PYTHON=interpreter)
	host/train/python/env.sh build/batch/venv host/cmd/bench/batch/requirements.txt
	$(GO) run ./host/cmd/bench/batch $(ARGS)

.PHONY: bench-answers
bench-answers: ## measure how much best-of and vote improve the built-in models' answers, and how far prompt injections change a score; writes host/cmd/bench/ANSWERS.md (half an hour)
	$(GO) run ./host/cmd/bench/answers $(ARGS)

# $(call install-python,VENV,REQUIREMENTS) installs the Python package into the virtual environment
# build/VENV.
define install-python
	cp wasm/finece.wasm host/python/src/finece/
	cp LICENSE host/python/
	host/train/python/env.sh build/$(1) host/python/$(2)
	build/$(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e host/python
endef

.PHONY: python
python:
	$(call install-python,python,requirements.txt)

.PHONY: test-python
test-python: python ## check and test the Python package with real client libraries; installs them into build/python (PYTHON=interpreter)
	$(GO) build -o build/finece-python ./host/cmd/finece
	cd host/python && ../../build/python/bin/ruff check && ../../build/python/bin/ruff format --check && ../../build/python/bin/mypy && ../../build/python/bin/pyright
	cd host/python && FINECE=$(CURDIR)/build/finece-python ../../build/python/bin/pytest $(ARGS)

.PHONY: test-ray
test-ray: ## score with Ray Data while an actor is killed, and compare with finece score; installs Ray into build/ray (FINECE_RAY_TIMES=N for N times 200 answers, default 100; PYTHON=interpreter)
	$(call install-python,ray,requirements-ray.txt)
	$(GO) build -o build/finece-python ./host/cmd/finece
	cd host/python && FINECE=$(CURDIR)/build/finece-python ../../build/ray/bin/pytest tests/ray_test_score.py $(ARGS)

.PHONY: test-lm-eval
test-lm-eval: ## measure tasks of lm-evaluation-harness in Python, and compare with finece eval; installs it into build/lm-eval (0.8 GB; PYTHON=interpreter)
	$(call install-python,lm-eval,requirements-lm-eval.txt)
	$(GO) build -o build/finece-python ./host/cmd/finece
	cd host/python && FINECE=$(CURDIR)/build/finece-python ../../build/lm-eval/bin/pytest tests/lm_eval_test_figures.py $(ARGS)

beam := FINECE=$(CURDIR)/build/finece-plain FINECE_BEAM=$(CURDIR)/build/finece-beam

.PHONY: beam
beam: ## build finece-beam, the commands for Apache Beam, into build (downloads 0.9 GB of modules; the first time takes 5 minutes of CPU)
	$(GO) build -o build/finece-plain ./host/cmd/finece
	cd host/beam && $(GO) build -o ../../build/finece-beam ./finece-beam

.PHONY: vet-beam
vet-beam: ## go vet and staticcheck for finece-beam
	cd host/beam && $(GO) vet ./... && $(GO) vet -tags flink ./flink
	cd host/beam && $$(cd ../.. && $(GO) tool -n staticcheck) ./...

.PHONY: test-beam
test-beam: beam ## test finece-beam on Beam's runner Prism, and compare with finece
	cd host/beam && $(beam) $(GO) test -count 1 ./...

.PHONY: test-flink
test-flink: beam ## score on Flink while a worker is killed, and compare with finece score; installs Flink from Maven into build/flink (0.2 GB; needs java and mvn; ANSWERS=1000000)
	mvn -q -B -f host/beam/flink/pom.xml dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=$(CURDIR)/build/flink/jars
	cd host/beam && $(GO) build -o ../../build/flink/boot github.com/apache/beam/sdks/v2/go/container
	cd host/beam && $(beam) FINECE_BOOT=$(CURDIR)/build/flink/boot FINECE_JARS=$(CURDIR)/build/flink/jars FINECE_ANSWERS=$(or $(ANSWERS),1000000) \
		$(GO) test -tags flink -count 1 -v -timeout 90m ./flink

.PHONY: wheel-python
wheel-python: python ## build the Python package into build/wheel and check it with twine
	rm -rf build/wheel
	build/python/bin/python -m build --no-isolation --outdir build/wheel host/python
	build/python/bin/twine check --strict build/wheel/*

.PHONY: test-servers
test-servers: ## run commands on real servers (llama.cpp, LiteLLM, finece lm) of SmolLM2, which they compare with transformers; installs them (7.5 GB; PYTHON=interpreter; LLAMA_CPP_PYTHON=1 and VLLM=1 install these servers, too; FINECE_VLLM=URL for a running vLLM)
	host/cmd/finece/servers/prepare.sh
	$(GO) test -tags servers -run TestSmolLM2 -count 1 -v -timeout 20m ./host/lm
	$(GO) test -tags servers -run TestServers -count 1 -v -timeout 60m ./host/cmd/finece
	$(GO) test -tags servers -run TestLiteLLM -count 1 -v -timeout 20m ./host/cmd/finece/internal/serve

.PHONY: train-env
train-env: ## install the trainer's Python packages into build/venv (6 GB, because PyPI's torch includes CUDA; PYTHON=interpreter)
	host/train/python/env.sh build/venv

.PHONY: test-train
test-train: ## train small models in Python, and compare their outputs with host/lm (FINECE_PYTHON=interpreter; by default that of train-env)
	test -n "$$FINECE_PYTHON" || $(MAKE) train-env
	$(GO) test -tags train -run 'TestBase|TestTrainer' -count 1 -timeout 60m ./host/train

.PHONY: model
model: ## train the built-in models from the beginning, in build/model (two hours or more; run again to resume; SEED=1)
	test -n "$$FINECE_PYTHON" || $(MAKE) train-env
	host/train/model.sh $(or $(SEED),1)

.PHONY: variants
variants: ## train confidence models on other data and measure them; writes host/experiment/results/variants (needs make model first; run again to resume)
	test -n "$$FINECE_PYTHON" || $(MAKE) train-env
	host/train/variants.sh
	mkdir -p host/experiment/results/variants
	cp build/model/variants/*.md build/model/variants/*.svg host/experiment/results/variants/

.PHONY: open
open: ## train models further on open-ended answers, and measure entropy positions in them, in build/open; writes host/experiment/results/open (up to an hour; run again to resume; SEED=1)
	test -n "$$FINECE_PYTHON" || $(MAKE) train-env
	host/train/open.sh $(or $(SEED),1)
	mkdir -p host/experiment/results/open
	cp build/open/results/*.md build/open/results/*.svg host/experiment/results/open/

.PHONY: real
real: ## fine-tune a real language model and label its answers, in build/real; installs what it needs (hours; run again to resume)
	test -n "$$FINECE_PYTHON" || host/experiment/real/env.sh build/venv
	host/experiment/real/real.sh

.PHONY: real-eval
real-eval: ## make the tables of the real language model from host/experiment/real/data, without sampling; writes host/experiment/results/real (minutes; models that are not trained yet have no row)
	host/experiment/real/eval.sh

.PHONY: real-pack
real-pack: ## copy the results of make real so far to host/experiment/real/data
	host/experiment/real/pack.sh

.PHONY: docs
docs: page ## build the documentation site into www/docs/.vitepress/dist; installs VitePress
	cmp -s www/docs/package-lock.json www/docs/node_modules/.installed || { cd www/docs && npm ci --silent && cp package-lock.json node_modules/.installed; }
	$(GO) run ./host/cmd/finece/internal/reference www/docs/reference
	mkdir -p www/docs/public && rm -rf www/docs/public/playground && cp -r www/demo/dist www/docs/public/playground
	cd www/docs && npm run --silent api && npm run --silent build

.PHONY: docs-check
docs-check: docs ## check the documentation's links, accessibility, width on a phone and search; writes screenshots to build/docs
	cd www/docs && node check.mjs ../../build/docs

.PHONY: cross
cross: ## type-check and vet the Go code and its tests for Windows, macOS and Linux on arm64 (5 minutes)
	@set -e; for platform in windows/amd64 darwin/arm64 linux/arm64; do \
		echo "== $$platform"; GOOS=$${platform%/*} GOARCH=$${platform#*/} CGO_ENABLED=0 $(GO) vet ./...; \
	done

# The packages that compute confidences, and the module on wazero.
core := ./position/... ./bci/... ./metrics/... ./wasm/... ./host ./host/wazero

.PHONY: test-processors
test-processors: ## run the core's tests compiled for 386, and for arm64 under qemu-user (on an amd64 machine); installs qemu
	GOARCH=386 CGO_ENABLED=0 $(GO) test -timeout 40m $(core)
	command -v qemu-aarch64-static || { \
		sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); $$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends qemu-user-static; }
	GOARCH=arm64 CGO_ENABLED=0 $(GO) test -timeout 60m -exec qemu-aarch64-static $(core)

.PHONY: notice
notice: ## write the licences of all linked modules to host/cmd/finece/NOTICE
	$(GO) run ./host/cmd/notice

.PHONY: release-check
release-check: ## check the workflows, and build a release into build/release without publishing it; installs goreleaser, actionlint and syft
	.github/check.sh

.PHONY: fuzz
fuzz: ## run each fuzz target for the time FUZZ (default 30s)
	@set -e; for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZ) -fuzzminimizetime 20x $$package; \
		done; \
	done

.PHONY: mutants
mutants: ## change the Go code in many small ways, and list the changes that no test notices (an hour; ARGS=./bci for one package)
	@set -e; for package in $(or $(ARGS),./position ./bci ./metrics ./metrics/calibrate ./wasm/session); do \
		$(GO) run github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0 unleash --workers 1 --timeout-coefficient 10 $$package; \
	done

.PHONY: mutants-www
mutants-www: www ## make mutants for the npm package's readers (15 minutes; ARGS=reader:reader for one module and its tests)
	www/scripts/mutants.sh $(ARGS)

.PHONY: lint
lint: www ## gofmt, go vet, staticcheck; eslint, publint, are-the-types-wrong, the package's size
	@test -z "$$(git ls-files '*.go' | xargs gofmt -l | tee /dev/stderr)"
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	cd www && npm run --silent lint && node scripts/check.mjs && node scripts/size.mjs

.PHONY: picture
picture: build ## draw the README's picture again; needs tmux
	tmux -L finece new-session -d -x 92 -y 46 'build/finece watch --pace 500 wasm/session/testdata/demo.sse; sleep 20'
	sleep 4
	tmux -L finece capture-pane -e -p | sed -e :a -e '/^\n*$$/{$$d;N;ba' -e '}' | \
		$(GO) run github.com/charmbracelet/freeze@v0.2.2 --language ansi --padding 18 --border.radius 8 --background '#0d1117' \
		--font.family "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" --output host/cmd/finece/watch.svg
	tmux -L finece kill-server

.PHONY: clean
clean: ## remove everything that was built and installed in this folder
	rm -rf build host/python/LICENSE host/python/src/finece/finece.wasm host/cmd/finece/internal/serve/site/demo www/node_modules www/dist www/test-build www/demo/dist host/edge/node_modules host/edge/build
