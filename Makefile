# Two commands do everything on a fresh machine with Python 3.11 or newer: make demo, make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
endif
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Where PyTorch comes from, as arguments of pip: an index, or a folder of wheels. Empty: the index
# that pip is configured with.
TORCH_PIP_ARGS ?=
# A file that pins all else with hashes, as CI has it; empty: the newest versions that are allowed.
REQUIREMENTS ?=

define TORCH_NOTE

Fetching $(shell sed -n 's/^torch==/PyTorch /p' constraints.txt) $(if $(TORCH_PIP_ARGS),with: $(TORCH_PIP_ARGS),from the index that pip is configured with).
On Linux the build on the public package index brings CUDA: several gigabytes. The build for CPUs is
enough for all of this and has about 200 MB; to get it, stop here (Ctrl-C) and run
    make $(or $(MAKECMDGOALS),demo) TORCH_PIP_ARGS="--index-url ADDRESS"
with the address of PyTorch's own CPU index, which README.md names. On macOS and Windows the public
index has the small build already.

endef

.PHONY: demo test test-slow check static bench bench-peers docs docs-check docs-site requirements-ci clean

demo: $(VENV)/.installed
	$(BIN)/seqlab demo

test: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

test-slow: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow

# Format, lint, types, import layers, docs, tests.
check: static docs-check test

static: $(VENV)/.installed-dev
	$(BIN)/ruff format --check seqlab tests bench examples
	$(BIN)/ruff check seqlab tests bench examples
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed-dev
	$(BIN)/python -m bench

# Peers live in environments of their own; PyTorch is installed first and alone, so that none of
# them brings another build of it.
PEERS := .venv-peers-hf .venv-peers-keras

bench-peers: $(VENV)/.installed-dev $(PEERS:=/.installed)
	$(BIN)/python -m bench peers

.venv-peers-%/.installed: bench/peers-%.txt constraints.txt
	$(PYTHON) -m venv $(@D)
	$(subst $(VENV),$(@D),$(BIN))/python -m pip install --quiet -c constraints.txt torch
	$(subst $(VENV),$(@D),$(BIN))/python -m pip install --quiet -c constraints.txt -r $<
	$(foreach file,$(wildcard bench/peers-$*-alone.txt),\
		$(subst $(VENV),$(@D),$(BIN))/python -m pip install --quiet --no-deps -r $(file))
	touch $@

docs: $(VENV)/.installed-dev
	$(BIN)/python -m bench.docs --write

docs-check: $(VENV)/.installed-dev
	$(BIN)/python -m bench.docs

# The pages of docs/ as a site, in build/site.
docs-site: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[docs]"
	$(BIN)/python -m mkdocs build

$(VENV)/pyvenv.cfg:
	$(PYTHON) -m venv $(VENV)

# PyTorch is installed first and alone, so that its source concerns nothing else.
$(VENV)/.torch: $(VENV)/pyvenv.cfg constraints.txt
	$(info $(TORCH_NOTE))
	$(BIN)/python -m pip install --quiet $(TORCH_PIP_ARGS) -c constraints.txt torch
	touch $@

$(VENV)/.installed: $(VENV)/.torch pyproject.toml
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.torch pyproject.toml $(REQUIREMENTS)
ifeq ($(REQUIREMENTS),)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev,references]"
else
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r $(REQUIREMENTS)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	$(BIN)/python -m pip check
endif
	touch $(VENV)/.installed $@

# What is installed now, and green, becomes what CI installs. The resolver covers every platform.
requirements-ci: $(VENV)/.installed-dev
	$(PYTHON) -m venv $(VENV)-resolver
	$(subst $(VENV),$(VENV)-resolver,$(BIN))/python -m pip install --quiet uv
	$(BIN)/python -m pip freeze --exclude-editable >$(VENV)-resolver/installed.txt
	head -2 requirements-ci.txt >$(VENV)-resolver/head.txt
	$(subst $(VENV),$(VENV)-resolver,$(BIN))/uv pip compile pyproject.toml --extra dev \
		--extra references --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-header --no-emit-package torch -c $(VENV)-resolver/installed.txt \
		-o $(VENV)-resolver/pinned.txt >/dev/null
	cat $(VENV)-resolver/head.txt $(VENV)-resolver/pinned.txt >requirements-ci.txt

clean:
	rm -rf $(VENV) $(VENV)-resolver build dist *.egg-info
