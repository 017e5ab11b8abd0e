# What one does with this repository. `make run` and `make test` set up what they need.

.PHONY: help setup run demo test lint audit format pins

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

setup: ## virtual environment, packages, .env, database, demo people and projects
	@scripts/setup.sh

run: setup ## the site on http://127.0.0.1:8000
	@exec ./start.sh

demo: setup ## the same, with believable changes every few seconds
	@scripts/demo.sh

test: ## every test (installs redis-server, PostgreSQL, Chromium and nginx with apt where they are missing)
	@scripts/setup.sh --dev
	@scripts/test-tools.sh
ifeq ($(strip $(ARGS)),)
	@# Most tests wait rather than work, so several share the processors; those that measure come after, one by one.
	@failed=""; \
	.venv/bin/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not alone" || failed="side by side"; \
	.venv/bin/python -m pytest -m alone || failed="$$failed alone"; \
	[ -z "$$failed" ] || { echo "test: failures among the tests that run: $$failed" >&2; exit 1; }
else
	@.venv/bin/python -m pytest $(ARGS)
endif

lint: ## style, types on public functions, unused things
	@scripts/setup.sh --dev
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .

audit: ## known vulnerabilities in the pins (asks the package index)
	@scripts/setup.sh --dev
	@.venv/bin/pip-audit --progress-spinner off --disable-pip --no-deps -r requirements.txt

format: ## puts the code into the project's style
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

pins: ## compiles requirements*.in into the pinned requirements*.txt
	@for name in requirements requirements-dev; do \
	  .venv/bin/pip-compile --quiet --upgrade --strip-extras --allow-unsafe --no-emit-index-url \
	    --no-emit-trusted-host --no-emit-find-links --output-file $$name.txt $$name.in; done
