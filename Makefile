# `make demo` does the main job on generated pictures, `make test` runs all checks, and `make lowest` runs what needs no
# extra (no torch) on the oldest versions of the dependencies; CI runs the last two.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PYTEST_FLAGS ?= -n auto --dist worksteal

LOWEST := .venv-lowest
APT = { [ "$$(id -u)" = 0 ] && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(1) >/dev/null; } \
	|| echo "NOT INSTALLED: $(1); $(2) are skipped (apt-get install $(1))"
.PHONY: demo test tools lowest lint install clean

demo: $(INSTALLED)
	$(BIN)/tagfit demo

test: lint tools
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

# Two programs that tests compare with: a browser, and the referee of metadata. Only root may install them with apt.
tools:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || $(call APT,chromium,the browser tests)
	@command -v exiftool >/dev/null || $(call APT,libimage-exiftool-perl,the tests that ask ExifTool)

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
