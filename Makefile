# What one does with this checkout. Everything lands in .venv; nothing else of the machine is touched.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
INSTALL := $(PIP) --require-hashes -r
PROJECT := $(PIP) --no-deps --no-build-isolation -e .

RUN := $(VENV)/.installed
DEV := $(VENV)/.installed-dev
TRAINING := .venv-training
MLFLOW := .venv-mlflow
# Where a smaller build of torch is at hand, name it: make test-training TORCH='torch==2.13.0+cpu'
TORCH ?= torch
# How long `make soak` takes, without what it takes to end well.
MINUTES ?= 10

.DEFAULT_GOAL := help
.PHONY: help demo audit test test-long test-training test-mlflow check format docs pictures lock bench bench-relay bench-streaming bench-feedback bench-store bench-export bench-alert bench-web bench-start soak clean

help: ## Say what there is to make
	@echo "Plaudit. With nothing but Python 3.11 or newer:"
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RUN) ## Watch the whole job in a minute: no token, no service
	$(BIN)/plaudit demo

test: $(DEV) ## Run all tests, on SQLite and on a Postgres of their own
	$(BIN)/pytest -n 4 --dist worksteal --ignore tests/mlflow -m "not long and not alone"

test-long: $(DEV) ## Run the long ones: deaths, races, crowds, a newcomer, everything going wrong; and those that look at the clock
	$(BIN)/pytest -n 2 --dist worksteal -m long
	$(BIN)/pytest -m alone

test-training: $(TRAINING)/.installed ## Train on every kind of set, two steps each, with trl and torch (large; beside .venv)
	$(TRAINING)/bin/python -m pytest -W default tests/training

test-mlflow: $(DEV) $(MLFLOW)/.installed ## Send logs to a real MLflow server and ask it what it knows (large; beside .venv)
	TEST_MLFLOW=$(MLFLOW)/bin/mlflow $(BIN)/pytest tests/mlflow

check: $(DEV) ## Look for faults without running anything
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python docs/printed.py --check

format: $(DEV) ## Mend what can be mended by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(RUN) ## Print what is printed from the code: .env.example, the tables in docs/
	$(BIN)/python docs/printed.py

pictures: $(DEV) ## Draw the pictures in docs/ anew, from the demo's box and the real bot (some of them with a Chromium)
	$(BIN)/python docs/pictures.py
	$(BIN)/python docs/chat_pictures.py
	$(BIN)/python docs/dashboard_pictures.py

bench: bench-relay bench-streaming bench-feedback bench-store bench-export bench-web bench-start ## Measure everything

bench-relay: $(DEV) ## Measure what the bot adds between a question and the first text
	$(BIN)/python -m tests.bench.relay

bench-streaming: $(DEV) ## Measure how replies grow: in virtual time, and with up to 400 channels
	$(BIN)/python -m tests.bench.streaming

bench-feedback: $(DEV) ## Measure how soon votes are durable, what they cost replies, and what looking back costs
	$(BIN)/python -m tests.bench.feedback

bench-store: $(DEV) ## Measure appends beside the drivers', rebuilding, and reading in a log of a million
	$(BIN)/python -m tests.bench.store

bench-alert: $(DEV) ## Measure how soon a fall is told, and how often one that is none
	$(BIN)/python -m tests.bench.alert

bench-web: $(DEV) ## Measure the web: the first token, 200 streams beside Slack's path, the dashboard over a million replies
	$(BIN)/python -m tests.bench.web

bench-start: $(DEV) ## Measure how soon a bot is ready, and its memory and CPU while it idles
	$(BIN)/python -m tests.bench.start

bench-export: $(DEV) ## Measure exports: the log beside the driver and the ORM, and a set of half a million rows
	$(BIN)/python -m tests.bench.export

soak: $(DEV) ## Let everything go wrong at once, ten minutes on both databases; MINUTES=60 for longer
	$(BIN)/python -m tests.faults.soak --minutes $(MINUTES)

audit: $(DEV) ## Ask the advisory database about every pinned dependency (needs the internet)
	$(PIP) pip-audit
	$(BIN)/pip-audit --disable-pip --require-hashes -r requirements.lock

lock: $(DEV) ## Choose the newest versions of all dependencies and pin them with their hashes
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links --group build -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links --group build --group dev -c requirements.lock \
		-o requirements-dev.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links --group build --extra metrics --extra nats --extra oauth \
		--extra tracing -c requirements-dev.lock -o requirements-image.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links --group mlflow -o requirements-mlflow.lock

clean: ## Take away everything that was made
	rm -rf $(VENV) $(TRAINING) $(MLFLOW) .plaudit-demo *.egg-info build .pytest_cache .mypy_cache .ruff_cache .hypothesis \
		.import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("Plaudit needs Python 3.11 or newer: make PYTHON=python3.12 …" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(RUN): requirements.lock pyproject.toml | $(BIN)/python
	$(INSTALL) requirements.lock
	$(PROJECT)
	@touch $@

$(DEV): requirements-dev.lock $(RUN)
	$(INSTALL) requirements-dev.lock
	@touch $@

$(MLFLOW)/.installed: requirements-mlflow.lock
	$(PYTHON) -m venv $(MLFLOW)
	$(MLFLOW)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-mlflow.lock
	@touch $@

# By name, not by hash: which torch there is depends on the machine.
$(TRAINING)/.installed: pyproject.toml
	$(PYTHON) -m venv $(TRAINING)
	$(TRAINING)/bin/python -m pip install --quiet --upgrade pip
	$(TRAINING)/bin/python -m pip install --quiet '$(TORCH)' --group training -e .[parquet]
	@touch $@
