#!/usr/bin/env bash
# Figures beside a peer, in one run: the overview at 100,000 tenants and Django's admin over the same rows; sizes of what
# the browser loads. Arguments go to overview.py (--tenants N, --rounds N).
source "$(dirname "$0")/lib.sh"
"$ROOT/.make/setup.sh" build
"$ROOT/.make/bundle.sh" release
source "$ROOT/.make/toolchain.sh"
use_toolchain
step "Server (release)" cargo build --locked --release -p server
venv=$TOOLS/bench
if [[ ! -x $venv/bin/python ]]; then
  python3 -m venv "$venv"
  step "Peer: Django" "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check -r end2end/bench/requirements.txt
fi
step "Figures" "$venv/bin/python" end2end/bench/overview.py --binary "$TARGET/release/support-console" --site "$SUPPORT_CONSOLE_SITE_ROOT" "$@"
