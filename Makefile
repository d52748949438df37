# Everything a contributor types. `make` alone lists it.

PYTHON ?= python3
ARGS ?=
JOBS ?= 2
PORT ?=
UV ?= $(or $(wildcard .venv/bin/uv),uv)

COMPILE_HASHED = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate $(ARGS)
COMPILE = $(COMPILE_HASHED) pyproject.toml --group build
RIVALS = bench/rivals/social_core bench/rivals/fastapi_authlib

.DEFAULT_GOAL := help
.PHONY: help demo test check browser screenshots bench soak messages lock clean setup setup-dev

help: ## this list
	@echo 'make TARGET [PYTHON=python3.12] [ARGS="..."]'
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 15

demo: setup ## set up, then run service and sandbox together (PORT=8401 for another port; ARGS=--once to stop after the table)
	@.venv/bin/moorline demo $(if $(PORT),--port $(PORT)) $(ARGS)

test: setup-dev static ## set up, then every check and every test (ARGS="-k bluesky" for some of the tests; JOBS=0 for one after the other)
	@echo '== browser' && .venv/bin/python -m scripts.browser || echo 'make: going on without; the tests that need a browser will fail'
	@echo '== pgbouncer' && .venv/bin/python -m scripts.pooler || echo 'make: going on without; the test of a pooler will fail'
	@echo '== pytest'
	@.venv/bin/pytest --numprocesses $(JOBS) --dist loadfile $(ARGS)

check: setup-dev static ## the checks alone, without the tests

browser: setup-dev ## find the browser that the tests drive, or install one (MOORLINE_TEST_BROWSER=/path names another)
	@.venv/bin/python -m scripts.browser

screenshots: browser ## photograph every page in every look, into screenshots/ (ARGS="chooser" for some of them)
	@.venv/bin/python -m tests.browser.screenshots $(ARGS)

bench: setup-dev ## measure, a quarter of an hour (ARGS are handed on: --without rivals, --write-docs; --help lists all)
	@.venv/bin/python -m bench $(ARGS)

soak: setup-dev ## three months of virtual time for the grant engine in a quarter of an hour, then an hour of fuzzing (ARGS are handed to pytest)
	@.venv/bin/pytest -s tests/soak/long.py tests/soak/fuzz.py $(ARGS)

messages: setup-dev ## bring the catalogues of all languages up to date with the texts, and list what is not translated
	@.venv/bin/python scripts/messages.py $(ARGS)

lock: ## write every lock file anew, from pyproject.toml and bench/rivals/*.in; needs uv (ARGS=--upgrade for newer versions of everything)
	@command -v $(UV) >/dev/null || { echo 'make lock needs uv, for instance: .venv/bin/python -m pip install uv'; exit 1; }
	$(COMPILE) --output-file requirements.lock
	$(COMPILE) --output-file requirements-dev.lock --extra dev --constraint requirements.lock
	for rival in $(RIVALS); do $(COMPILE_HASHED) $$rival.in --output-file $$rival.lock || exit 1; done
	@! grep -n '://' requirements.lock requirements-dev.lock $(RIVALS:=.lock) || { echo 'A lock file may not name a host.'; exit 1; }

clean: ## remove .venv and caches; data folders stay
	rm -rf .venv .venv.lock .bench .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist screenshots
	find src tests bench scripts -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

setup:
	@$(PYTHON) scripts/setup_venv.py

setup-dev:
	@$(PYTHON) scripts/setup_venv.py --dev

static: setup-dev
	@echo '== ruff check' && .venv/bin/ruff check . || { echo 'make: ruff found something; ".venv/bin/ruff check --fix ." mends some of it'; exit 1; }
	@echo '== ruff format' && .venv/bin/ruff format --check . || { echo 'make: files are not formatted; run ".venv/bin/ruff format ."'; exit 1; }
	@echo '== mypy' && .venv/bin/mypy || { echo 'make: mypy found something'; exit 1; }
	@echo '== lint-imports' && .venv/bin/lint-imports || { echo 'make: an import points up the tree; see [tool.importlinter] in pyproject.toml'; exit 1; }
