# The project's commands; `make` alone lists them.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PROTOS := $(shell find protos -name '*.proto')
VENDORED := $(shell find third_party -name '*.proto')
PROTOC := $(PY) -m grpc_tools.protoc -Iprotos -Ithird_party

.DEFAULT_GOAL := help
.PHONY: help demo run env backup-drill console test test-long chaos fuzz lint gen lock audit bench bench-growth clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.run gen/.done ## Start everything, run a sample job, show its first rows, stop
	@$(PY) -m deploy.local demo

run: $(VENV)/.run gen/.done ## Start everything, with the web console, and stay up until Ctrl-C
	@$(PYTHON) -m deploy.console --if-possible
	@$(PY) -m deploy.local run

console: $(VENV)/.run gen/.done ## Build the web console into console/dist
	@$(PYTHON) -m deploy.console

env: ## Print where the running stack is, for a shell: eval "$$(make -s env)"
	@$(PY) -m deploy.local env

test: $(VENV)/.dev gen/.done ## Run all checks: lints, types, import walls, tests
	@$(PYTHON) -m deploy.console --if-possible
	@$(PY) -m tests.run

test-long: $(VENV)/.dev gen/.done ## Run the same checks with the long forms of the tests
	@$(PYTHON) -m deploy.console --if-possible
	@$(PY) -m tests.run --long

backup-drill: $(VENV)/.dev gen/.done ## Lose the running stack's main cluster, and restore a random moment of it
	@$(PY) -m pytest -q tests/integration/drill

SECONDS ?= 60
chaos: $(VENV)/.dev gen/.done ## Kill each process in turn while jobs run, for SECONDS=60, and check the results
	@$(PY) -m tests.chaos $(SECONDS)

MINUTES ?= 1
fuzz: $(VENV)/.dev gen/.done ## Send bytes that no client sends for MINUTES=1, and check every answer
	@$(PY) -m tests.fuzz $(MINUTES)

lint: $(VENV)/.dev gen/.done ## Run only the lints, types and import walls
	@$(PY) -m tests.run --lint-only

bench: $(VENV)/.dev gen/.done ## Run benchmarks: ratios measured in one run
	@$(PY) -m tests.bench

ROWS ?= 500000
bench-growth: $(VENV)/.dev gen/.done ## Run a job of ROWS=500000 and compare memory and rate with a small one
	@SMELT_BENCH_ROWS=$(ROWS) $(PY) -m tests.bench growth

gen: gen/.done ## Generate message code and descriptors from protos/

lock: ## Pin requirements/*.in again, with the hashes of wheels (needs uv)
	@$(PYTHON) deploy/lock.py

AUDIT := .venv-audit
# Without a network: a copy of https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip.
ADVISORIES ?=
ifeq ($(ADVISORIES),)
audit: $(AUDIT)/.audit ## Look the pinned packages up among known vulnerabilities; ADVISORIES=all.zip needs no network
	@$(AUDIT)/bin/pip-audit --strict --disable-pip --progress-spinner off -r requirements/dev.txt
	@$(AUDIT)/bin/pip-audit --strict --disable-pip --progress-spinner off -r requirements/audit.txt
else
audit: $(VENV)/.dev
	@$(PY) -m tests.audit $(ADVISORIES)
endif

clean: ## Remove generated code and the virtual environment, but keep data
	rm -rf gen $(VENV) $(AUDIT) .venv-console console/node_modules console/dist

$(VENV)/.run: requirements/run.txt client/pyproject.toml deploy/bootstrap.py
	@$(PYTHON) deploy/bootstrap.py run

$(VENV)/.dev: requirements/dev.txt client/pyproject.toml deploy/bootstrap.py
	@$(PYTHON) deploy/bootstrap.py dev

$(AUDIT)/.audit: requirements/audit.txt deploy/bootstrap.py
	@$(PYTHON) deploy/bootstrap.py audit

# Generated in a temporary folder and then moved, so that an interrupted run leaves nothing half done.
gen/.done: $(PROTOS) $(VENDORED) Makefile | $(VENV)/.run
	@rm -rf gen.new && mkdir gen.new
	@$(PROTOC) --python_out=gen.new --pyi_out=gen.new --grpc_python_out=gen.new $(PROTOS) \
		$(filter third_party/buf/% third_party/envoy_auth/%,$(VENDORED))
	@$(PROTOC) --include_imports --include_source_info --descriptor_set_out=gen.new/smelt.binpb \
		$(PROTOS) third_party/google/rpc/error_details.proto
	@rm -rf gen && mv gen.new gen && touch gen/.done
