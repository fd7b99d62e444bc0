#!/usr/bin/env bash
# The journeys through the release build in a real browser. Arguments go to Playwright.
source "$(dirname "$0")/lib.sh"
export SUPPORT_CONSOLE_BINARY=${SUPPORT_CONSOLE_BINARY:-$TARGET/release/support-console}
# The debug build that `/design` is in.
export SUPPORT_CONSOLE_TEST_DEBUG_BINARY=${SUPPORT_CONSOLE_TEST_DEBUG_BINARY:-$TARGET/debug/support-console}
cd end2end
step "Journeys: types" npm run --silent check
step "Journeys" npx --no-install playwright test "$@"
