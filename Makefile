# Vestnik. `make run` shows it with a sample shop, `make test` runs everything.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements.lock

.PHONY: install run test bench-pull bench-groups bench-compose bench-scenarios lint types messages lock revision clean
.DEFAULT_GOAL := install

# The stamp is newer than the lock and pyproject.toml when the environment holds what they name.
install: $(VENV)/installed
$(VENV)/installed: pyproject.toml $(LOCK)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint $(LOCK) --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint $(LOCK) --editable '.[dev]'
	@touch $@

run: install
	$(BIN)/vestnik demo

test: $(VENV)/installed-dev
	$(BIN)/pytest -n auto $(ARGS)

# A shop of a million users in MariaDB, and how fast it is read: docs/benchmarks.md. A quick run: make bench-pull BENCH=0.02
BENCH ?= 1
bench-pull: $(VENV)/installed-dev
	BENCH_SCALE=$(BENCH) $(BIN)/python -m tests.benchmarks.pull $(ARGS)

# Groups asked on a mirror of a million people, in SQLite and MariaDB. A quick run: make bench-groups BENCH=0.02
bench-groups: $(VENV)/installed-dev
	BENCH_SCALE=$(BENCH) $(BIN)/python -m tests.benchmarks.groups $(ARGS)

# What a letter costs: rendered, its links marked and tracked, its message built; beside Jinja2 alone and the usual way.
bench-compose: $(VENV)/installed-dev
	$(BIN)/python -m tests.benchmarks.letters

# All scenarios walked and planned on a mirror of a million people. A quick run: make bench-scenarios BENCH=0.02
bench-scenarios: $(VENV)/installed-dev
	BENCH_SCALE=$(BENCH) $(BIN)/python -m tests.benchmarks.scenarios $(ARGS)

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed-dev
	$(BIN)/mypy

# Texts of code and pages into the catalogues: translations stay, new texts come untranslated, unused ones go.
messages: $(VENV)/installed-dev
	mkdir -p var
	$(BIN)/pybabel --quiet extract --mapping babel.cfg --keywords N_ --add-location file --sort-by-file --no-wrap \
	  --project Vestnik --output var/vestnik.pot core connectors blocks scenarios
	$(BIN)/pybabel --quiet update --domain vestnik --input-file var/vestnik.pot --output-dir core/locale --no-wrap \
	  --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date

# Pins every version anew from pyproject.toml: review the difference before committing it.
lock:
	$(PYTHON) -m venv var/lock
	var/lock/bin/pip install --quiet --editable '.[dev]'
	var/lock/bin/pip freeze --exclude-editable > $(LOCK)
	rm -rf var/lock

# A migration from the last revision to core/tables: make revision NUMBER=0002 TITLE="Read receipts"
revision: $(VENV)/installed-dev
	rm -f var/revision.db && mkdir -p var
	$(BIN)/python -c "from core import db, migrations as m; e = db.connect('sqlite:///var/revision.db'); \
	  m.upgrade(e); m.write_revision(e, '$(TITLE)', '$(NUMBER)')"
	$(BIN)/ruff check --fix --quiet core/migrations; $(BIN)/ruff format --quiet core/migrations

clean:
	rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache
