#!/usr/bin/env bash
# Format and lints. The app is checked three ways, since a mistake may show in only one of them; `frontend` and `server`
# switch its features on, so that nothing is compiled twice for the sake of a lint.
source "$(dirname "$0")/lib.sh"
source "$ROOT/.make/toolchain.sh"
use_toolchain

lint() { cargo clippy --locked --quiet "$@" -- -D warnings; }

without_leptos() {
  local tree
  tree=$(cargo tree --locked -p server --no-default-features -e normal --prefix none)
  [[ $tree != *leptos* ]] || die "the server without its feature \"console\" depends on leptos"
}

step "Format" cargo fmt --all --check
step "Lint: bundler" lint -p bundler --all-targets
step "Lint: app, plain types" lint -p app --no-default-features --all-targets
step "Lint: app with frontend, browser's half" lint -p app -p frontend --target "$WASM"
step "Lint: app with server, server's half" lint -p app -p server --all-targets
step "Lint: gateway alone, for platforms in Rust" lint -p server --no-default-features
step "Gateway alone: no user interface in it" without_leptos
