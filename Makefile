# `make run` and `make test` do all their own set-up. `make help` lists the rest.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
# Without its cache of compiled modules, Python needs three times as long to start.
unexport PYTHONDONTWRITEBYTECODE

# The first Python that is new enough and can make virtual environments.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	$$name -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& command -v $$name && break; done)
VENV := .venv/bin
# Peers that are measured and nothing else live apart from the product.
BENCH := .venv-bench/bin
DEVELOP = DEBUG=1 LANDFALL_DEMO=1
# Status 5 says that ARGS chose none of these tests.
pytest = $(VENV)/python -m pytest $(1) $(ARGS) || test $$? -eq 5

.PHONY: help run test check lint format types bench bench-streams bench-engine bench-http bench-latency fuzz-engine fuzz-delivery examples demo-reset shell changelog pin clean need-python develop peers

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: need-python ## Start everything: set-up, database, demo, web, worker, beat, Redis (PORT=8000)
	@$(PYTHON) -m launch

test: develop ## Run every test, after its own set-up (ARGS="-k name" for some of them)
	@$(PYTHON) -m launch.browser
	@$(VENV)/python -m launch.javascript || true
	@$(call pytest,-n 2 --dist loadgroup --ignore tests/browser)
	@$(call pytest,tests/browser)

check: lint types ## Everything that reads the code: ruff, mypy, import laws, migrations, changelog
	@$(VENV)/lint-imports --no-logo
	@$(DEVELOP) $(VENV)/python manage.py makemigrations --check --dry-run
	@$(VENV)/towncrier build --draft --version next >/dev/null

lint: develop ## Style and layout of the code
	@$(VENV)/ruff format --check .
	@$(VENV)/ruff check .

format: develop ## Lay out the code and fix what can be fixed
	@$(VENV)/ruff format .
	@$(VENV)/ruff check --fix .

types: develop ## Types
	@$(DEVELOP) $(VENV)/mypy .

bench: develop ## Benchmarks: requests per second, and how long a toggle takes to arrive
	@$(VENV)/python -m bench.http_frontend
	@$(VENV)/python -m bench.toggle_latency

bench-latency: develop ## From a commit to the last of 500 event streams, step by step (3 minutes)
	@$(VENV)/python -m bench.commit_latency $(ARGS)

fuzz-engine: develop ## Ask the engine millions of questions (ARGS="--count 5000000", --seconds, --only)
	@$(VENV)/python -m tests.conformance.fuzz $(ARGS)

bench-streams: develop ## Ten thousand event streams on one worker (3 minutes)
	@$(VENV)/python -m bench.streams $(ARGS)
	@$(VENV)/python -m bench.slow_streams

bench-engine: peers ## The engine beside engines that could be picked instead (5 minutes)
	@$(BENCH)/python -m bench.engine $(ARGS)

examples: develop ## Fetch the JavaScript packages of examples/, with the Node of a wheel
	@$(VENV)/python -m launch.javascript

bench-http: peers ## Requests a second beside the Unleash server (10 minutes; ARGS=--quick for two)
	@$(VENV)/uv pip install --quiet --python $(BENCH)/python --target .venv-bench/postgres \
		--require-hashes -r requirements/bench-postgres.txt
	@$(BENCH)/python -m bench.http $(ARGS)

fuzz-delivery: develop ## Ask a node as its description says, and otherwise (EXAMPLES=500)
	@LANDFALL_FUZZ_EXAMPLES=$(or $(EXAMPLES),500) $(call pytest,tests/conformance/test_description.py --timeout 1800)

demo-reset: need-python ## Throw the demo's database away; the next start loads it anew
	@$(PYTHON) -m launch.reset

shell: develop ## A Python shell with the project's models
	@$(DEVELOP) $(VENV)/python manage.py shell

changelog: develop ## Show what the next release will say
	@$(VENV)/towncrier build --draft --version next

pin: develop ## Pin the requirements again, with hashes, after a change of requirements/*.in
	@for kind in install runtime develop bench bench-postgres; do \
		$(VENV)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --custom-compile-command 'make pin' \
		requirements/$$kind.in --output-file requirements/$$kind.txt || exit 1; done

clean: ## Remove the virtual environment and every cache; the data in var/ stays
	@rm -rf .venv .venv-bench .venv.lock .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis \
		examples/node_modules examples/browser/dist

develop: need-python
	@$(PYTHON) -m launch.install develop

peers: develop
	@test -x $(BENCH)/python || $(VENV)/uv venv --quiet --python $(VENV)/python .venv-bench
	@$(VENV)/uv pip install --quiet --python $(BENCH)/python --require-hashes \
		-r requirements/bench.txt

need-python:
	@test -n "$(PYTHON)" || { echo "landfall: Python 3.11 or newer is needed and was not found;" \
		"install it, or name it: make run PYTHON=/path/to/python3.11." >&2; exit 1; }
