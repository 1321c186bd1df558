# One-line targets for ./plat and the tools of requirements-dev.txt; everything worth reading is in those.
# Needs make, Python 3.11 or newer and, for what is marked (engine), Go or the official releases.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh
PYTHON := .venv/bin/python
RUN := $(PYTHON) -m
PYTEST_ARGS ?=

.PHONY: help setup up down prove doctor validate generate test test-fast test-laboratory lint format clean

help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## The development environment in .venv (made by the other targets when they need it)
	@./plat --setup

up: ## The whole platform on this machine: engine, control plane, every service (engine)
	@./plat up -s dev

down: ## Remove it again, and check that nothing remains (engine)
	@./plat down -s dev

prove: ## Try every connection of what `make up` has made, on packets: Linux, a minute the first time (engine)
	@./plat prove -s dev

doctor: ## What is installed on this machine and what is missing
	@./plat doctor

validate: ## Every mistake in services/ and in the stack files, with line and cure
	@./plat validate

generate: setup ## The files made from the program: schemas, policies page, the blueprint of each stack
	$(RUN) operations.generated

test: lint ## Everything CI runs: lint, then all tests; builds the engine if there is none (engine)
	$(RUN) pytest -n auto --dist loadgroup -m "not engine" $(PYTEST_ARGS)
	$(RUN) pytest -m "engine and not laboratory" $(PYTEST_ARGS)
	@echo "Left out: the parts of plat prove that take long to build and to run. All of them: make test-laboratory"

test-laboratory: setup ## What `make test` leaves out: real proxies and controllers, built once in ten minutes (engine)
	$(RUN) pytest -m laboratory $(PYTEST_ARGS)

test-fast: setup ## The tests that need nothing but pip
	$(RUN) pytest -n auto --dist loadgroup -m "not engine" $(PYTEST_ARGS)

lint: setup ## Style, formatting and types; changes nothing
	$(RUN) ruff check . plat
	$(RUN) ruff format --check . plat
	$(RUN) mypy

format: setup ## Formatting, and what ruff can correct by itself
	$(RUN) ruff check --fix . plat
	$(RUN) ruff format . plat

clean: ## The virtual environment and every cache; a stack that is up stays up, and so does .embedded
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis rendered
	find . -name __pycache__ -type d -not -path './.embedded/*' -prune -exec rm -rf {} +
