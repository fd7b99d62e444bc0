# Chooses the Rust that compiles this project, and its settings. Every script that calls cargo sources it after lib.sh,
# so that all calls have the same environment and none rebuilds what another has built.
#
# The compiler for the server and for WebAssembly is one of these:
#   1. the Rust on PATH, if it is new enough and has (or can get, by rustup) the target wasm32-unknown-unknown;
#   2. Debian's own packages for building browsers' Rust, whose WebAssembly standard library is compiled here once.
# SUPPORT_CONSOLE_RUST=/folder/with/cargo chooses another; /usr/bin means the second.

WASM=wasm32-unknown-unknown
RUST_NEEDED=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
# Our crates that run on this machine. Tests and lints name all of them, so that each dependency has the same features
# in both.
HOST_CRATES=(-p app -p audit -p gateway -p store -p server)
DEBIAN_RUST=(rustc-web cargo-web rust-web-src rust-web-llvm rust-web-clippy rustfmt-web lld-22)

# `new_enough RUSTC`
new_enough() {
  local version
  version=$("$1" --version 2>/dev/null | cut -d' ' -f2) && [[ -n $version ]] &&
    [[ $(printf '%s\n' "$RUST_NEEDED" "${version%%-*}" | sort -V | head -n1) == "$RUST_NEEDED" ]]
}

# `has_wasm RUSTC` — whether it has the WebAssembly standard library and, if that was compiled here, whether by this compiler.
has_wasm() {
  local lib
  lib=$("$1" --print sysroot)/lib/rustlib/$WASM/lib
  compgen -G "$lib/libstd-*.rlib" >/dev/null || return 1
  [[ ! -e $lib/made-with ]] || [[ $(<"$lib/made-with") == "$("$1" -vV)" ]]
}

# `has_tools FOLDER` — whether the folder also has formatter and linter.
has_tools() { [[ -x $1/cargo-fmt && -x $1/cargo-clippy ]] && "$1/cargo" fmt --version &>/dev/null && "$1/cargo" clippy --version &>/dev/null; }

# Prints the folder of a usable toolchain, or fails. No side effects.
find_toolchain() {
  local bin
  for bin in "${SUPPORT_CONSOLE_RUST:-$(dirname "$(command -v rustc || echo /usr/bin/rustc)")}" \
    "${SUPPORT_CONSOLE_RUST:-/usr/bin}"; do
    if [[ -x $bin/rustc && -x $bin/cargo ]] && new_enough "$bin/rustc" && has_wasm "$bin/rustc"; then
      echo "$bin"
      return
    fi
  done
  return 1
}

# Makes a usable toolchain if there is none.
install_toolchain() {
  local rustc
  if [[ ${SUPPORT_CONSOLE_RUST:-} != /usr/bin ]] &&
    rustc=$(command -v rustc) && new_enough "$rustc" && command -v rustup >/dev/null; then
    if ! done_before rustup-cannot-download "$rustc"; then
      say "rustup target add $WASM"
      if timeout 300 rustup target add "$WASM" 2>&1 | tail -n 3 && has_wasm "$rustc"; then
        timeout 300 rustup component add clippy rustfmt 2>&1 | tail -n 3
        return
      fi
      say "rustup can't download here; using Debian's Rust instead (not tried again)"
      remember rustup-cannot-download "$rustc"
    fi
  fi
  local missing=()
  for package in "${DEBIAN_RUST[@]}"; do
    dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
  done
  ((${#missing[@]} == 0)) || apt_install "${missing[@]}"
  new_enough /usr/bin/rustc || die "Rust $RUST_NEEDED or newer is needed; Debian's is $(/usr/bin/rustc --version)"
  has_wasm /usr/bin/rustc || install_wasm_std
}

# Debian ships the standard library's source, not its WebAssembly build. Compiles it once, and keeps it beside the host's.
install_wasm_std() {
  local version kept work lib=/usr/lib/rustlib/$WASM/lib
  version=$(/usr/bin/rustc -vV | sha256sum | cut -c1-16)
  kept=$TOOLS/wasm-std-$version
  if [[ ! -e $kept/made-with ]]; then
    say "compiling the standard library for WebAssembly (about a minute, once)"
    work=$(mktemp -d)
    mkdir -p "$work/src" "$kept"
    : >"$work/src/lib.rs"
    cat >"$work/Cargo.toml" <<'TOML'
[package]
name = "nothing"
edition = "2021"
[lib]
crate-type = ["cdylib"]
[profile.release]
panic = "abort"
TOML
    (cd "$work" && PATH=/usr/bin:$PATH RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_TARGET_DIR=$work/target \
      /usr/bin/cargo build --quiet -Z build-std=std,panic_abort --target "$WASM" --release)
    cp "$work/target/$WASM/release/deps"/lib*.rlib "$kept/"
    rm -rf "$kept"/libnothing* "$work"
    /usr/bin/rustc -vV >"$kept/made-with"
  fi
  as_root mkdir -p "$lib"
  as_root find "$lib" -name 'lib*.rlib' -delete
  as_root cp "$kept"/lib*.rlib "$kept/made-with" "$lib/"
}

# Sets PATH and the linker. Fails if set-up has not run.
use_toolchain() {
  local bin host linker
  bin=$(find_toolchain) || die "No Rust with $WASM yet: run  make setup"
  export PATH=$TOOLS/bin:$bin:$PATH
  hash -r
  # gcc finds the linker `lld` only by this exact name; Debian's has the version in it.
  if ! command -v ld.lld >/dev/null && linker=$(compgen -c ld.lld- | sort -Vr | head -n1) && [[ -n $linker ]]; then
    ln -sf "$(command -v "$linker")" "$TOOLS/bin/ld.lld"
  fi
  if command -v ld.lld >/dev/null; then
    host=$(rustc -vV | sed -n 's/^host: //p' | tr a-z- A-Z_)
    export "CARGO_TARGET_${host}_RUSTFLAGS=-Clink-arg=-fuse-ld=lld"
  fi
}
