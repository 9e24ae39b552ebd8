# Each target works alone on a fresh clone: what it needs is made first.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: demo test check bench fuzz clean new-rule help

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

# the stamp is younger than pyproject.toml as long as the installed dependencies are those it asks for
$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

demo: $(STAMP)  ## check an example homework with one mistake in it
	$(BIN)/deriv check --exit-zero examples/01-check-a-derivation/homework.md

check: $(STAMP)  ## lint, format, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check  ## everything that must hold before a change goes in
	$(BIN)/python -m pytest -n 2

bench: $(STAMP)  ## time per step and per document
	$(BIN)/python -m benchmarks

fuzz: $(STAMP)  ## a long, seeded run of damaged formulas
	$(BIN)/python -m tests.fuzz

new-rule: $(STAMP)  ## make new-rule NAME=functions/gelu: a rule file to fill in
	@test -n "$(NAME)" || { echo "usage: make new-rule NAME=<folder>/<id>" >&2; exit 2; }
	$(BIN)/deriv rules --new "$(NAME)"

clean:  ## remove what the other targets made
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
