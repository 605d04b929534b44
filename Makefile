# `make help` lists what can be asked for; `make figures/fig1.pdf` and `make test` are all that a newcomer needs.
#
# Whatever needs the environment asks for $(ready) first, so .venv is made, or brought up to date, by whichever
# target comes first. What a figure is made from only Snakemake knows: it is asked every time.

SHELL := /bin/sh
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.NOTPARALLEL:  # One Snakemake at a time in this directory; the jobs of one run side by side.
.DEFAULT_GOAL := help

# Knobs, on the command line or in the environment.
PYTHON ?=          # interpreter for a new .venv, instead of the newest suitable one
SNAKEMAKE_ARGS ?=  # such as -n (what would be done) or --cores 8
PYTEST_ARGS ?=     # such as -k optimum
BENCH_ARGS ?=      # such as throughput --cells w16-L3
LOCAL_SMOKE ?=     # tables of smoke's Figure 1 for test-slurm to compare with, instead of training them again
LOCK_ARGS ?=       # such as --upgrade or --upgrade-package numpy

# The Pythons that pyproject.toml admits, newest first.
pythons := python3.14 python3.13 python3.12 python3.11 python3 python
admitted := (3, 11) <= sys.version_info[:2] <= (3, 14)

ready := .venv/.ready
inside = VIRTUAL_ENV="$(CURDIR)/.venv" PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/

.PHONY: help
help: ## this list
	@echo "make TARGET, where TARGET is a file under figures/ or results/, for example"
	@echo "  figures/fig1.pdf            Figure 1 at the default scale (the smoke preset)"
	@echo "  figures/reference/fig1.pdf  the same figure of another preset: reference, desktop, paper"
	@echo "or one of"
	@awk -F ':[^#]*## ' '/^[a-z-]+:.*## / { printf "  %-26s  %s\n", $$1, $$2 }' Makefile
	@echo "SNAKEMAKE_ARGS, PYTEST_ARGS and LOCK_ARGS pass more to these tools, PYTHON=... names the interpreter."

# ---- the environment

.PHONY: environment
environment: $(ready) ## .venv from requirements.lock, nothing else

# The stamp holds the address it was made for: scripts in an environment name their interpreter in full, so a
# copied or moved checkout needs its own.
ifneq ($(shell cat $(ready) 2>/dev/null),$(CURDIR))
.PHONY: $(ready)
endif

# .venv/.installing stands while packages are being changed. Whoever finds it finds the remains of an interrupted
# installation, in which a package may be half there, and starts over. A failure leaves no stamp.
#
# pip brings uv and setuptools, uv brings the rest. Two packages exist as sources only; they are built with that
# setuptools, not in isolation with whatever is newest, so that the hashes cover everything that runs. Bytecode is
# compiled here, once: a workflow starts many short processes, and where Python may not write it each would compile anew.
$(ready): requirements.lock pyproject.toml
	@set -eu; \
	if [ -e .venv/.installing ] || { [ -e $(ready) ] && [ "$$(cat $(ready))" != "$(CURDIR)" ]; } \
	    || ! .venv/bin/python -c 'import pip, sys; sys.exit(not $(admitted))' 2>/dev/null; then \
	  found=; \
	  for candidate in $(or $(strip $(PYTHON)),$(pythons)); do \
	    if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(not $(admitted))' 2>/dev/null; then \
	      found=$$candidate; break; \
	    fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    tried=$(or $(strip $(PYTHON)),python3); \
	    echo "error: found no Python 3.11 to 3.14 that can make an environment ($$tried:" \
	      "$$("$$tried" -V 2>/dev/null || echo not found)); install one (on Debian with python3-venv)" \
	      "or name it: make PYTHON=/path/to/python3.11 environment" >&2; \
	    exit 1; \
	  fi; \
	  rm -rf .venv; mkdir .venv; : > .venv/.installing; \
	  echo "making .venv with $$("$$found" -V); the packages take 5 GB on disk"; \
	  "$$found" -m venv .venv; \
	fi; \
	: > .venv/.installing; rm -f $(ready); \
	awk '/^[^ ]/ { on = /^(uv|setuptools)==/ } on' requirements.lock > .venv/installers.lock; \
	.venv/bin/python -m pip --disable-pip-version-check install --quiet --no-input --no-deps \
	  --only-binary :all: --require-hashes --requirement .venv/installers.lock; \
	.venv/bin/uv pip sync --python .venv/bin/python --require-hashes --no-build-isolation --compile-bytecode requirements.lock; \
	.venv/bin/uv pip install --python .venv/bin/python --quiet --offline --no-deps --no-build-isolation --editable .; \
	rm .venv/.installing; printf '%s\n' "$(CURDIR)" > $(ready)

# Snakemake loads every executor it finds, and this one costs each start 1.6 s: whoever has no cluster goes without.
# The next change of .venv by another target removes it.
in_cluster_lock = .venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes --no-deps \
  --requirement requirements-cluster.lock

.PHONY: cluster
cluster: $(ready) ## add what `snakemake --workflow-profile profiles/slurm` needs to .venv (docs/cluster.md)
	@$(in_cluster_lock)

# ---- figures and tables

.PHONY: always
always:

# Kept when make is interrupted: Snakemake itself removes what is incomplete.
.PRECIOUS: figures/% results/%

figures/%: always $(ready)
	@$(inside)snakemake $@ $(SNAKEMAKE_ARGS)

results/%: always $(ready)
	@$(inside)snakemake $@ $(SNAKEMAKE_ARGS)

.PHONY: figures
figures: $(ready) ## whatever Snakemake makes when nothing is named
	@$(inside)snakemake $(SNAKEMAKE_ARGS)

# In a fresh copy, so that the pictures tell of the committed runs even where the same runs were trained here too.
.PHONY: pictures
pictures: $(ready) ## figures/reference/*.png, which the README shows, from the committed runs
	@set -eu; mkdir -p dist; copy=$$(mktemp -d "$(CURDIR)/dist/pictures.XXXXXX"); trap 'rm -rf "$$copy"' EXIT; \
	.ci/fresh_copy "$$copy"; rm -r "$$copy/figures/reference"; \
	( cd "$$copy"; unset DEPTHTRANSFER_STORE DEPTHTRANSFER_STORES; PYTHONPATH="$$copy/src" VIRTUAL_ENV="$(CURDIR)/.venv" \
	  PATH="$(CURDIR)/.venv/bin:$$PATH" snakemake $(patsubst %.png,%.pdf,$(wildcard figures/reference/*.png)) $(SNAKEMAKE_ARGS) ); \
	cp "$$copy"/figures/reference/*.png figures/reference/

.PHONY: unlock
unlock: $(ready) ## free the directory after a killed Snakemake (kill -9, power cut)
	@$(inside)snakemake --unlock

# ---- the code

.PHONY: test
test: $(ready) ## unit, property and workflow tests (minutes)
	@OMP_NUM_THREADS=1 $(inside)pytest -m "not slow and not slurm" -n auto --dist loadfile $(PYTEST_ARGS)

.PHONY: test-slow
test-slow: $(ready) ## the tests marked slow
	@OMP_NUM_THREADS=1 $(inside)pytest -m slow -n auto --dist loadfile $(PYTEST_ARGS) || [ $$? -eq 5 ]  # 5: nothing is marked slow

.PHONY: test-slurm
test-slurm: $(ready) ## the cluster profile on a real Slurm that is set up here for it (root on Debian; apt-get installs it)
	@$(in_cluster_lock) --target .venv/slurm
	@LOCAL_SMOKE="$(LOCAL_SMOKE)" PYTHONPATH="$(CURDIR)/.venv/slurm" OMP_NUM_THREADS=1 \
	  $(inside)pytest tests/cluster -m slurm $(PYTEST_ARGS)

.PHONY: lint
lint: $(ready) ## style, types and the workflow's own checks; all of them, also after one has failed
	@status=0; \
	for check in 'ruff check .' 'ruff format --check .' mypy lint-imports 'snakefmt --check Snakefile workflow' 'snakemake --lint'; do \
	  echo "$$check"; $(inside)$$check || status=1; \
	done; \
	exit $$status

.PHONY: format
format: $(ready) ## rewrite the sources in the style that lint asks for
	@$(inside)ruff check --fix-only .
	@$(inside)ruff format .
	@$(inside)snakefmt Snakefile workflow

compile = .venv/bin/uv pip compile pyproject.toml --quiet --extra artifact --group dev --universal --python-version 3.11 \
  --fork-strategy fewest --generate-hashes --no-header --no-emit-index-url --no-annotate

# The second lock holds what a cluster needs on top of the first, with which it was resolved.
.PHONY: lock
lock: $(ready) ## both locks anew from pyproject.toml (keep versions; LOCK_ARGS=--upgrade renews them)
	@$(compile) --output-file requirements.lock $(LOCK_ARGS)
	@cat requirements.lock requirements-cluster.lock > .venv/cluster.lock
	@$(compile) --extra cluster --constraint requirements.lock --output-file .venv/cluster.lock $(LOCK_ARGS)
	@awk 'NR == FNR { if (/^[^ ]/) known[$$1]; next } /^[^ ]/ { on = !($$1 in known) } on' \
	  requirements.lock .venv/cluster.lock > requirements-cluster.lock
	@$(inside)pytest tests/repository/test_environment.py --quiet

.PHONY: bench
bench: $(ready) ## the numbers of benchmarks/README.md (about 20 minutes, on a quiet machine)
	@$(inside)python -m benchmarks $(BENCH_ARGS)

# ---- tidying; neither touches results/ or figures/

.PHONY: clean
clean: ## remove the tools' caches (never results or figures)
	rm -rf .pytest_cache .ruff_cache .mypy_cache .hypothesis dist
	find src tests benchmarks workflow -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## remove .venv too
	rm -rf .venv
