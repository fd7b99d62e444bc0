#!/usr/bin/env bash
# Runs the demo from a debug build, and rebuilds and restarts it when a file changes. It keeps its data, so you stay
# signed in. Arguments go to `support-console demo`.
source "$(dirname "$0")/lib.sh"
source "$ROOT/.make/toolchain.sh"
use_toolchain

# Returns when a file in one of the folders changes.
await_change() {
  node -e 'for (const folder of process.argv.slice(1)) fs.watch(folder, { recursive: true }, () => setTimeout(process.exit, 100))' "$@"
}

trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
server=''
while :; do
  # Watches from before the build, so that no change is missed.
  await_change app/src frontend migrations server style &
  change=$!
  if "$ROOT/.make/bundle.sh" debug && step "Server (debug)" cargo build --locked -p server; then
    [[ -z $server ]] || { kill "$server" && wait "$server" || true; }
    "$TARGET/debug/support-console" demo --data-dir "$TARGET/dev" "$@" &
    server=$!
  fi
  wait "$change"
done
