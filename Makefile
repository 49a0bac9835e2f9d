# Two commands matter: `make run` and `make test`. Settings are in .env.example: make run PORT=3100
PYTHON ?= python3
VENV ?= .venv
BIN := $(abspath $(VENV))/bin
export PATH := $(BIN):$(PATH)
export PYTHONUNBUFFERED := 1

.PHONY: run test dev check chaos bench screenshots browser build installed installed-dev python-found

run: installed
	@exec python -m mentorships.run

# Hot reload: every save rebuilds, then reload the page in the browser.
dev: installed
	@exec python -m mentorships.run --dev

test: installed-dev
	@python -m tests.support.browser
	@python -m pytest $(ARGS)

check: installed-dev
	@python -m tests.support.check

# The full counts of kills and races, and all journeys that happen on several hosts; make test runs
# a sample of them.
chaos: installed-dev
	@CHAOS=full python -m pytest tests/chaos tests/several tests/journeys -m "chaos or far" $(ARGS)

# How fast it is, beside bare limits; make bench ARGS="intake contention" measures only these.
bench: installed-dev
	@python -m tests.support.browser
	@python -m benchmarks $(ARGS)

# Every page, light and dark, desk and phone, into screenshots/; ARGS=--keep renews docs/screenshots/.
screenshots: installed-dev
	@python -m tests.support.browser
	@python -m tests.support.screenshots $(ARGS)

browser: installed-dev
	@python -m tests.support.browser --install

build: installed
	@python -m mentorships.frontend

installed: python-found
	@$(PYTHON) -I mentorships/install.py $(VENV) requirements.txt

installed-dev: installed
	@$(PYTHON) -I mentorships/install.py $(VENV) requirements.txt requirements-dev.txt

python-found:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: install Python 3.11 or newer"; exit 1; }
