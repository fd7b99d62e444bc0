#!/usr/bin/env bash
# Builds everything in release mode, then becomes the demo: Ctrl-C ends it. Arguments go to `support-console demo`.
source "$(dirname "$0")/lib.sh"
"$ROOT/.make/setup.sh" build
"$ROOT/.make/build.sh"
unset SUPPORT_CONSOLE_SITE_ROOT
exec "$TARGET/release/support-console" demo "$@"
