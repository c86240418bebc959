# Two commands do everything, the set-up included:  make report   make test
# `make report STUDY=studies/own_data.yaml` makes the report of another study.

PYTHON ?= python3
CORES ?= all
STUDY ?=
ENVIRONMENT := .venv
READY := $(ENVIRONMENT)/ready
export PATH := $(CURDIR)/$(ENVIRONMENT)/bin:$(PATH)

.PHONY: report test style unit browser workflow targets lock clean

report: $(READY)
	snakemake --cores $(CORES) --resources gpu=1 $(if $(STUDY),--configfile $(STUDY))
	@python scripts/name_documents.py $(if $(STUDY),--study $(STUDY))

test: style unit browser workflow

style: $(READY)
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile rules
	snakemake --lint

unit: $(READY)
	OMP_NUM_THREADS=1 python -m pytest -q -n 2 --dist loadfile -m "not workflow and not demo and not browser" --durations=10

# The page in Chromium, as far as there is one; nothing is downloaded.
browser: $(READY)
	python -m pytest -q -m browser -rs --durations=3

workflow: $(READY)
	python -m pytest -q -m workflow --durations=10

# The demo study on two seeds: does every method reach what it is made to show? About ten minutes.
targets: $(READY)
	python -m pytest -q -m demo --durations=5

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=…" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(ENVIRONMENT)
	python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@touch $@

# Resolve requirements.in in a fresh environment and write down what came out.
lock:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --requirement requirements.in
	( sed -n '/^#/p' requirements.lock; \
	  .venv-lock/bin/python -m pip freeze | sed 's/+cpu//' | grep -viE '^(nvidia-|triton)' ) >requirements.lock.new
	mv requirements.lock.new requirements.lock
	.venv-lock/bin/python envs/pin.py
	rm -rf .venv-lock

clean:
	rm -rf results checkpoints logs benchmarks .snakemake
