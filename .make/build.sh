#!/usr/bin/env bash
# Builds the release: one program that carries the site. The server and the site are compiled at the same time, because
# each uses only one core for long stretches. Only the program's last file, which includes the site, waits for both.
source "$(dirname "$0")/lib.sh"
source "$ROOT/.make/toolchain.sh"
use_toolchain

both() {
  # In a separate process group, so that it ends with this script, including its children.
  set -m
  STEP_LOG='' "$ROOT/.make/bundle.sh" release >"$TARGET/bundle.log" 2>&1 &
  set +m
  trap "kill -- -$! 2>/dev/null || true" EXIT
  cargo build --locked --release -p server --lib
  wait $! || { cat "$TARGET/bundle.log"; return 1; }
  cat "$TARGET/bundle.log"
}

mkdir -p "$TARGET"
step "Server and site (release)" both
SUPPORT_CONSOLE_SITE_FILES=$TARGET/release/site.rs step "Program with its site" \
  cargo rustc --locked --release -p server --bin support-console -- --cfg carries_site
