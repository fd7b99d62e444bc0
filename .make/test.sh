#!/usr/bin/env bash
# Everything that must hold before a change is merged: lints, tests on both stores, journeys in a browser.
source "$(dirname "$0")/lib.sh"
export STEP_LOG
STEP_LOG=$(mktemp)
begin=$EPOCHREALTIME
build=
end() {
  local status=$?
  [[ -z $build ]] || kill -- "-$build" 2>/dev/null || true
  summary "$begin"
  rm -f "$STEP_LOG"*
  exit "$status"
}
trap end EXIT

"$ROOT/.make/setup.sh" test
source "$ROOT/.make/toolchain.sh"
use_toolchain
"$ROOT/.make/check.sh"
step "Tests: bindgen" cargo test --locked --quiet -p bindgen
# Also builds the examples, which some tests run.
step "Tests: compile" cargo test --locked --quiet --no-run "${HOST_CRATES[@]}"

# Tests wait for clocks, disks and each other. Meanwhile the release is built, with what they leave of the processors.
built=$TARGET/build.log
mkdir -p "$TARGET"
set -m
(STEP_LOG='' nice -n 19 "$ROOT/.make/build.sh" && echo "built") >"$built" 2>&1 &
build=$!
set +m
finish_build() { tail --pid="$build" --lines=+1 --follow "$built" && [[ $(tail -n 1 "$built") == built ]]; }

step "Tests: all crates, on SQLite and PostgreSQL" \
  "$ROOT/.make/with-postgres.sh" cargo test --locked --quiet "${HOST_CRATES[@]}"
step "Server and site (release), begun beside the tests" finish_build
build=
"$ROOT/.make/journeys.sh"
