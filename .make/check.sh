#!/usr/bin/env bash
# Format, lints, documentation, and which files and crates may use which. The app is checked in three builds, because a
# mistake may show in only one of them. `frontend` and `server` turn its features on, so no lint compiles anything
# twice.
source "$(dirname "$0")/lib.sh"
source "$ROOT/.make/toolchain.sh"
use_toolchain

lint() { cargo clippy --locked --quiet "$@" -- -D warnings; }

# A file has at most 400 lines before its tests, a view 80. Clippy counts all other functions, but can't see into components.
files_are_short() {
  local long views
  long=$(git ls-files -z '*/src/*.rs' | grep -zv '/tests\(/\|\.rs$\)' | xargs -0 awk '
    FNR == 1 { counts = 1 } /^mod tests/ { counts = 0 } counts && FNR == 401 && !/^#\[cfg\(test\)\]$/ { print FILENAME }')
  views=$(git ls-files -z 'app/src/*.rs' | xargs -0 awk '
    FNR == 1 { body = 0; open = 0 }
    !open && /^ *(pub(\([a-z]+\))? )?(async )?fn / { open = FNR; indent = substr($0, 1, match($0, /[^ ]/) - 1); lines = 0 }
    open && !body && /[;}]$/ { open = 0 }
    open && !body && /\{$/ { body = 1; next }
    body && $0 == indent "}" { if (lines > 80) print FILENAME ":" open ": " lines " lines"; open = body = 0 }
    body && !/^ *(\/\/.*)?$/ { lines++ }')
  [[ -z $long$views ]] || die "too long:"$'\n'"$long"$'\n'"$views"
}

# A platform in Rust depends only on the gateway, and a verifier in the browser only on the audit chain.
stays_small() {
  local crate=$1 tree unwanted
  shift
  tree=$(cargo tree --locked -p "$crate" -e normal --prefix none --format '{p}')
  for unwanted in "$@"; do
    ! grep -q "^$unwanted " <<<"$tree" || die "the crate \"$crate\" depends on $unwanted"
  done
}

# Tests of the gateway compare it with what Node's URL makes of links.
links_are_of_browsers() {
  local folder=server/gateway/tests
  node "$folder/links.mjs" | cmp -s - "$folder/links.txt" ||
    die "run: node $folder/links.mjs > $folder/links.txt, and look at what has changed"
}

document() { RUSTDOCFLAGS="-D warnings" cargo doc --locked --quiet --no-deps "${HOST_CRATES[@]}"; }

step "Format" cargo fmt --all --check
step "Files: no circles of imports" .make/circles.mjs
step "Files: short" files_are_short
step "Gateway: no user interface, no SQL" stays_small gateway leptos sqlx rusqlite
step "Audit: no runtime, no SQL" stays_small audit tokio sqlx rusqlite
step "Gateway: links as browsers send them" links_are_of_browsers
step "Scripts" node --test --test-reporter=dot .make/circles.test.mjs frontend/bundle.test.mjs
step "Lint: bindgen" lint -p bindgen --all-targets
step "Lint: app, plain types" lint -p app --no-default-features --all-targets
step "Lint: app with frontend, browser's half" lint -p app -p frontend --target "$WASM"
step "Lint: audit, for a verifier in the browser" lint -p audit --target "$WASM"
step "Lint: app with server, server's half" lint "${HOST_CRATES[@]}" --all-targets
step "Documentation" document
