#!/usr/bin/env bash
# Journeys in Firefox, through all applications, directly and with Enter tenant, and with telemetry from OpenTelemetry's SDKs.
# They take a while to install. Arguments go to Playwright, and leave Firefox out.
source "$(dirname "$0")/lib.sh"

"$ROOT/.make/setup.sh" compat
compat=end2end/applications/compat
step "Next.js: build" env NEXT_TELEMETRY_DISABLED=1 "$compat/node_modules/.bin/next" build "$compat/next"
"$ROOT/.make/build.sh"
if (($# == 0)); then
  SUPPORT_CONSOLE_FIREFOX=${SUPPORT_CONSOLE_FIREFOX:-/usr/bin/firefox-esr} "$ROOT/.make/journeys.sh" --project=firefox
fi
SUPPORT_CONSOLE_COMPAT=$TOOLS/compat/bin "$ROOT/.make/journeys.sh" --project=desktop applications programs opentelemetry large-bodies "$@"
