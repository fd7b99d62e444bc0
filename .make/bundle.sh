#!/usr/bin/env bash
# Compiles the browser's part and bundles it into the site folder: `bundle.sh debug` or `bundle.sh release`.
source "$(dirname "$0")/lib.sh"
source "$ROOT/.make/toolchain.sh"
use_toolchain

kind=${1:-debug}
options=(--site "$SUPPORT_CONSOLE_SITE_ROOT" --cache "$TARGET/bundle" --hash-file "$TARGET/$kind/hash.txt")
if [[ $kind == release ]]; then
  profile=wasm-release folder=wasm-release
  options+=(--release --rust-file "$TARGET/release/site.rs")
else
  profile=dev folder=debug
fi

# Only `-p frontend`, because anything more would turn on the server's features in the browser's part.
step "WebAssembly ($profile)" cargo build --locked -p frontend --lib --target "$WASM" --profile "$profile"
step "wasm-bindgen" cargo build --locked -p bindgen
step "Bundle into $SUPPORT_CONSOLE_SITE_ROOT" node frontend/bundle.mjs \
  --wasm "$TARGET/$WASM/$folder/frontend.wasm" --bindgen "$TARGET/debug/bindgen" "${options[@]}"
