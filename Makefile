# `make demo` and `make test` set up all that they need and then do their work; `make` alone lists what there is.
PYTHON ?= python3
BIN := $(CURDIR)/.venv/bin
export PATH := $(BIN):$(PATH)
CONFIG ?= config/config.yaml
PROFILE ?= profiles/local
INPUTS ?= 2000
IMAGES ?= 2000
SEED ?= 0
# what is locked already stays as it is, where the .in files allow it
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-annotate \
    --custom-compile-command "make lock"
SNAKEMAKE := snakemake --profile profiles/local --configfile $(CONFIG)

.PHONY: help demo watch verify crate report new leave_one_source_out doctor image sif test fuzz kills schema bench lint format clean lock
.DELETE_ON_ERROR:

help: ## list the targets
	@sed -n 's/^\([a-z_]*\):.*## /\1\t/p' Makefile | expand -t 22

demo: .venv/chestgan ## run the whole study on data that the project makes itself
	snakemake --profile profiles/local --configfile config/config.yaml

watch: .venv/chestgan ## keep a page of the samples of a study's trainings so far; CONFIG=config/mine.yaml
	@python workflow/watch.py $(CONFIG)

verify: .venv/chestgan ## compare every result of a finished study with its checksum; CONFIG=config/mine.yaml
	@python workflow/verify.py $(CONFIG)

crate: .venv/chestgan ## describe a finished study as an RO-Crate, to publish or archive it; CONFIG=config/mine.yaml
	@python workflow/make_crate.py $(CONFIG)

report: .venv/chestgan ## collect a finished study's rules and figures in Snakemake's own report, results/NAME/snakemake.html
	@dataset=$$(python -c 'import sys, yaml; print(yaml.safe_load(open(sys.argv[1]))["dataset"])' $(CONFIG)) && \
	$(SNAKEMAKE) --report "results/$$dataset/snakemake.html"

new: .venv/chestgan ## write a configuration for a folder of images from what is in it; DATA=folder NAME=study
	@[ -n "$(DATA)" ] || { echo "error: name the folder of the images: make new DATA=my/images" >&2; exit 1; }
	@python scripts/configure_study.py --folder "$(DATA)" $(if $(NAME),--name "$(NAME)")

leave_one_source_out: .venv/chestgan ## test on each source in turn, in a study of its own, and tabulate them; CONFIG=config/mine.yaml
	python scripts/leave_one_source_out.py --profile $(PROFILE) --configfile $(CONFIG)

doctor: .venv/chestgan ## check what this machine or cluster has and lacks; PROFILE=slurm CONFIG=config/cxr.yaml
	python scripts/check_setup.py --profile $(PROFILE) --configfile $(CONFIG)

image: ## build the container image with docker or podman; INCEPTION_WEIGHTS=PATH_OR_ADDRESS goes into it
	containers/build.sh image

sif: ## build the same image for Apptainer
	containers/build.sh sif

test: .venv/dev ## run the tests, two at a time
	python -m pytest --numprocesses 2 --no-loadscope-reorder --durations 20 --durations-min 10

fuzz: .venv/dev ## feed every script with damaged and hostile input; INPUTS=2000 IMAGES=2000 SEED=0
	PYTHONPATH=scripts:tests python tests/fuzz/fuzz.py --inputs $(INPUTS) --images $(IMAGES) --seed $(SEED)

kills: .venv/dev ## kill trainings, other stages and Snakemake at any moment, and compare their results
	PYTHONPATH=scripts:tests:tests/fuzz python tests/fuzz/kills.py

schema: .venv/chestgan ## generate the schema of the configuration from the scripts' settings
	python workflow/schemas/make_schema.py

bench: .venv/chestgan ## measure the speed on a quiet machine, for docs/performance.md; PARTS="split plan": some of it
	PYTHONPATH=scripts python bench/bench.py $(addprefix --parts ,$(PARTS))

lint: .venv/dev ## check the code with the formatters and linters
	ruff check .
	ruff format --check .
	snakefmt --check workflow
	snakemake --lint

format: .venv/dev ## format the code
	ruff check --fix .
	ruff format .
	snakefmt workflow

clean: ## remove the demo's data and results, and the caches; other studies stay
	rm -rf data/demo results/demo .pytest_cache .ruff_cache
	rm -rf logs/demo logs/make_demo_data.log benchmarks/demo benchmarks/make_demo_data.tsv

lock: .venv/dev ## pin the packages of the two .in files, with all that they depend on and the checksums of their files
	$(COMPILE) envs/chestgan.in --output-file envs/chestgan.lock
	$(COMPILE) --constraint envs/chestgan.lock envs/chestgan.in envs/dev.in --output-file envs/dev.lock

# the lock is for every platform; what it was when an environment was made lies beside it, for results name it
.venv/chestgan: envs/chestgan.lock
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "error: Python 3.11 or later is needed")'
	$(PYTHON) -m venv .venv
	pip install --quiet --require-hashes --requirement envs/chestgan.lock
	cp envs/chestgan.lock .venv/chestgan.lock
	touch $@

.venv/dev: .venv/chestgan envs/dev.lock
	pip install --quiet --require-hashes --requirement envs/dev.lock
	touch $@
