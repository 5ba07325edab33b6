# `make` prints this help. Everything runs in .venv, which uv makes; uv itself is fetched if missing.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := $(UV) run --no-sync
STAMP := .venv/.synced
SERVED := .venv/.served
# pytest-xdist waits for ever for the tests of a process that was killed and replaced: end instead.
TWICE := -n 2 --dist loadfile --max-worker-restart 0
TOOLS := prometheus systemd bubblewrap mosquitto chromium

help: ## print this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

# Debian's python3 has no ensurepip unless python3-venv is there: then pip alone must do.
$(UV):
	$(PYTHON) -m venv .uv 2>/dev/null && .uv/bin/python -m pip install --quiet 'uv>=0.8,<1' \
	|| $(PYTHON) -m pip install --quiet --target .uv 'uv>=0.8,<1'

$(STAMP): pyproject.toml | $(UV)
	$(UV) sync --compile-bytecode
	@touch $(STAMP) $(SERVED)

# What users install: no tools of developers, no PyTorch. What is there already stays.
$(SERVED): pyproject.toml | $(UV)
	$(UV) sync --no-dev --inexact --compile-bytecode
	@touch $(SERVED)

tools: ## what tests need from Debian: promtool, systemd-analyze, bwrap, mosquitto (as root)
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	  apt-get install -qq -y --no-install-recommends $(TOOLS) >/dev/null \
	  || echo "make tools: apt-get failed; tests that need $(TOOLS) will fail or skip"; \
	else echo "make tools: not root on Debian; install $(TOOLS) for the tests"; fi

setup: $(STAMP) ## make the environment

demo: $(SERVED) ## two simulated cameras, embedded Redis and SQLite, about 30 seconds
	$(RUN) surveil demo

wheel: | $(UV) ## build dist/*.whl, for pip, pipx and uv tool install
	$(UV) build --wheel --out-dir dist

test: $(STAMP) ## all tests but the slow suites
	$(RUN) pytest -q -m "not slow" $(TWICE)

scenario: $(STAMP) ## compare a real run with known truth (needs the third-party test material)
	$(RUN) python bench/scenario_report.py

over-time: $(STAMP) ## flips, latency and accuracy by smoothing (needs the third-party test material)
	$(RUN) python bench/over_time_report.py

check: $(STAMP) format-check lint types imports migrations docs test ## exactly what CI runs

docs: $(STAMP) ## docs/ as a site in docs/_build; a warning is an error
	$(RUN) sphinx-build -q -W --keep-going -b html docs docs/_build

format: $(STAMP) ## rewrite the code in the house format
	$(RUN) ruff format .
	$(RUN) ruff check --fix .

format-check: $(STAMP)
	$(RUN) ruff format --check .

lint: $(STAMP)
	$(RUN) ruff check .

types: $(STAMP)
	$(RUN) mypy

imports: $(STAMP)
	$(RUN) lint-imports

migrations: $(STAMP) ## up, down, up and no drift, on SQLite and PostgreSQL
	$(RUN) pytest -q tests/integration/store -k migration

coverage: $(STAMP) ## tests with coverage by package
	$(RUN) pytest -q -m "not slow" $(TWICE) --cov=surveil --cov-report=term:skip-covered

slow: $(STAMP) ## the slow suites: chaos, accuracy over whole clips
	$(RUN) pytest -q -m slow --timeout=1200 -o faulthandler_timeout=0

.PHONY: help tools setup demo docs wheel test scenario over-time check format format-check lint types imports migrations coverage slow
