# make demo · make test · make nemesis · make fuzz · make check · make audit · make fix · make serve · make dashboard · make bench · make peers · make docs
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
PAGE := src/layers/dashboard/static/index.html
PAGE_SOURCES := $(shell find dashboard sdks/typescript/src -type f -not -path '*/node_modules/*')
PEERS := benchmarks/peers
LOCKS := requirements.lock $(PEERS)/requirements.lock
NPM_LOCKS := dashboard/package-lock.json sdks/typescript/package-lock.json
PEERS_STAMP := $(PEERS)/.venv/.installed
UV_VERSION := 0.13.9

# Tests start many processes; none of them shall compile every module again, whatever the machine is set to.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test nemesis fuzz check audit fix serve dashboard page browser bench peers docs install lock clean

demo: install page
	@$(BIN)/python examples/demo.py $(ARGS)

test: install browser
	$(BIN)/python -m pytest $(ARGS)

nemesis: install
	$(BIN)/python -m tests.nemesis --posts 2000 --seeds 3 $(ARGS)

fuzz: install
	$(BIN)/python -m tests.fuzz $(ARGS)

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	$(BIN)/python sdks/generate.py --check
	$(BIN)/python sdks/typescript/generate.py --check
	$(BIN)/python .ci/audit.py $(LOCKS) $(NPM_LOCKS)

# Like the audit in `check`, and fails where the service of known vulnerabilities cannot be asked.
audit: install
	$(BIN)/python .ci/audit.py --strict $(LOCKS) $(NPM_LOCKS)

fix: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

serve: install page
	$(BIN)/layers up

dashboard: install $(PAGE)

# With what needs npm's registry, for what works without it.
page: install
	@$(MAKE) --no-print-directory dashboard || true

$(PAGE): $(PAGE_SOURCES)
	@$(BIN)/python dashboard/build.py

# What the tests of the dashboard drive.
browser:
	@command -v chromium > /dev/null || { test "$$(id -u)" = 0 && apt-get -qq update && apt-get -qq install -y chromium; } \
		|| { echo 'The tests need Chromium: apt-get install chromium'; exit 1; }

bench: install
	$(BIN)/python -m benchmarks $(ARGS)

# Side by side with what one would otherwise pick: installs those into a virtual environment of their own.
peers: install $(PEERS_STAMP)
	$(BIN)/python -m benchmarks.peers $(ARGS)

$(PEERS_STAMP): $(PEERS)/requirements.lock
	@test -x $(PEERS)/.venv/bin/python || $(PYTHON) -m venv $(PEERS)/.venv
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(PEERS)/.venv/bin/python --require-hashes $<
	@touch $@

docs: install
	$(BIN)/python docs/generate.py --site site
	$(BIN)/python sdks/generate.py
	$(BIN)/python sdks/typescript/generate.py

install: $(STAMP)

# uv comes from the package index into .venv when the machine has none; everything else is locked with hashes.
$(STAMP): requirements.lock pyproject.toml sdks/python/pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . --editable sdks/python
	@touch $@

lock:
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url --no-emit-package layers-sdk \
		--python-version 3.11 --quiet --output-file requirements.lock
	$(BIN)/uv pip compile $(PEERS)/requirements.in --universal --generate-hashes --no-emit-index-url \
		--python-version 3.11 --quiet --output-file $(PEERS)/requirements.lock

clean:
	rm -rf .venv $(PEERS)/.venv dashboard/node_modules $(dir $(PAGE))
