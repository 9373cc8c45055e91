# Two commands matter: `make demo` and `make test`. They install what they need, from the package index that pip is
# configured for, into .venv and .sluice; nothing else of the machine is touched. Written for make 3.81 and later.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(PYTHON) -m infra.packaging.install
COMPILE := $(BIN)/python -m infra.packaging.lock
# Where it is set, each of the many processes that a stack and its tests start would compile all it imports.
unexport PYTHONDONTWRITEBYTECODE
TEST_OPTIONS ?= -n 2 --dist worksteal

.PHONY: demo test long check cdk container setup lock clean help

help:
	@echo "make demo    the whole platform on an embedded AWS, from an uploaded file to an approved model and back"
	@echo "make test    every test but the longest, end to end on an embedded AWS of its own"
	@echo "make long    the tests that take too long for that: restarts, imports, thousands of models, large searches"
	@echo "make check   lint, types, import rules, templates, documents, sizes"
	@echo "make cdk     the real CDK CLI (from npm) against an embedded AWS of its own"
	@echo "make container  a bundle's image, built and run with podman (as root)"
	@echo "make setup   everything for development, and the sluice command"
	@echo "make lock    the locked requirements, again"
	@echo "make clean   drop what was built; embedded stacks are stopped and emptied"

demo:
	@$(INSTALL) local
	@$(BIN)/sluice --profile demo demo

test:
	@$(INSTALL) test
	@$(BIN)/pytest $(TEST_OPTIONS)

long:
	@$(INSTALL) test
	@$(BIN)/pytest $(TEST_OPTIONS) -m long

check:
	@$(INSTALL) check
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/pytest -q tests/infra/test_documents.py
	@$(BIN)/python -m infra.checks templates
	@$(BIN)/python -m infra.checks sizes

cdk:
	@$(INSTALL) local
	@$(BIN)/python -m sluice.local.cdk_cli

container:
	@$(INSTALL) test
	@SLUICE_CONTAINER=1 $(BIN)/pytest -n 0 -rs tests/container

setup:
	@$(INSTALL) check

lock:
	@$(INSTALL) local
	@$(COMPILE)

clean:
	@if [ -x $(BIN)/sluice ]; then $(BIN)/python -m sluice.local.clean; fi
	rm -rf build cdk.out .sluice .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
