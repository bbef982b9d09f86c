# Every command of the project. The first run installs what it needs; later runs start at once.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
HOST ?= 127.0.0.1
PORT ?= 8000
DATA ?= .local
MQTT_PORT ?= 0
HISTORY ?= 0
TRACES ?= ../shared/traces
PYTHON ?= python3.11
ARCH ?= arm64
STAGE ?= dev
BIN := .venv/bin
WORKERS ?= 3
REQUESTS ?= 20000
EXAMPLES ?= 50
SEED ?= 1
PIS ?= 50
SECONDS ?= 300
KILL_SECONDS ?= 20
UPLOAD_SECONDS ?= 2
LOCKS := requirements.txt requirements-pc.txt requirements-dev.txt device/requirements.lock tests/deployed/emulator.lock
COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --no-header

help: ## Say what each command does
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

# One dot for each package, at once: pip's own lines are hundreds, and its errors go past this.
DOTS = awk '/^(Collecting|Processing) / { printf "."; fflush() } /^Installing / { printf " unpacking ..."; fflush() } END { print "" }'

install: .venv/installed node_modules/installed ## Install all that is needed here (the other commands do it by themselves)

# What the stack and the simulated Pi need to run, and nothing else.
runtime: .venv/runtime node_modules/runtime

PIP = $(BIN)/python -m pip install --disable-pip-version-check --no-input

.venv/runtime: requirements-pc.txt device/requirements.lock device/pyproject.toml
	@echo "Installing Python packages into .venv ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) --progress-bar off --require-hashes -r requirements-pc.txt | $(DOTS)
	@$(PIP) --quiet --require-hashes -r device/requirements.lock
	@$(PIP) --quiet --no-deps --no-build-isolation --editable device
	@touch $@

.venv/installed: .venv/runtime requirements-dev.txt
	@echo "Installing what tests and checks need into .venv ..."
	@$(PIP) --progress-bar off --require-hashes -r requirements-dev.txt | $(DOTS)
	@touch $@

NPM_CI = npm ci --no-audit --no-fund --loglevel=error

node_modules/runtime: package-lock.json
	@echo "Installing the database server into node_modules ..."
	@$(NPM_CI) --omit=dev
	@touch $@

node_modules/installed: package-lock.json
	@echo "Installing the database server and the checks of the page into node_modules ..."
	@$(NPM_CI)
	@touch node_modules/runtime $@

demo: runtime ## The whole on this PC with a simulated Pi: watch a phantom being found and cut [HISTORY=30 days of past]
	@exec $(BIN)/python -m infra.local.demo --host $(HOST) --port $(PORT) --data $(DATA) --history $(HISTORY)

serve: runtime ## Only the stack: API, page and database on one port [HOST=127.0.0.1 PORT=8000 DATA=.local MQTT_PORT=0: a free one PUBLIC_URL=https://home.example TRUSTED_PROXY=127.0.0.1 WEB_ORIGIN=http://localhost:5173 TLS=1: HTTPS and MQTTS]
	@exec $(BIN)/python -m infra.local --data $(DATA) $(STACK_OPTIONS)

test: install browser ## All tests
	@npm test --silent
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

coverage: install ## Which lines of the cloud side and the PC stack no test runs, in the tests' own processes [TESTS=tests/unit]
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder --cov=chalicelib --cov=infra --cov-report=term-missing:skip-covered $(TESTS)

test-properties: install ## The property tests with 2,000 examples each, instead of 50 (minutes) [TESTS=tests/unit]
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile -m hypothesis --hypothesis-profile thorough $(TESTS)

test-faults: install ## Many Pis against a stack that is killed every 20 s; checks that nothing is lost or doubled [PIS=50 SECONDS=300]
	@$(BIN)/python -m tests.faults.fleet --pis $(PIS) --seconds $(SECONDS) --kill-seconds $(KILL_SECONDS) --upload-seconds $(UPLOAD_SECONDS)

fuzz: install ## Hostile requests, and requests made from openapi.json, against a stack of its own [REQUESTS=20000 EXAMPLES=50 SEED=1]
	@$(BIN)/python -m tests.fuzz.attack --requests $(REQUESTS) --seed $(SEED)
	@$(BIN)/python -m tests.fuzz.openapi_fuzz --examples $(EXAMPLES) --seed $(SEED)

check: install ## Lint, types, architecture, lock freshness, all tests
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint types locks
	@$(MAKE) --no-print-directory test

# The release that amqtt's PyYAML allows ends Python 3.11 in 2026; AWS has moved that to June 2027, as cfn-lint 1.58 knows.
CFN_DATED := E2533

lint: install ## Lint, format check, the architecture (.importlinter), the templates for AWS, and bandit's checks of what ships
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/bandit --quiet --recursive --configfile pyproject.toml app.py chalicelib infra device/ghostwatt_pi
	@npm run --silent lint
	@for stage in dev prod; do $(BIN)/python -m infra.aws.packaging --stage $$stage --template-only --out build/lint-$$stage; done
	@$(BIN)/cfn-lint --regions us-east-1 --ignore-checks $(CFN_DATED) -- build/lint-dev/sam.yaml build/lint-prod/sam.yaml infra/aws/deploy/log_role.yaml infra/aws/waf.yaml

types: install ## Types, strictly
	@$(BIN)/mypy
	@cd device && for system in linux darwin win32; do ../$(BIN)/mypy --strict --platform $$system ghostwatt_pi; done
	@npm run --silent types

generate: install ## Write the files that are made from facts in the code, such as the page's list of appliances
	@$(BIN)/python -m infra.generate

docs: install ## The documentation as a site in build/docs; a broken link or anchor fails it
	@$(BIN)/python -m infra.docs_site

locks: install ## Are the five locks those of the five lists of dependencies?
	@for pair in $(LOCKS); do cp $$pair /tmp/ghostwatt-lock.$$$$; $(MAKE) --silent lock-$$(basename $$pair) OUT=/tmp/ghostwatt-lock.$$$$; cmp $$pair /tmp/ghostwatt-lock.$$$$ || { echo "$$pair is stale: run make lock"; exit 1; }; rm /tmp/ghostwatt-lock.$$$$; done

lock: .venv/installed ## Make the five locks anew: cloud, PC, development, Pi, emulator
	@for pair in $(LOCKS); do $(MAKE) --silent lock-$$(basename $$pair) OUT=$$pair; done

lock-requirements.txt:
	@$(COMPILE) pyproject.toml -o $(OUT)
lock-requirements-pc.txt:
	@$(COMPILE) pyproject.toml --group pc -c requirements.txt -o $(OUT)
lock-requirements-dev.txt:
	@$(COMPILE) pyproject.toml --group dev -c requirements-pc.txt -o $(OUT)
lock-requirements.lock:
	@$(COMPILE) device/pyproject.toml -o $(OUT)
lock-emulator.lock:
	@$(COMPILE) --group emulator -o $(OUT)

device: install ## Build the Pi's agent as a wheel in dist/, apart from its sources
	@build=$$(mktemp -d) && trap 'rm -rf "$$build"' EXIT && cp -r device/pyproject.toml device/README.md device/ghostwatt_pi "$$build" && \
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist "$$build" && ls dist/ghostwatt_pi-*.whl

bench: install ## Calls, capacity units and CPU of each route, the stream and the sweep; readings a second
	@$(BIN)/python -m tests.benchmarks.bench

bench-pc: install ## Only what a reading costs the PC stack, all processes, beside a plain Flask and SQLite server [BENCH_REQUESTS=2000]
	@$(BIN)/python -m tests.benchmarks.pc_stack

bench-cold: install ## What a cold start of the package costs: the size of the zip, the CPU of the imports
	@$(BIN)/python -m tests.benchmarks.bench_cold

bench-noise: install ## What other people feel while one device or session makes as much noise as it can (two minutes)
	@$(BIN)/python -m tests.benchmarks.bench_noise

bench-growth: install ## How large a PC's database grows, with and without what deletes what is past its time (two minutes)
	@$(BIN)/python -m tests.benchmarks.bench_growth

bench-detector: install ## The detector on real recordings, beside the rules of today [TRACES=../shared/traces]
	@$(BIN)/python -m tests.benchmarks.bench_detector $(TRACES)

bench-spans: install ## What the agent's dead band saves on real recordings, and what it costs in energy [TRACES=../shared/traces]
	@$(BIN)/python -m tests.benchmarks.bench_spans $(TRACES)

# The shell opens a page for half the work of a whole Chromium, which does where there is no shell to install.
browser:
	@command -v chromium-headless-shell >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "Installing Chromium for the browser tests ..." && apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium-headless-shell >/dev/null; } || command -v chromium >/dev/null || { echo "The browser tests need chromium or chromium-headless-shell: install one, or run as root on Debian."; exit 1; }

package: install ## The zip and the template for AWS, in build/STAGE-ARCH [ARCH=arm64|x86_64 STAGE=dev]
	@$(BIN)/python -m infra.aws.packaging --stage $(STAGE) --arch $(ARCH)

deploy: install ## A stage on AWS, from this checkout to its URL [STAGE=dev DRY_RUN=1 LOSE_TABLES=yes SET="AlarmEmail=you@example.com DomainName=..."]
	@$(BIN)/python -m infra.aws.deploy $(or $(STAGE),dev) $(SET) $(if $(DRY_RUN),--dry-run) $(if $(LOSE_TABLES),--lose-tables)

destroy: install ## Take a stage on AWS down; asks first, and says what stays [STAGE=]
	@$(BIN)/python -m infra.aws.deploy.destroy $(or $(STAGE),$(error Which one? make destroy STAGE=dev))

rotate-keys: install ## A new signing key for a stage on AWS; nobody is logged out [STAGE=]
	@$(BIN)/python -m infra.aws.deploy.keys $(or $(STAGE),$(error Which one? make rotate-keys STAGE=dev))

smoke: install ## Try a running Ghostwatt with a throw-away account that it deletes again [BASE=https://... MQTT=mqtts://...]
	@$(BIN)/python -m pytest -vv -m smoke tests/contract --base $(or $(BASE),$(error Which one? make smoke BASE=https://...)) $(if $(MQTT),--mqtt $(MQTT))

# Without a STAGE it is the PC's folder.
PLACE = $(if $(filter file,$(origin STAGE)),--data $(DATA),--stage $(STAGE))

export-data: runtime ## All data of a PC whose stack is stopped, or of a stage on AWS, into one file [TO=file.zip DATA=.local or STAGE=]
	@$(BIN)/python -m infra.backup export $(or $(TO),$(error Where to? make export-data TO=file.zip)) $(PLACE)

import-data: runtime ## A file of export-data into a PC's folder or a stage [FROM=file.zip DATA=.local or STAGE= REPLACE=yes]
	@$(BIN)/python -m infra.backup import $(or $(FROM),$(error Which one? make import-data FROM=file.zip)) $(PLACE) $(if $(REPLACE),--replace)

# As `make serve` has it: HOST only if somebody chose one, since with TLS=1 another is the default.
STACK_OPTIONS = $(if $(filter file,$(origin HOST)),,--host $(HOST)) --port $(PORT) --mqtt-port $(MQTT_PORT)

service: runtime ## Run the stack now and at each boot, as a systemd service; takes the variables of make serve [DATA=.local REMOVE=yes]
	@$(BIN)/python -m infra.local.service.install --data $(DATA) $(if $(REMOVE),--remove) $(STACK_OPTIONS)

upgrade: runtime ## Back up, take the newest version of this checkout, and start the service again [DATA=.local]
	@$(BIN)/python -m infra.local.service.upgrade --data $(DATA)

backup: runtime ## The data folder of a PC into one file, also while its stack runs [TO=ghostwatt-TIME.tar.gz DATA=.local]
	@$(BIN)/python -m infra.backup.folder_command backup $(TO) --data $(DATA)

restore: runtime ## A file of make backup into a PC's data folder; its stack must be stopped [FILE=ghostwatt-TIME.tar.gz DATA=.local REPLACE=yes]
	@$(BIN)/python -m infra.backup.folder_command restore $(or $(FILE),$(error Which one? make restore FILE=ghostwatt-TIME.tar.gz)) --data $(DATA) $(if $(REPLACE),--replace)

redrive: runtime ## Run a PC's dead letters through the same handlers again, its stack stopped [DATA=.local]
	@$(BIN)/python -m infra.local.runner.redrive --data $(DATA)

test-deployed: install .cache/emulator/installed ## The package in an emulator of AWS, with the contract's tests (minutes)
	@$(BIN)/python -m pytest -p tests.deployed.plugin tests/deployed tests/contract

# Its own environment: the emulator's Lambdas would see what is installed in ours.
.cache/emulator/installed: tests/deployed/emulator.lock
	@echo "Installing the emulator of AWS into .cache/emulator ..."
	@$(PYTHON) -m venv --clear .cache/emulator
	@.cache/emulator/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes -r $<
	@touch $@

clean: ## Delete what was installed and made here, but not the data in .local
	rm -rf .venv node_modules .cache build .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis

.PHONY: bench-spans bench-pc docs backup restore service upgrade test-properties bench-growth bench-noise device help fuzz test-faults runtime export-data import-data smoke deploy destroy rotate-keys package test-deployed install demo serve test check lint types generate locks lock bench bench-cold bench-detector browser clean lock-requirements.txt lock-requirements-pc.txt lock-requirements-dev.txt lock-requirements.lock lock-emulator.lock
