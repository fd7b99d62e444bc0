#!/usr/bin/env bash
# Format and lints. The app is checked three ways, since a mistake may show in only one of them.
source "$(dirname "$0")/lib.sh"
source "$ROOT/.make/toolchain.sh"
use_toolchain

lint() { cargo clippy --locked --quiet "$@" -- -D warnings; }

step "Format" cargo fmt --all --check
step "Lint: bundler" lint -p bundler --all-targets
step "Lint: app, plain types" lint -p app --no-default-features --all-targets
step "Lint: app, browser's half" lint -p app --features hydrate --target "$WASM"
step "Lint: frontend" lint -p frontend --target "$WASM"
step "Lint: app, server's half" lint -p app --features ssr --all-targets
step "Lint: server" lint -p server --all-targets
