# make demo · make test · make nemesis · make check · make fix · make serve · make bench · make docs
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
UV_VERSION := 0.13.9

.PHONY: demo test nemesis check fix serve bench docs install lock clean

demo: install
	@$(BIN)/python examples/demo.py $(ARGS)

test: install
	$(BIN)/python -m pytest $(ARGS)

nemesis: install
	$(BIN)/python -m tests.nemesis --posts 2000 --seeds 3 $(ARGS)

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

fix: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

serve: install
	$(BIN)/layers up

bench: install
	$(BIN)/python -m benchmarks $(ARGS)

docs: install
	$(BIN)/python docs/generate.py

install: $(STAMP)

# uv comes from the package index into .venv when the machine has none; everything else is locked with hashes.
$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

lock:
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url \
		--python-version 3.11 --quiet --output-file requirements.lock

clean:
	rm -rf .venv
