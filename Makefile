# The front door. Every target works on a bare Debian 12 machine with Rust, gcc, make, Node.js 20 and
# Python 3.11: what else it needs it installs itself (scripts/setup says what and why).
#
#   make demo    http://localhost:8080: a legacy app behind Vestibule, the Cognito emulator behind that
#   make test    everything CI runs: format, lints, tests, docs, licences, advisories
#   make bench   the benchmarks: times, and instructions against the baseline
#   make audit   known vulnerabilities among the dependencies
#   make facts   size, start time and idle memory of the release binary
#   make help    all targets

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Cargo subcommands of the tool environment; what is installed on the machine comes first.
export PATH := $(PATH):$(CURDIR)/target/tools/venv/bin

SCRIPTS := .ci/run scripts/setup scripts/demo scripts/facts scripts/audit tests/support/build-image \
           deploy/image/root-file-system deploy/helm/vestibule/files/rotate-session-key.sh

# One profile and one target directory for builds and tests, so that nothing is compiled twice.
# Clippy and rustdoc share their own (metadata-only) artefacts of the dependencies.

# The log scan has to be last, and cargo uses all cores by itself.
.NOTPARALLEL:
.PHONY: help demo test bench bench-baseline bench-peers bench-limits rotation rolling reloads endurance traffic profile audit facts setup fmt scripts clippy build nextest log-scan docs deny \
        release-graph clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 16

demo: ## http://localhost:8080, a legacy app behind a login, with an emulated user pool
	@scripts/setup build
	@scripts/demo

test: setup fmt scripts clippy build nextest log-scan docs deny release-graph audit ## everything CI runs
	@echo "make test: all green"

bench: ## the benchmarks: times, and instructions against the baseline
	@scripts/setup bench
	cargo bench --workspace --locked --bench hot_path
	cargo bench --workspace --locked --bench hot_path -- --instructions

bench-baseline: ## instructions of today become the baseline
	@scripts/setup bench
	cargo bench --workspace --locked --bench hot_path -- --instructions --save

bench-peers: ## beside nginx, HAProxy, Envoy and a bare pingora
	@scripts/setup peers
	cargo build --locked -p dev-idp
	cargo build --release --locked -p vestibule --bins --examples
	@python3 benches/peers/run.py

# MINUTES=1 for a shorter flood than the ten that the published figures are of.
bench-limits: ## memory, a flood of junk cookies, the second core
	@scripts/setup peers
	cargo build --locked -p dev-idp
	cargo build --release --locked -p vestibule
	@python3 benches/peers/limits.py $(if $(MINUTES),--minutes $(MINUTES))

rotation: build ## session keys rotated over three instances that take each change up 30 s apart
	ROTATION_APART=30 cargo nextest run --workspace --locked --no-capture -E 'test(keys_rotate_under_load_over_three)'

rolling: ## three instances behind HAProxy and nginx, restarted under load again and again
	@scripts/setup test
	cargo build --locked -p dev-idp
	cargo build --release --locked -p vestibule
	@python3 benches/operations/disturb.py rolling --balancer haproxy
	@python3 benches/operations/disturb.py rolling --balancer nginx

reloads: ## a hundred reloads under 500 requests a second, and a stop under as many
	cargo build --locked -p dev-idp
	cargo build --release --locked -p vestibule
	@python3 benches/operations/disturb.py reloads
	@python3 benches/operations/disturb.py stop

endurance: ## memory in an hour of mixed load (MINUTES=60)
	cargo build --locked -p dev-idp
	cargo build --release --locked -p vestibule
	@python3 benches/operations/endurance.py --minutes $(or $(MINUTES),60) --csv target/endurance.csv

traffic: build ## uploads and downloads of 2 GiB by each version of HTTP, and what they cost in memory
	@mkdir -p target
	@TRAFFIC_BYTES=2147483648 cargo nextest run --workspace --locked --no-capture \
	    -E 'test(suite::traffic::large::)' > target/traffic.log 2>&1 || { cat target/traffic.log; exit 1; }
	@echo '| body | bytes | memory before it (MB) | growth at most (MB) |'
	@echo '| --- | --- | --- | --- |'
	@grep '^|' target/traffic.log

profile: ## where the instructions of a request go, by function
	@scripts/setup peers
	@scripts/setup bench
	cargo build --locked -p dev-idp
	cargo build --profile profiling --locked -p vestibule --bins --examples
	@python3 benches/peers/profile.py

facts: ## size, start time and idle memory of the release binary
	@scripts/setup build
	@scripts/facts

setup: ## installs what the tests need
	@scripts/setup test

fmt: ## formatting
	cargo fmt --all --check

# SC2317, unreachable code: functions that a trap or another function calls by name.
scripts: ## shell scripts
	shellcheck --exclude=SC2317 $(SCRIPTS)

clippy: ## lints, warnings denied
	cargo clippy --workspace --all-targets --locked -- -D warnings

build: ## product, emulator and tests in one go, so that features are unified once
	cargo build --workspace --bins --tests --locked

# Logs of an earlier run would be scanned with this run's secrets, or hide that nothing was logged.
nextest: build ## all tests but the log scan (.config/nextest.toml)
	rm -rf "$${CARGO_TARGET_DIR:-target}/test-logs"
	cargo nextest run --workspace --locked

# Last, because it reads the logs of every process that the tests started.
log-scan: nextest ## no log line of the whole suite holds a token, code, cookie or secret
	cargo nextest run --workspace --locked --no-capture --ignore-default-filter -E 'test(log_scan::)'

# Private items are documented too, since the readers are whoever works on this; so links may lead there.
docs: ## API documentation, warnings denied
	RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" \
	    cargo doc --workspace --no-deps --document-private-items --locked

deny: ## licences, bans and sources of the dependencies
	cargo deny --locked check --hide-inclusion-graph bans licenses sources

# The emulator signs tokens: it must not be reachable from the release binary.
release-graph: ## the emulator is not in the release binary
	@if cargo tree --locked -e normal -p vestibule | grep -F dev-idp; then \
	    echo "dev-idp is in the dependency graph of the release binary" >&2; exit 1; \
	fi
	@echo "release graph: no dev-idp"

audit: ## known vulnerabilities among the dependencies
	@scripts/setup test
	@scripts/audit

clean: ## removes all that was built or installed here
	rm -rf target tests/support/oidc-provider/node_modules tests/support/axe/node_modules
