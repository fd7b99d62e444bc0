#!/usr/bin/env bash
# Searches, guided by coverage, for bytes that break a property of the gateway: `fuzz.sh TARGET SECONDS`. Findings go to
# server/fuzz/artifacts, the corpus to server/fuzz/corpus.
source "$(dirname "$0")/lib.sh"
source "$ROOT/.make/toolchain.sh"
use_toolchain

target=${1:-request}
cargo fuzz --version &>/dev/null || die "cargo-fuzz is missing: cargo install cargo-fuzz"
[[ -e server/fuzz/fuzz_targets/$target.rs ]] || die "There is no fuzz target $target"
# Fuzz with the dependencies of the release.
cp Cargo.lock server/fuzz/Cargo.lock
# RUSTFLAGS replace those in .cargo/config.toml. Nothing here is unsafe, so we need neither a sanitizer nor nightly.
export RUSTFLAGS="--cfg erase_components" CARGO_TARGET_DIR=$TARGET/fuzz
step "Fuzz $target for ${2:-300} s" \
  cargo fuzz run --fuzz-dir server/fuzz --sanitizer none --dev "$target" -- -max_total_time="${2:-300}" -max_len=2048
