#!/usr/bin/env bash
# Format, lints, documentation, and the borders between files and crates. The app is checked three ways, since a mistake
# may show in only one of them; `frontend` and `server` switch its features on, so that nothing is compiled twice for the
# sake of a lint.
source "$(dirname "$0")/lib.sh"
source "$ROOT/.make/toolchain.sh"
use_toolchain

lint() { cargo clippy --locked --quiet "$@" -- -D warnings; }

# A platform in Rust depends on the gateway alone; a verifier in the browser depends on the audit chain alone.
stays_small() {
  local crate=$1 tree unwanted
  shift
  tree=$(cargo tree --locked -p "$crate" -e normal --prefix none --format '{p}')
  for unwanted in "$@"; do
    ! grep -q "^$unwanted " <<<"$tree" || die "the crate \"$crate\" depends on $unwanted"
  done
}

no_circles() {
  local crate
  for crate in app frontend server/audit server/gateway; do .make/circles.mjs "$crate"; done
}

document() { RUSTDOCFLAGS="-D warnings" cargo doc --locked --quiet --no-deps "${HOST_CRATES[@]}"; }

step "Format" cargo fmt --all --check
step "Files: no circles of imports" no_circles
step "Gateway: no user interface, no SQL" stays_small gateway leptos sqlx rusqlite
step "Audit: no runtime, no SQL" stays_small audit tokio sqlx rusqlite
step "Scripts" node --test --test-reporter=dot .make/circles.test.mjs frontend/bundle.test.mjs
step "Lint: bindgen" lint -p bindgen --all-targets
step "Lint: app, plain types" lint -p app --no-default-features --all-targets
step "Lint: app with frontend, browser's half" lint -p app -p frontend --target "$WASM"
step "Lint: audit, for a verifier in the browser" lint -p audit --target "$WASM"
step "Lint: app with server, server's half" lint "${HOST_CRATES[@]}" --all-targets
step "Documentation" document
