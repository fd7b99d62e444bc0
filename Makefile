# Thin on purpose: each target is a script in .make/, which says what it does while it does it.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: help setup run dev test test-rust check fmt bundle bundle-release journeys compat pictures looks bench dist dist-test soak fuzz deny clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Set up, build and start the demo; prints its address and how to sign in
	@.make/run.sh $(ARGS)

dev: ## Run the demo from a debug build, and rebuild and restart it when a file changes
	@.make/dev.sh $(ARGS)

test: ## Set up, then everything: lints, Rust tests on both stores, journeys in a browser
	@.make/test.sh

test-rust: ## Only the Rust tests of app and server, on SQLite and a PostgreSQL that it starts (ARGS="name -- --nocapture")
	@.make/with-postgres.sh .make/cargo.sh test -p app -p audit -p gateway -p store -p server $(ARGS)

journeys: ## Only the browser journeys, against the last build (ARGS="-g 'signs in' --project desktop")
	@.make/journeys.sh $(ARGS)

check: ## Only format, lints, documentation, and which files and crates may use which
	@.make/check.sh

fmt: ## Format all Rust code
	@.make/cargo.sh fmt --all

bundle: ## Compile and bundle the browser's part, fast and uncompressed
	@.make/bundle.sh debug

bundle-release: ## Compile and bundle the browser's part as it is shipped
	@.make/bundle.sh release

compat: ## Journeys in Firefox and through real applications, which take a while to install (JupyterLab, Next.js, …)
	@.make/compat.sh $(ARGS)

pictures: ## Take README's pictures from the demo, against what was built last
	@SUPPORT_CONSOLE_PICTURES=1 .make/journeys.sh --project pictures

looks: ## Take the pictures that `looks.spec.ts` compares with anew (review what changed)
	@.make/looks.sh

bench: ## Compare with peers: overview, sizes, gateway, revocation (ARGS="gateway --rounds 5"; docs/benchmarks.md)
	@.make/bench.sh $(ARGS)

dist: ## Make the packages: a .deb and a tar.gz (in target/dist; ARGS=arm64 on another machine)
	@.make/dist.sh $(ARGS)

dist-test: ## Make the packages, and install, upgrade, remove and purge them in a fresh Debian root (needs root)
	@.make/dist-test.sh

soak: ## Kill a server under load 10,000 times, and check the record (ARGS=ROUNDS for another number)
	@.make/soak.sh $(ARGS)

fuzz: ## Fuzz the gateway (needs cargo-fuzz; ARGS="TARGET SECONDS", targets request, head, frames, short_heads)
	@.make/fuzz.sh $(ARGS)

deny: ## Licences, advisories and sources of all dependencies (needs cargo-deny)
	@.make/cargo.sh deny check

setup: ## Only install what building and testing need
	@.make/setup.sh test

clean: ## Remove builds, but keep downloaded tools
	@.make/cargo.sh clean
	@rm -rf end2end/test-results end2end/report
