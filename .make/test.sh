#!/usr/bin/env bash
# Everything that must hold before a change is merged: lints, tests on both stores, journeys in a browser.
source "$(dirname "$0")/lib.sh"
export STEP_LOG
STEP_LOG=$(mktemp)
begin=$EPOCHREALTIME
trap 'status=$?; summary "$begin"; rm -f "$STEP_LOG"*; exit $status' EXIT

"$ROOT/.make/setup.sh" test
source "$ROOT/.make/toolchain.sh"
use_toolchain
"$ROOT/.make/check.sh"
step "Tests: bindgen" cargo test --locked --quiet -p bindgen
# Also builds the examples, which some tests run.
step "Tests: all crates, on SQLite and PostgreSQL" \
  "$ROOT/.make/with-postgres.sh" cargo test --locked --quiet "${HOST_CRATES[@]}"
"$ROOT/.make/build.sh"
"$ROOT/.make/journeys.sh"
