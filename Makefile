# Two commands: `make run` starts everything, `make test` runs every test.
PYTHON ?= python3
VENV ?= .venv

.PHONY: run test lint format words check clean help

run: $(VENV)/.installed ## start the site and its workers
	@exec $(VENV)/bin/python manage.py up

test: $(VENV)/.installed-dev ## run the whole test suite
	@$(VENV)/bin/python -m pytest -n auto --dist loadfile $(TESTS)

lint: $(VENV)/.installed-dev ## format, lint, types, import arrows, templates, migrations
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@$(VENV)/bin/djlint --lint --quiet templates
	@$(VENV)/bin/python manage.py makemigrations --check --dry-run
	@EYES_HTTPS=1 EYES_HOSTS=eyes.example.org $(VENV)/bin/python manage.py check --deploy --fail-level WARNING

format: $(VENV)/.installed-dev ## rewrite the code in the house format
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

# Needs the gettext tools; whoever only runs or tests eyes does not, for the compiled file is committed.
words: $(VENV)/.installed-dev ## collect texts for translation and compile them
	@$(VENV)/bin/python manage.py makemessages --locale de --no-location --no-wrap --no-obsolete \
	  --ignore '.venv/*' --ignore 'tests/*' --ignore 'benchmarks/*' --ignore 'media/*' --ignore 'var/*'
	@$(VENV)/bin/python manage.py compilemessages --locale de --verbosity 0
	@msgattrib --untranslated --no-wrap locale/de/LC_MESSAGES/django.po | grep '^msgid' || true
	@msgattrib --only-fuzzy --no-wrap locale/de/LC_MESSAGES/django.po | grep '^msgid' || true

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "eyes needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make run PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "The folder $(VENV) cannot be made here: is this folder writable, and is Python's venv module installed?" >&2; exit 1; }

$(VENV)/.installed: requirements.txt | $(VENV)/bin/python
	@echo "Installing what eyes needs (once, a minute or two) …"
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt requirements.txt | $(VENV)/.installed
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
