# `make demo` does the main job on generated pictures, `make test` runs all checks, and `make lowest` runs what needs no
# extra (no torch) on the oldest versions of the dependencies; CI runs the last two.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PYTEST_FLAGS ?= -n auto

LOWEST := .venv-lowest
.PHONY: demo test lowest lint install clean

demo: $(INSTALLED)
	$(BIN)/tagfit demo

test: lint
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

lowest: $(LOWEST)/.installed
	$(LOWEST)/bin/python -m pytest $(PYTEST_FLAGS) --without-extras

$(LOWEST)/.installed: pyproject.toml constraints-lowest.txt
	$(PYTHON) -m venv --clear $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints-lowest.txt \
		--editable . hypothesis pytest pytest-xdist
	@touch $@

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tagfit needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(INSTALLED)

clean:
	rm -rf $(VENV) $(LOWEST) .mypy_cache .pytest_cache .ruff_cache build dist
