# Everything there is to do in this repository; `make` alone says what. The work is done by the scripts in tools/.

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

# The interpreter to work with; the first that is new enough, unless one is named.
PYTHON ?=
VENV := .venv
IN := $(VENV)/bin
# For `make layer`: the Python that builds, a standalone build of the same version with its checksum, a folder with Amazon
# Linux's libraries, and the architecture where it is not this machine's (layer/README.md).
LAYER_PYTHON ?= $(IN)/python
PYTHON_ARCHIVE ?=
PYTHON_SHA256 ?=
LIBRARIES ?=
ARCHITECTURE ?=
WHEELS = build/wheels-$(ARCHITECTURE)
layer_options = --boto3 \
  $(if $(PYTHON_ARCHIVE),--archive "$(PYTHON_ARCHIVE)" --sha256 "$(PYTHON_SHA256)",$(if $(ARCHITECTURE),,--test-only-python)) \
  $(if $(LIBRARIES),--libraries "$(LIBRARIES)") $(if $(ARCHITECTURE),--architecture $(ARCHITECTURE) --wheels $(WHEELS))

set_up = python=$$(tools/find-python $(PYTHON)) && "$$python" tools/setup.py

.PHONY: help demo setup test test-full format layer layer-wheels lock clean

help: ## Say what there is to do
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | while IFS='|' read -r name text; do printf '%-16s %s\n' "$$name" "$$text"; done

demo: ## Run the order workflow of examples/order, on this machine alone
	@$(set_up) run $(VENV)
	@cd examples/order && ../../$(IN)/perdure run order.checkout --skip-time --input @order.json --journal ../../build/demo/journal.db

setup: ## Make .venv with all that development needs
	@$(set_up) dev $(VENV)

test: setup ## Run all checks and tests
	@$(IN)/python tools/check.py

test-full: setup ## The same, and the tests that take long
	@$(IN)/python tools/check.py --long

format: setup ## Format the code, and mend what the linter can
	@$(IN)/ruff format --quiet .
	@$(IN)/ruff check --fix --quiet .

layer: setup ## Build the Lambda layers into dist/
	@$(LAYER_PYTHON) -m layer.build $(layer_options)

layer-wheels: setup ## Fetch the pinned wheels that a layer for another ARCHITECTURE is built from
	@$(if $(ARCHITECTURE),,echo "name it: ARCHITECTURE=arm64 or x86_64"; exit 2;) $(LAYER_PYTHON) -m layer.fetch $(ARCHITECTURE) $(WHEELS)

lock: ## Pin the requirements anew, with hashes
	@python=$$(tools/find-python $(PYTHON)) && "$$python" -m venv --clear build/lock
	@build/lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	@for set in run dev bench; do \
	  build/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-header requirements/$$set.in -o requirements/$$set.txt || exit 1; \
	done
	@build/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.14 --no-deps --generate-hashes \
	  --no-emit-index-url --no-header requirements/conformance.in -o requirements/conformance.txt

clean: ## Remove what the other targets made
	@rm -rf .venv .venv-3.13 dist build .coverage .coverage.* .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	@find . \( -name __pycache__ -o -name .perdure \) -type d -prune -exec rm -rf {} +

.PHONY: conformance
conformance: setup ## Run AWS's conformance requirements; SUITES=step,wait and FLAVOUR=sync choose some
	@$(IN)/python tools/conformance.py $(if $(SUITES),--suites $(SUITES)) $(if $(FLAVOUR),--flavour $(FLAVOUR))

KILLS ?= 500
.PHONY: crash
crash: setup ## Kill workers and service at random moments (KILLS=500), and see whether anything is lost
	@$(IN)/python tools/crash.py --kills $(KILLS)

BENCH ?=
.PHONY: bench
bench: setup ## Measure against AWS's SDK and a bare loop; BENCH="--rounds 3 --only noop,steps_1000" chooses
	@$(IN)/python -m benchmarks $(BENCH)
