#!/usr/bin/env bash
# Compiles the release for arm64 on another machine, with the site that `bundle.sh release` has made: `cross.sh arm64`.
# Debian has all that this needs: a C compiler for arm64, and the standard library for its own Rust.
source "$(dirname "$0")/lib.sh"
source "$ROOT/.make/toolchain.sh"

[[ ${1:-} == arm64 ]] || die "Only arm64 can be compiled on another machine, not ${1:-nothing}."
rust_target=aarch64-unknown-linux-gnu
site=$TARGET/release/site.rs

need_compilers() {
  local package missing=()
  for package in gcc-aarch64-linux-gnu libc6-dev-arm64-cross rustc-web cargo-web; do
    dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
  done
  ((${#missing[@]} == 0)) || apt_install "${missing[@]}"
  new_enough /usr/bin/rustc || die "Rust $RUST_NEEDED or newer is needed; Debian's is $(/usr/bin/rustc --version)"
}

# Prints the folder of the standard library. A compiler accepts only the library of its own version.
sysroot() { printf '%s/rust-%s-%s' "$TOOLS" "$rust_target" "$(dpkg-query -W -f='${Version}' rustc-web)"; }

# Unpacks Debian's package without installing it: then apt would have to know arm64 for everything else too.
need_std() {
  local made version work get
  made=$(sysroot)
  [[ ! -e $made ]] || return 0
  version=$(dpkg-query -W -f='${Version}' rustc-web)
  work=$(mktemp -d -p "$TOOLS")
  trap "rm -rf '$work'" EXIT
  mkdir -p "$work"/{lists,cache/archives}/partial
  get=(apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Sandbox::User=root
    -o Acquire::Languages=none -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache")
  "${get[@]}" update || say "some package lists could not be loaded; going on with the others"
  (cd "$work" && "${get[@]}" download "libstd-rust-web-dev=$version") ||
    die "The standard library for arm64 of rustc-web $version can't be downloaded. If Debian has a newer version: apt-get install rustc-web cargo-web"
  dpkg-deb --extract "$work"/*.deb "$work/std"
  rm -rf "$TOOLS/rust-$rust_target"-*
  mv "$work/std/usr" "$made"
}

# In a separate target folder. In a common one, this compiler and the usual one throw away what the other has built.
compile() {
  [[ -e $site ]] || die "No site yet: run  make bundle-release"
  RUSTC=/usr/bin/rustc CARGO_TARGET_DIR=$TARGET/arm64 SUPPORT_CONSOLE_SITE_FILES=$site /usr/bin/cargo rustc \
    --config "target.$rust_target.linker='aarch64-linux-gnu-gcc'" \
    --config "target.$rust_target.rustflags=['--sysroot', '$(sysroot)']" \
    --locked --release --target "$rust_target" -p server --bin support-console -- --cfg carries_site
}

step "Set-up: Rust and C for arm64" need_compilers
step "Set-up: Rust's standard library for arm64" need_std
step "Program with its site, for arm64" compile
