# What one does with this repository. `make run` and `make test` set up what they need.

.PHONY: help setup run demo college comm test test-quick test-react-chat coverage test-phase rollback-drill faults load comm-corpus bench bench-quick lint audit format pins

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 17

setup: ## virtual environment, packages, .env, database, demo people and projects
	@scripts/setup.sh

run: setup ## the site on http://127.0.0.1:8000 (PORT=n for another port)
	@exec ./start.sh

demo: setup ## the same in phase 4, half of the people on WebSocket, with believable changes every few seconds
	@scripts/demo.sh

college: ## messaging on a site of another kind: people with UUIDs, colleges as tenants (PORT=8200, DATABASE_URL, REDIS_URL)
	@scripts/setup.sh --dev
	@exec ./start.sh tests.sites.college.settings

comm: ## the communication API alone, open to everybody (PORT=8300, COMM_API, DATABASE_URL; without it a temporary PostgreSQL)
	@scripts/setup.sh --dev
	@exec scripts/comm.sh

# Python keeps what it has compiled, whatever the environment says: else every process compiles the tests again.
test test-quick coverage: export PYTHONDONTWRITEBYTECODE :=
PYTEST = .venv/bin/python -m pytest
SIDE_BY_SIDE = -n 5 --dist loadfile --no-loadscope-reorder

test: ## every test (installs what scripts/test-tools.sh names with apt where it is missing)
	@scripts/setup.sh --dev
	@scripts/test-tools.sh
ifeq ($(strip $(ARGS)),)
	@# Most tests wait rather than work, so several share the processors. Those with deadlines of seconds come after, two
	@# at a time, and then, one by one, those that measure. Only the files that have such tests are read for these.
	@# They share what takes long to make: a database with its tables, the collected static files.
	@GISTAGUM_TESTS_MADE_ONCE=$$(mktemp -d) || exit 1; export GISTAGUM_TESTS_MADE_ONCE; \
	trap 'rm -rf "$$GISTAGUM_TESTS_MADE_ONCE"' EXIT; failed=""; \
	$(PYTEST) $(SIDE_BY_SIDE) -m "not alone and not quiet" --durations 20 --durations-min 10 || failed="side by side"; \
	$(PYTEST) -n 2 --dist loadfile -m quiet $$(grep -rl --include '*.py' 'mark\.quiet' tests) || failed="$$failed two at a time"; \
	$(PYTEST) -m alone --durations 12 --durations-min 10 $$(grep -rl --include '*.py' 'mark\.alone' tests) || failed="$$failed alone"; \
	[ -z "$$failed" ] || { echo "test: failures among the tests that run: $$failed" >&2; exit 1; }
else
	@$(PYTEST) $(ARGS)
endif

test-react-chat: ## the example of a chat in React, built with npm and driven in Chromium (leaves reports/react-chat/)
	@scripts/setup.sh --dev
	@scripts/test-tools.sh
	@$(PYTEST) -p no:randomly examples/react-chat/tests $(ARGS)

QUICK = tests/realtime tests/projeng tests/messaging tests/comm_service tests/gistagum tests/js tests/benchmarks
test-quick: ## the tests that start no server, in less than two minutes: for every save (needs Python alone)
	@scripts/setup.sh --dev
	@$(PYTEST) -n 2 --dist worksteal -m "not servers and not alone and not quiet" $(QUICK) $(ARGS)

coverage: ## which lines and branches the tests that start no server run, beside each other: reports/coverage/
	@scripts/setup.sh --dev
	@.venv/bin/coverage erase
	@.venv/bin/coverage run -m pytest -n 2 --dist worksteal -m "not servers and not alone and not quiet" $(QUICK) $(ARGS)
	@.venv/bin/coverage combine --quiet
	@.venv/bin/coverage html --quiet
	@.venv/bin/coverage report

test-phase: ## the suite of one phase alone (PHASE=0 to 5); leaves its result for `manage.py migration check`
	@case "$(PHASE)" in [0-5]) ;; *) echo "test-phase: say which: make test-phase PHASE=0 (to 5)" >&2; exit 2 ;; esac
	@scripts/setup.sh --dev
	@scripts/test-tools.sh
	@.venv/bin/python -m pytest -p tests.evidence --evidence phase-$(PHASE) tests/phase$(PHASE)

rollback-drill: ## every way between two phases, with people connected and at work; leaves reports/rollback-drill.json
	@scripts/setup.sh --dev
	@scripts/test-tools.sh
	@.venv/bin/python -m pytest tests/rollback/test_drill.py

faults: ## every fault that can befall the office, alone and mixed (MINUTES=10 of them mixed, SEED=n); leaves reports/faults.md
	@scripts/setup.sh --dev
	@scripts/test-tools.sh
	@.venv/bin/python -m tests.faults --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED))

load: ## 2,000 clients at 50 events a second for five minutes, then 10,000 that come and go; leaves reports/load-*.json
	@scripts/setup.sh --dev
	@scripts/test-tools.sh
	@failed=""; \
	.venv/bin/python -m tests.faults.load $(ARGS) || failed="held"; \
	.venv/bin/python -m tests.faults.load --churn 10000 $(ARGS) || failed="$$failed churn"; \
	[ -z "$$failed" ] || { echo "load: did not hold: $$failed" >&2; exit 1; }

comm-corpus: ## the communication API: every request of the corpus to both sides, on SQLite and PostgreSQL; leaves reports/comm-parity.html
	@scripts/setup.sh --dev
	@scripts/test-tools.sh
	@.venv/bin/python -m tests.comm_service.corpus --kept docs/comm-parity.md $(ARGS)

bench: ## measured beside the peers, in an hour: reports/bench.html (ARGS="--only burst plan daphne-ws" for less)
	@scripts/setup.sh --dev
	@benchmarks/setup.sh
	@.venv/bin/python -m benchmarks $(ARGS)

bench-quick: ## the same in three minutes, with few clients: does it all work, not how fast is it
	@$(MAKE) --no-print-directory bench ARGS="--quick --json reports/bench-quick.json $(ARGS)"

lint: ## every linter (.pre-commit-config.yaml), known vulnerabilities (STRICT=1: fails where something could not be checked)
	@scripts/setup.sh --dev
	@.venv/bin/pre-commit run --all-files
	@.venv/bin/python scripts/audit.py$(if $(STRICT), --strict)

audit: ## known vulnerabilities in the pins alone; fails where nobody can be asked
	@scripts/setup.sh --dev
	@.venv/bin/python scripts/audit.py --strict

format: ## puts the code into the project's style
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

pins: ## compiles requirements*.in into the pinned requirements*.txt
	@for name in requirements requirements-dev; do \
	  .venv/bin/pip-compile --quiet --upgrade --strip-extras --allow-unsafe --no-emit-index-url \
	    --no-emit-trusted-host --no-emit-find-links --output-file $$name.txt $$name.in; done
	@cd benchmarks && ../.venv/bin/pip-compile --quiet --upgrade --strip-extras --allow-unsafe --no-emit-index-url \
	  --no-emit-trusted-host --no-emit-find-links --output-file requirements.txt requirements.in
