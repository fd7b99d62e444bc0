#!/usr/bin/env bash
# cargo with the project's toolchain and settings: `.make/cargo.sh test -p app` reuses what `make` has built.
source "$(dirname "$0")/lib.sh"
source "$ROOT/.make/toolchain.sh"
use_toolchain
exec cargo "$@"
