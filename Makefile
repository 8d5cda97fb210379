SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help install engine demo test check bench

help: ## Show this help
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

install: .venv/installed ## Make .venv with taskfit and everything that developing it needs

.venv/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "taskfit needs Python 3.11 or newer; name one with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 2; }
	@command -v git >/dev/null && $(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
		echo "installing git and python3-venv (apt-get)"; \
		as_root=; [ "$$(id -u)" = 0 ] || as_root="sudo -n"; \
		$$as_root apt-get update -q >/dev/null && $$as_root apt-get install -y -q git python3-venv >/dev/null || \
		{ echo "git and Python's venv module are needed: apt-get install git python3-venv"; exit 2; }; }
	@echo "making .venv"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install -q --disable-pip-version-check -e '.[dev]'
	@touch $@

engine: install ## Find, start or install a container engine, and build the base image
	@$(BIN)/taskfit doctor --fix

demo: install ## Set everything up and run the main job: three keyless models, real sandboxes, a scored table
	@$(BIN)/taskfit demo

test: engine ## Set everything up and pass the tests
	PYTHONDONTWRITEBYTECODE= OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -q -n 3 --dist=loadgroup

check: install ## Lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: engine ## Measure against the engine's own floor; writes bench/latest.json
	@$(BIN)/python -m bench
