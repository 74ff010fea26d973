# Two commands do everything on a fresh machine with Python 3.11 or newer: make demo, make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
endif
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test test-slow check static bench bench-peers docs docs-check clean

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

$(VENV)/pyvenv.cfg:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev,references]"
	touch $(VENV)/.installed $@

clean:
	rm -rf $(VENV) build dist *.egg-info
