# Two commands do everything, the set-up included:  make report   make test
# `make report STUDY=studies/own_data.yaml` makes the report of another study.

PYTHON ?= python3
CORES ?= all
STUDY ?=
PROFILE ?= profiles/slurm
OPTIONS ?=
ROOMS ?=
ENVIRONMENT := .venv
READY := $(ENVIRONMENT)/ready
export PATH := $(CURDIR)/$(ENVIRONMENT)/bin:$(PATH)

.PHONY: report resume test style unit browser workflow test-slurm targets mutants models lock schema arithmetic clean

report: $(READY)
	snakemake --cores $(CORES) --resources gpu=1 $(if $(STUDY),--configfile $(STUDY))
	@python scripts/name_documents.py $(if $(STUDY),--study $(STUDY))

# After Snakemake was killed while its jobs were in Slurm: cancel them, unlock the folder, go on. With the same STUDY.
resume: $(READY)
	python scripts/cancel_orphans.py --profile $(PROFILE)
	snakemake --profile $(PROFILE) $(if $(STUDY),--configfile $(STUDY)) --unlock
	snakemake --profile $(PROFILE) $(if $(STUDY),--configfile $(STUDY)) $(OPTIONS)

test: style unit browser workflow test-slurm

style: $(READY)
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile rules
	snakemake --lint
	PYTHONPATH=scripts lint-imports

unit: $(READY)
	OMP_NUM_THREADS=1 python -m pytest -q -n 2 --dist loadfile -m "not workflow and not demo and not browser and not slurm" --durations=10

# The page in Chromium, as far as there is one; nothing is downloaded.
browser: $(READY)
	python -m pytest -q -m browser -rs --durations=3

workflow: $(READY)
	python -m pytest -q -m workflow --durations=10

# A study on a real Slurm, started here with a fake GPU; needs root and Debian's packages, see docs/cluster.md.
test-slurm: $(READY)
	python -m pytest -q -m slurm -rs --durations=10

# The demo study on two other data seeds: does fine-tuning add to what pretraining taught? About twenty minutes.
targets: $(READY)
	python -m pytest -q -m demo --durations=5

# Every method on tiny models of many architectures, a few minutes: the table in docs/models.md.
models: $(READY)
	OMP_NUM_THREADS=1 python tests/try_methods.py docs/models.md

# Which small faults, put into the library one at a time, do its unit tests not notice? ROOMS=scoring OPTIONS=--sample=0
# for all of a room, minutes to hours; what was found is kept in mutants/, and a run that was cut short goes on.
mutants: $(READY)
	@test -d mutants/tools || python -m pip install --quiet --target mutants/tools mutmut==3.8.1
	PYTHONPATH=mutants/tools python tests/mutation/mutants.py $(ROOMS) $(OPTIONS)

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

# The schema by which editors check config files, after a change of a setting. A test says when it is due.
schema: $(READY)
	PYTHONPATH=scripts python -m fineprint.study.json_schema docs/config.schema.json

# What the report's claims are held against besides a study's own figures: sizes counted at the models' own size, and the
# memory of the assignment's way in docs/speed.json. A test says when it is due.
arithmetic: $(READY)
	python scripts/count_sizes.py --study studies/capacity.yaml --output report/arithmetic.json
	python bench/quote.py docs/speed.json report/assignment.json

clean:
	rm -rf results checkpoints logs benchmarks .snakemake
