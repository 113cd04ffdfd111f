# Two commands matter: `make run` and `make test`. All of them can be repeated at will.
.DEFAULT_GOAL := help
.PHONY: help run setup dev test check lint translations bench mutants lives lock screenshots clean

BIN := .venv/bin

help: ## Lists these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

run: ## Sets everything up, loads the sample into an empty database, serves on PORT (8000)
	@exec deploy/setup.sh run

setup: ## Sets everything up for running, without starting anything
	@deploy/setup.sh ready

dev: ## Sets everything up for the tests as well
	@deploy/setup.sh dev

test: dev ## Runs every test: on SQLite, on PostgreSQL, and in a browser
	@deploy/test.sh

check: dev lint ## Lint, types and templates, then every test (what .ci/run runs)
	@deploy/test.sh

lint: dev
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary -p app -p bench
	@$(BIN)/djlint --quiet --lint templates
	@echo "  lint, types and templates: ok"

translations: dev ## Gathers every text into the catalogues, and makes the Traditional Chinese one
	@$(BIN)/pybabel -q extract -F translations/babel.cfg --no-location --sort-output \
	  -k _ -k gettext -k ngettext:1,2 -k lazy_gettext -k _l -k msg -o translations/messages.pot .
	@for language in en ug; do $(BIN)/pybabel -q update -N --no-fuzzy-matching \
	  -i translations/messages.pot -d translations -l $$language; done
	@$(BIN)/python translations/traditional.py translations/messages.pot
	@rm translations/messages.pot

bench: dev ## Runs every measurement of bench/ and prints its table
	@set -e; for measurement in bench/[a-z]*.py; do $(BIN)/python "$$measurement"; done

mutants: dev ## Changes what decides, one thing at a time; some test must notice each
	@$(BIN)/python -m tests.mutants

lives: dev ## Lives through many random lives of a round (LIVES=2000), on SQLite and PostgreSQL
	@JUYI_LIVES=$${LIVES:-2000} $(BIN)/pytest -qs tests/rounds/test_whole_life.py
	@JUYI_LIVES=$${LIVES:-2000} deploy/with_postgresql.sh $(BIN)/pytest -qs tests/rounds/test_whole_life.py

lock: dev ## Locks the newest versions that pyproject.toml allows, with their hashes
	@$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-header --no-emit-index-url \
	  pyproject.toml -o requirements/run.txt
	@$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-header --no-emit-index-url \
	  -c requirements/run.txt --group dev pyproject.toml -o requirements/dev.txt

screenshots: dev ## Takes the README's screenshots anew, from the sample in a real browser
	@$(BIN)/pytest -q tests/browser/test_sample_pages.py
	@cp artefacts/phone-building.png artefacts/phone-vote.png artefacts/desk-board.png \
	  artefacts/desk-home.png docs/screenshots/

clean: ## Removes what can be made again; keeps the database and the keys
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache artefacts
	@find static -name '*.gz' -delete
