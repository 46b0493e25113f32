# The commands of this project. `make` alone prints this list.
PYTHON ?= python3
BIN := .venv/bin
PAPER_OUT ?= runs/paper
JOBS ?= $(shell nproc)

.DEFAULT_GOAL := help
.PHONY: help paper test test-quick test-full check docs pictures bench growth mutants lock clean

help: ## print this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q sim models workloads experiments results # as pip does but for --editable
	@touch $@

paper: .venv/installed ## regenerate the paper's figures and tables into runs/paper
	$(BIN)/forksim paper --jobs $(JOBS) --out $(PAPER_OUT)

test: .venv/installed ## run the tests (under 8 minutes on two cores)
	$(BIN)/pytest -n 2 --dist worksteal -m "not full"

test-quick: .venv/installed ## run the tests but for histories, processes, figures, evaluation (under a minute)
	$(BIN)/pytest -n 2 --dist worksteal -m "not (full or histories or processes or figures or evaluation)"

test-full: .venv/installed ## run every test, the slow ones too
	$(BIN)/pytest -n 2 --hypothesis-profile=random

check: .venv/installed ## formatting, lint, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: .venv/installed ## write the table of forks in docs/schemes.md anew
	$(BIN)/python -m experiments.forks.document docs/schemes.md

pictures: .venv/installed ## make the pictures of README.md and docs/ anew (a few minutes)
	$(BIN)/python benchmarks/pictures.py

bench: .venv/installed ## run the benchmarks
	PYTHONPATH=benchmarks $(BIN)/pytest benchmarks -p beside_plain -o python_files="bench_*.py" -o python_functions="bench_*" --benchmark-columns=median,iqr,rounds --benchmark-sort=name --benchmark-group-by=group

growth: .venv/installed ## measure how time and memory grow (ten minutes), into docs/pictures
	$(BIN)/python benchmarks/growth.py docs/pictures/growth.csv
	$(BIN)/python benchmarks/growth_figure.py docs/pictures/growth.csv docs/pictures/growth.md docs/pictures/growth.png

mutants: .venv/installed ## change the sources at random, 300 times, and see whether tests notice (two hours)
	$(BIN)/python benchmarks/mutants.py --number 300 --out mutants.jsonl

lock: .venv/installed ## pin and hash every dependency anew into requirements.lock
	$(BIN)/pip-compile --quiet --extra dev --all-build-deps --allow-unsafe --generate-hashes --strip-extras \
	  --no-emit-options --no-header --output-file requirements.lock pyproject.toml

clean: ## remove what the other commands made, runs/ excepted
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build *.egg-info
