# The same commands for people and for CI. Needs Python 3.11 or newer; everything else is brought by `make setup`.
.DEFAULT_GOAL := help
.PHONY: help setup run check test test-long bench docs clean

# Two workers, as the budgets are meant: `make test WORKERS=8` on a bigger machine.
WORKERS ?= 2
PYTEST := .venv/bin/python -m pytest -n $(WORKERS) --dist worksteal

help:
	@echo 'make run        the demo school (a window, or a guided tour into demo-output/ where there is no display)'
	@echo 'make test       lint, types, import contracts, then the tests (at most 15 minutes)'
	@echo 'make test-long  kills, power cuts, many seeds (at most 75 minutes)'
	@echo 'make check      lint, types and import contracts only'
	@echo 'make bench      the speed and sync figures, each beside its baseline'
	@echo 'make docs       write the generated parts of docs/ anew (schema, protocol, openapi.json)'
	@echo 'make setup      build .venv (done by the others when needed)'
	@echo 'make clean      remove what the commands above made, but not .venv'

setup:
	@sh installer/bootstrap.sh

run: setup
	@sh installer/run.sh

check: setup
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo

test: check
	@$(PYTEST)

test-long: check
	@$(PYTEST) -m long --hypothesis-profile=long --timeout=1800

bench: setup
	@.venv/bin/driveflow bench

docs: setup
	@for page in schema_doc protocol_doc openapi_doc; do .venv/bin/python -m tests.helpers.$$page || exit 1; done

clean:
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist demo-output bench-output
	@find driveflow_desktop tests migrations -name __pycache__ -type d -prune -exec rm -rf {} +
