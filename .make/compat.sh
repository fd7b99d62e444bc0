#!/usr/bin/env bash
# Every application that is tried, directly and through Open tenant: those of `make test`, and those that take a while to
# install. Arguments go to Playwright.
source "$(dirname "$0")/lib.sh"

"$ROOT/.make/setup.sh" compat
compat=end2end/applications/compat
step "Next.js: build" env NEXT_TELEMETRY_DISABLED=1 "$compat/node_modules/.bin/next" build "$compat/next"
"$ROOT/.make/build.sh"
SUPPORT_CONSOLE_COMPAT=$TOOLS/compat/bin "$ROOT/.make/journeys.sh" --project desktop applications programs "$@"
