# One command a purpose; CI calls the same ones.
PY ?= python

.PHONY: check test check-all bench docs

check:  ## format, lint, types, layers, sizes
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	lint-imports
	$(PY) scripts/check_sizes.py

test:  ## the test suite, with coverage of lines
	$(PY) -m pytest -n 2 --dist worksteal -m "not heavy" --cov --cov-report=term

check-all: check  ## everything, with what is slow or heavy: full kill walks and peers
	$(PY) -m pytest -n 2 --dist worksteal --cov --cov-report=term
	$(PY) benchmarks/startup.py
	$(PY) benchmarks/pipeline.py --peers
	$(PY) benchmarks/data.py
	$(PY) benchmarks/drift.py
	$(PY) benchmarks/serving.py

bench:  ## every benchmark, each printing its table
	for script in benchmarks/*.py; do echo "== $$script"; $(PY) $$script; done

docs:  ## the generated reference of the command line
	$(PY) -m mainspring.cli.reference > docs/cli.md
