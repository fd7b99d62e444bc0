#!/usr/bin/env bash
# Makes the packages in $TARGET/dist: a .deb and a tar.gz with the program, its service, manual pages, completions and
# documents. They are for this machine's architecture, or on another machine for arm64: `dist.sh arm64`.
#   SUPPORT_CONSOLE_BINARY=…   a finished program for that architecture, instead of a new release build
#   SUPPORT_CONSOLE_VERSION=…  another version than Cargo.toml's, for a test of an upgrade
source "$(dirname "$0")/lib.sh"

package=support-console
version=${SUPPORT_CONSOLE_VERSION:-$(sed -n '/^\[workspace.package\]/,/^\[/ s/^version = "\(.*\)"/\1/p' Cargo.toml)}
# Equal sources make equal packages.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH

host=$(dpkg --print-architecture)
architecture=${1:-$host}
needed=(dpkg-deb:dpkg)
case $architecture in
  "$host")
    release=$TARGET/release/$package tools='' run=()
    needed+=(objdump:binutils strip:binutils)
    ;;
  arm64)
    release=$TARGET/arm64/aarch64-unknown-linux-gnu/release/$package tools=aarch64-linux-gnu-
    # Also shows that the program runs.
    run=(qemu-aarch64 -L /usr/aarch64-linux-gnu)
    needed+=("${tools}objdump:binutils-aarch64-linux-gnu" "${tools}strip:binutils-aarch64-linux-gnu" qemu-aarch64:qemu-user
      /usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1:libc6-arm64-cross /usr/aarch64-linux-gnu/lib/libgcc_s.so.1:libgcc-s1-arm64-cross)
    ;;
  *) die "Packages are made for $host, which this machine has, or for arm64, not for $architecture." ;;
esac

build() {
  "$ROOT/.make/setup.sh" build
  if [[ $architecture == "$host" ]]; then
    "$ROOT/.make/build.sh"
  else
    "$ROOT/.make/bundle.sh" release
    "$ROOT/.make/cross.sh" "$architecture"
  fi
}

need_tools() {
  local tool missing=()
  for tool in "${needed[@]}"; do
    command -v "${tool%:*}" >/dev/null || [[ $tool == /* && -e ${tool%:*} ]] || missing+=("${tool#*:}")
  done
  ((${#missing[@]} == 0)) || apt_install "${missing[@]}"
}

# `put MODE FILE… FOLDER` — copies into the staged root.
put() {
  local mode=$1 folder=$root/${*: -1}
  install -d -m 0755 "$folder"
  install -m "$mode" "${@:2:$#-2}" "$folder"
}

# Everything below /usr, as both packages have it.
stage() {
  local made=$work/made doc=usr/share/doc/$package
  put 0755 "$binary" usr/bin
  "${tools}strip" --strip-unneeded "$root/usr/bin/$package"
  mkdir "$made"
  "${run[@]}" "$root/usr/bin/$package" generate "$made"
  gzip -n -9 "$made"/*.1
  put 0644 "$made"/*.1.gz usr/share/man/man1
  put 0644 "$made/$package.bash" usr/share/bash-completion/completions
  mv "$root/usr/share/bash-completion/completions/$package"{.bash,}
  put 0644 "$made/$package.fish" usr/share/fish/vendor_completions.d
  put 0644 "$made/_$package" usr/share/zsh/vendor-completions
  put 0644 "server/dist/$package.service" usr/lib/systemd/system
  put 0644 "$made/console.toml" "$doc/examples"
  put 0644 README.md docs/*.md "$doc"
  put 0644 docs/integrations/*.md "$doc/integrations"
  gzip -n -9 -c CHANGELOG.md >"$root/$doc/changelog.gz"
  { echo "Licence: MIT or Apache-2.0, at your choice."; echo; cat LICENSE-MIT LICENSE-APACHE; } >"$root/$doc/copyright"
}

make_tar() {
  local folder=$package-$version-linux-$architecture
  mkdir "$work/tar"
  cp -a "$root/usr" "$work/tar/$folder"
  cp README.md LICENSE-MIT LICENSE-APACHE "$work/tar/$folder"
  tar --create --directory "$work/tar" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner "$folder" |
    gzip -n -9 >"$out/$folder.tar.gz"
}

make_deb() {
  local glibc size script control=$root/DEBIAN
  mkdir "$control"
  glibc=$("${tools}objdump" -T "$root/usr/bin/$package" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -n1)
  size=$(du -sk "$root/usr" | cut -f1)
  sed -e "s/@VERSION@/$version/; s/@ARCHITECTURE@/$architecture/; s/@SIZE@/$size/; s/@GLIBC@/${glibc#GLIBC_}/" \
    server/dist/debian/control.in >"$control/control"
  for script in config postinst prerm postrm; do install -m 0755 "server/dist/debian/$script" "$control"; done
  install -m 0644 server/dist/debian/templates "$control"
  (cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
  dpkg-deb --root-owner-group -Zzstd --build "$root" "$out/${package}_${version}_$architecture.deb" >/dev/null
}

[[ -n ${SUPPORT_CONSOLE_BINARY:-} ]] || build
binary=${SUPPORT_CONSOLE_BINARY:-$release}
step "Set-up: dpkg and binutils" need_tools
out=$TARGET/dist
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 0755 "$work"
root=$work/root
umask 022
step "Program, manual and completions" stage
step "tar.gz" make_tar
step "Debian package" make_deb
(cd "$out" && ls -lh "$package-$version-linux-$architecture.tar.gz" "${package}_${version}_$architecture.deb")
