#!/usr/bin/env bash
# Kills servers under load with `kill -9`, 10,000 times or ROUNDS times (`soak.sh ROUNDS`). Too long for `make test`.
source "$(dirname "$0")/lib.sh"

export SUPPORT_CONSOLE_TEST_KILLS=${1:-10000}
step "Soak: $SUPPORT_CONSOLE_TEST_KILLS kills under load" \
  "$ROOT/.make/cargo.sh" test --locked -p server --test program -- crash --nocapture
