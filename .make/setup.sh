#!/usr/bin/env bash
# Installs what a fresh machine needs to build (`setup.sh build`), to test (`setup.sh test`) or to run all applications
# (`setup.sh compat`). Each part first checks quickly whether it is already there.
source "$(dirname "$0")/lib.sh"
source "$ROOT/.make/toolchain.sh"

need_compiler() {
  if ! command -v cc >/dev/null || ! command -v make >/dev/null; then apt_install gcc libc6-dev make; fi
}

need_rust() {
  local bin
  if ! bin=$(find_toolchain); then
    install_toolchain
    bin=$(find_toolchain) || die "No usable Rust after set-up"
  fi
  say "$("$bin/rustc" --version), $bin, with $WASM"
}

need_rust_tools() {
  local bin
  bin=$(find_toolchain)
  done_before rust-tools "$bin" "$("$bin/rustc" --version)" && return
  has_tools "$bin" || die "cargo fmt and cargo clippy are missing beside $bin/cargo: install them (rustup component add clippy rustfmt)"
  remember rust-tools "$bin" "$("$bin/rustc" --version)"
}

need_node() {
  command -v node >/dev/null && command -v npm >/dev/null || apt_install nodejs npm
  local major
  major=$(node -p 'process.versions.node.split(".")[0]')
  ((major >= 20)) || die "Node 20 or newer is needed, this is $(node --version)"
}

# `need_node_modules FOLDER` — installs exactly what the lock file says. The stamp is inside the folder.
need_node_modules() {
  local lock
  lock=$(sha256sum <"$1/package-lock.json")
  [[ -e $1/node_modules/.installed && $(<"$1/node_modules/.installed") == "$lock" ]] && return
  say "npm ci in $1"
  npm ci --prefix "$1" --no-audit --no-fund --loglevel=error
  printf '%s\n' "$lock" >"$1/node_modules/.installed"
}

need_browser() {
  [[ -x ${SUPPORT_CONSOLE_CHROMIUM:-/usr/bin/chromium} ]] || apt_install chromium
}

need_firefox() {
  [[ -x ${SUPPORT_CONSOLE_FIREFOX:-/usr/bin/firefox-esr} ]] || apt_install firefox-esr
}

# Needed even if most tests use another server, because some stop and freeze their own.
need_postgres() {
  "$ROOT/.make/with-postgres.sh" --find >/dev/null 2>&1 || apt_install postgresql
}

# Sets the clock of a tested program.
need_faketime() {
  compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null || apt_install libfaketime
}

need_curl() {
  command -v curl >/dev/null || apt_install curl
}

# Proxies that ask the console or stand before its gateway, and what brings a proxy's log into the console's form. The others are
# packages of Python's registry.
need_debian_proxies() {
  local program missing=()
  for program in nginx haproxy jq; do
    (PATH=$PATH:/usr/sbin && command -v "$program" >/dev/null) || missing+=("${program/#nginx/nginx-light}")
  done
  ((${#missing[@]} == 0)) || apt_install "${missing[@]}"
}

# Applications of PHP and Go, and MariaDB as a program without a service. Each application gets a database of its own, so the
# questions of their packages about one are declined.
need_debian_applications() {
  local package missing=()
  for package in adminer mediawiki phpmyadmin prometheus wordpress wordpress-theme-twentytwentythree \
    php-cli php-cgi php-gd php-mysql php-sqlite3 mariadb-server-core mariadb-client-core dbconfig-no-thanks; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  ((${#missing[@]} == 0)) || apt_install "${missing[@]}"
}

# `need_python FILE FOLDER` — installs exactly the packages that the file lists. The stamp is inside the folder.
need_python() {
  local file=$1 venv=$2 python lock
  lock=$(sha256sum <"$file")
  [[ -x $venv/bin/python && -e $venv/.installed && $(<"$venv/.installed") == "$lock" ]] &&
    "$venv/bin/python" -c '' 2>/dev/null && return
  usable_python >/dev/null || apt_install python3 python3-venv
  python=$(usable_python) || die "Python 3.10 or newer with venv is needed"
  say "$("$python" --version), packages of $file into $venv"
  rm -rf "$venv"
  "$python" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check -r "$file"
  printf '%s\n' "$lock" >"$venv/.installed"
}

usable_python() {
  local python
  for python in python3 /usr/bin/python3; do
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
      command -v "$python"
      return
    fi
  done
  return 1
}

step "Set-up: C compiler and linker" need_compiler
step "Set-up: Rust with WebAssembly" need_rust
step "Set-up: Node" need_node
step "Set-up: wasm-opt and fonts" need_node_modules frontend
if [[ ${1:-build} != build ]]; then
  step "Set-up: rustfmt and clippy" need_rust_tools
  step "Set-up: Playwright" need_node_modules end2end
  step "Set-up: Chromium" need_browser
  step "Set-up: PostgreSQL" need_postgres
  step "Set-up: libfaketime" need_faketime
  step "Set-up: curl" need_curl
  step "Set-up: Python for httpbin" need_python end2end/requirements.txt "$TOOLS/venv"
  step "Set-up: Django and Datasette" need_python end2end/applications/requirements.txt "$TOOLS/applications"
  step "Set-up: Node-RED" need_node_modules end2end/applications
  step "Set-up: Caddy, Traefik and Envoy" need_python end2end/requirements-proxies.txt "$TOOLS/proxies"
  step "Set-up: nginx, HAProxy and jq" need_debian_proxies
fi
if [[ ${1:-build} == compat ]]; then
  step "Set-up: Gradio, JupyterLab, PocketBase, OpenTelemetry" need_python end2end/applications/compat/requirements.txt "$TOOLS/compat"
  step "Set-up: Express, htmx, Next.js, socket.io, Swagger UI" need_node_modules end2end/applications/compat
  step "Set-up: MediaWiki, phpMyAdmin, Prometheus, WordPress" need_debian_applications
  step "Set-up: Firefox" need_firefox
fi
