#!/usr/bin/env bash
# What takes longer than `make test` may: 10,000 rounds of `kill -9` under load, or as many as are asked for
# (`soak.sh ROUNDS`).
source "$(dirname "$0")/lib.sh"

export SUPPORT_CONSOLE_TEST_KILLS=${1:-10000}
step "Soak: $SUPPORT_CONSOLE_TEST_KILLS kills under load" \
  "$ROOT/.make/cargo.sh" test --locked -p server --test program -- crash --nocapture
