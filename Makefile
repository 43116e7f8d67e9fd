# Two commands do everything: make demo, make test. Each sets up what it needs in .venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)

.PHONY: help demo test test-slow test-all stress test-hosts test-whole-hosts site bench-mcp bench-service picture test-pythons test-newest upgrade-and-test lint check audit lock bench clean eval clusters
.DEFAULT_GOAL := help

# Tests start many processes. Without files of compiled code each of them would compile all that it imports.
export PYTHONDONTWRITEBYTECODE :=

help:
	@echo "make demo          run a notebook on the built-in sandbox"
	@echo "make test          run the tests of every day"
	@echo "make test-slow     run those that take long: guides, kills, faults, wheels, long batches"
	@echo "make test-all      run both"
	@echo "make stress        a thousand calls through a bad network, and two hundred kill -9"
	@echo "make test-hosts    run the suites of the hosts, each in an environment of its own in the cache folder"
	@echo "make test-whole-hosts  run the packages in whole hosts, and under the linters of their catalogues"
	@echo "make eval          play the tasks on the sandbox: by a script, or by a model with MODEL=…"
	@echo "make clusters      clusters of Airflow, Dagster and Prefect whose parts are killed; takes minutes"
	@echo "make test-pythons  run the tests on every Python from 3.11 to 3.13 that is here"
	@echo "make lint          style and types"
	@echo "make check         every spec, text and page"
	@echo "make test-newest   run the tests with the newest versions of what we depend on"
	@echo "make audit         known faults in what we depend on"
	@echo "make site          the pages as a site in every language, tested in a browser"
	@echo "make bench         what is fast, measured"
	@echo "make picture       take the README's pictures anew: the demo's and the workbench's"
	@echo "make bench-service the service under load, beside a bare Starlette application"
	@echo "make bench-mcp     how soon the MCP server is there, beside a bare one"

# uv where it is on the PATH, else venv and pip. --group needs a pip newer than the one venv brings.
ifdef UV
$(VENV)/pyvenv.cfg:
	uv venv --quiet --allow-existing --python $(PYTHON) $(VENV)
INSTALL := uv pip install --quiet --python $(BIN)/python
else
$(VENV)/pyvenv.cfg:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
INSTALL := $(BIN)/python -m pip install --quiet
endif

# Installing compiles the translations, by hatch_build.py; so does a change of one, below.
TEXTS := $(wildcard locales/*.po)

$(VENV)/.installed: pyproject.toml hatch_build.py $(TEXTS) $(VENV)/pyvenv.cfg
	$(INSTALL) --editable .
	@touch $@

# The locked environment: the same versions everywhere, checked by their hashes.
$(VENV)/.developing: pyproject.toml requirements-dev.lock $(VENV)/pyvenv.cfg
	$(INSTALL) --require-hashes --requirement requirements-dev.lock
	$(INSTALL) --no-deps --editable .
	@touch $@ $(VENV)/.installed

$(VENV)/.texts: $(TEXTS) $(VENV)/.developing
	$(BIN)/hex-blocks strings --compile
	@touch $@ $(VENV)/.installed

demo: $(VENV)/.installed
	@$(BIN)/hex-blocks demo

# Many tests wait for a process or a server, so two workers for each core are quicker than one.
WORKERS := $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))

# In CI a failure has to repeat, alone: tests that start processes may starve on a machine that is busy.
define run-tests
$(BIN)/python -m pytest $(1) $(2) || \
	{ test -n "$$CI" && $(BIN)/python -m pytest -n0 $(1) --last-failed --last-failed-no-failures none; }
endef

test: $(VENV)/.texts
	$(call run-tests,-m "not slow",-n $(WORKERS))

test-slow: $(VENV)/.texts
	$(call run-tests,-m slow)

test-all: $(VENV)/.texts
	$(call run-tests)

# The same tests as every day, many times over.
stress: $(VENV)/.texts
	CALLS=1000 KILLS=200 $(BIN)/python -m pytest --timeout 900 tests/test_faults.py tests/promises

test-hosts: $(VENV)/.texts
	$(BIN)/python tests/hosts/run_suites.py

# Whole hosts, minutes to install and to run: what stands under tests/hosts/scheduled.
WHOLE_HOSTS := $(patsubst tests/hosts/%/requirements.txt,%,$(wildcard tests/hosts/scheduled/*/requirements.txt))

test-whole-hosts: $(VENV)/.texts
	$(BIN)/python tests/hosts/run_suites.py $(WHOLE_HOSTS)

# OPENAI_BASE_URL names another endpoint that speaks the same, and OPENAI_API_KEY holds its key.
eval: $(VENV)/.texts
	$(BIN)/python -m eval $(if $(MODEL),--model "$(MODEL)") $(if $(TASKS),--tasks "$(TASKS)")

clusters: $(VENV)/.texts
	$(BIN)/python tests/hosts/run_suites.py airflow dagster prefect -- -n0 -m cluster

test-pythons:
	@for version in 3.11 3.12 3.13; do \
		if python$$version --version >/dev/null 2>&1; then \
			$(MAKE) --no-print-directory test PYTHON=python$$version VENV=.venv/$$version || exit 1; \
		else \
			echo "python$$version is not here: skipped"; \
		fi; \
	done

lint: $(VENV)/.developing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: $(VENV)/.texts
	$(BIN)/hex-blocks check

# After a change of dependencies, and now and then: needs uv.
lock:
	uv pip compile pyproject.toml --group dev --extra redis --extra postgres --universal --python-version 3.11 --upgrade --quiet \
		--generate-hashes --no-header --no-emit-index-url --no-annotate --output-file requirements-dev.lock

# What the newest versions inside our bounds do to us; meant for a schedule.
test-newest:
	$(MAKE) --no-print-directory upgrade-and-test VENV=$(VENV)/newest

upgrade-and-test: $(VENV)/pyvenv.cfg
	$(INSTALL) --upgrade --editable ".[redis,postgres]" --group dev
	$(BIN)/python -m pytest

# Known faults in what we depend on. Its source is a public service, which not every network reaches.
audit: $(VENV)/.developing
	$(INSTALL) "pip-audit>=2.9,<3"
	$(BIN)/pip-audit --require-hashes --disable-pip --requirement requirements-dev.lock

# The site's own libraries stay out of ours.
SITE := $(VENV)/site

$(SITE)/.installed: pyproject.toml $(VENV)/.developing
	$(PYTHON) -m venv $(SITE)
	$(SITE)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(SITE)/bin/python -m pip install --quiet --editable . --group site
	@touch $@

site: $(VENV)/.texts $(SITE)/.installed
	$(SITE)/bin/python docs/build_site.py
	$(BIN)/python -m pytest -n0 tests/test_site.py

bench: $(VENV)/.developing
	$(BIN)/python bench/one_call.py
	$(BIN)/python bench/start_up.py
	$(BIN)/python bench/many_specs.py
	$(BIN)/python bench/following.py
	$(BIN)/python bench/batches.py
	PYTHONPATH=. $(BIN)/python bench/records.py

picture: $(VENV)/.texts
	@$(BIN)/python docs/pictures.py docs/pictures --terminal demo
	@PYTHONPATH=. $$($(BIN)/python tests/hosts/run_suites.py --environment service)/bin/python docs/workbench_picture.py docs/pictures

bench-service: $(VENV)/.texts
	@PYTHONPATH=. $$($(BIN)/python tests/hosts/run_suites.py --environment service)/bin/python bench/service.py

bench-mcp: $(VENV)/.texts
	@$$($(BIN)/python tests/hosts/run_suites.py --environment mcp)/bin/python bench/mcp_start.py

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache build dist site
