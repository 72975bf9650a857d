# Every task has one name here; `make` alone lists them. Nothing needs to be installed before: Python 3.11 or newer and
# `make` are enough. PYTHON chooses another interpreter, ARGS is handed to the program, APT=no leaves apt alone.

PYTHON ?= python3
APT ?= yes
UV := $(shell command -v uv 2>/dev/null || echo .venv-uv/bin/uv)
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help up test install check fix bench soak hooks

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1	/' | expand -t 10

up: .venv/installed ## run everything on this machine and print where it is
	@$(BIN)/agentpost-server up $(ARGS)

test: install ## install what is missing, then check: what CI runs
	@$(MAKE) --no-print-directory check

install: .venv/installed sdks/typescript/node_modules/.installed ## the packages, and the programs and test vectors that only tests need
	@APT=$(APT) .ci/test-programs
	@.ci/test-suites $(PYTHON)

check: .venv/installed sdks/typescript/dist ## format, lint, types, import order, clients, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python sdks/generate --check
	$(BIN)/pytest -n auto -m "not slow" $(ARGS)

fix: .venv/installed ## format, repair what lint can repair, write openapi.json, docs/reference and the clients anew
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/agentpost-server openapi > openapi.json
	$(BIN)/python docs/generate.py
	$(BIN)/python sdks/generate

bench: .venv/installed ## measure, side by side with others
	$(BIN)/python -m bench $(ARGS)

soak: .venv/installed ## the long runs: thousands of deliveries under kill -9
	$(BIN)/pytest -m slow --timeout=1800 $(ARGS)

hooks: .venv/installed ## check what is committed, before it is
	$(BIN)/pre-commit install

.venv/installed: $(UV) uv.lock pyproject.toml server/pyproject.toml sdks/python/pyproject.toml
	$(UV) sync --locked --python $(PYTHON)
	@touch $@

sdks/typescript/node_modules/.installed: sdks/typescript/package-lock.json
	npm --prefix sdks/typescript ci --no-fund --no-audit
	@touch $@

sdks/typescript/dist: sdks/typescript/node_modules/.installed $(wildcard sdks/typescript/src/*.ts sdks/typescript/src/*/*.ts)
	cd sdks/typescript && node build.mjs
	@touch $@

.venv-uv/bin/uv:
	@.ci/get-uv $(PYTHON)
