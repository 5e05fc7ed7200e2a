# Everything is set up by these targets themselves: a machine needs Python 3.11 or later, make and internet.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test soak jaeger bench pages native lint check format lock clean

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(READY) pages native ## Run the whole pipeline here for half a minute and show what it found
	$(BIN)/tocsin demo $(ARGS)

test: $(READY) pages native ## Run the tests, against a real Apache Kafka
	$(BIN)/pytest $(ARGS)

soak: $(READY) native ## Run the long versions of the tests that break things: an hour
	TOCSIN_SOAK=1 $(BIN)/pytest tests/crash tests/run/test_group.py tests/test_fuzz.py $(ARGS)

bench: $(READY) native ## Measure the engine: make bench RULES=sigma.zip EVENTS="a.zip b.json"
	$(BIN)/python benchmarks/engine.py $(RULES) $(EVENTS)

jaeger: $(READY) ## Build the Jaeger that tests of traces ask, once a machine: eight minutes, needs Go
	$(BIN)/python -m tests.telemetry.jaeger

pages: $(READY) ## Build the console's pages, if web/ has changed; all else works without
	@$(BIN)/python hatch_build.py pages || true

native: $(READY) ## Build the native scanner, if native/ has changed; all works without, slower
	@$(BIN)/python hatch_build.py native || true

lint: $(READY) ## Format, lint, types and the import contract
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python hatch_build.py check

check: lint test ## The one gate: lint and test

format: $(READY) ## Format and mend what can be mended by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(READY) ## Write requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --upgrade \
	  --custom-compile-command "make lock" --output-file requirements.lock

clean: ## Remove the environment and all caches
	rm -rf $(VENV) web/node_modules web/dist src/tocsin/app/console/static
	rm -rf native/target src/tocsin/decode/native.*.so* src/tocsin/decode/native.*.pyd*
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Tocsin needs Python 3.11 or later: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || \
	  { echo "this Python has no venv module: install it (Debian: python3-venv)" >&2; exit 1; }
	@echo "The first time, everything Tocsin needs is installed into $(VENV): that takes some minutes." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
