#!/usr/bin/env bash
# Measures ourselves and peers in the same run. Without arguments: the first two parts. Arguments after a part's name go
# to that part:
#   bench.sh overview --tenants N --rounds N    the overview and Django's admin over the same rows; sizes of what the browser loads
#   bench.sh gateway --rounds N --seconds N     the gateway and proxies that record nothing; how fast a revocation takes effect
#   bench.sh disk --requests N                  how much disk a recorded request takes
#   bench.sh years --events N [--store postgres]   an audit log of so many events: its pages, verification, deletion of a month
#   bench.sh endurance --minutes N              everything at once on two nodes, one of which is killed every minute
# SUPPORT_CONSOLE_BINARY names a release binary to measure; without it one is built.
source "$(dirname "$0")/lib.sh"
source "$ROOT/.make/toolchain.sh"

parts=(overview gateway)
case ${1:-} in
  overview | gateway | disk | years | endurance) parts=("$1") && shift ;;
  '') ;;
  *) die "Which part are these arguments for?  overview $*,  gateway $*,  disk $*,  years $*  or  endurance $*" ;;
esac
venv=$TOOLS/bench

build() {
  "$ROOT/.make/setup.sh" build
  "$ROOT/.make/build.sh"
  use_toolchain
}

install_python() {
  [[ -x $venv/bin/python ]] || python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check "$@"
}

# `installed FILE` — whether the venv has exactly these packages. The stamp is inside the venv.
installed() { [[ -x $venv/bin/python && -e $venv/$1 && $(<"$venv/$1") == "$(<"end2end/bench/$1")" ]]; }
vouch() { cp "end2end/bench/$1" "$venv/$1"; }

overview_peers() {
  installed requirements.txt && return
  install_python --requirement end2end/bench/requirements.txt
  vouch requirements.txt
}

have() { (PATH=$PATH:/usr/local/sbin:/usr/sbin && command -v "$1" >/dev/null); }

# Upstream and client are required. A proxy that can't be installed is left out of the tables.
gateway_peers() {
  local package complete=yes
  have nginx || apt_install nginx-light
  have wrk || apt_install wrk
  have haproxy || (apt_install haproxy) || say "HAProxy is left out"
  "$ROOT/.make/with-postgres.sh" --find >/dev/null || (apt_install postgresql) || say "two nodes on one PostgreSQL are left out"
  have node || apt_install nodejs
  installed requirements-gateway.txt && return
  while read -r package; do
    install_python "$package" || { say "$package is left out" && complete=no; }
  done <end2end/bench/requirements-gateway.txt
  [[ $complete == no ]] || vouch requirements-gateway.txt
}

overview() {
  step "Peer: Django" overview_peers
  step "Figures: overview" "$venv/bin/python" end2end/bench/overview.py \
    --binary "$SUPPORT_CONSOLE_BINARY" --site "$SUPPORT_CONSOLE_SITE_ROOT" "$@"
}

gateway() {
  step "Peers: proxies" gateway_peers
  local output=$TARGET/bench/gateway.md postgres=()
  mkdir -p "$TARGET/bench"
  # Always a separate server, because figures from a shared one, or from one that doesn't flush, mean nothing.
  unset SUPPORT_CONSOLE_TEST_POSTGRES_URL
  if "$ROOT/.make/with-postgres.sh" --find >/dev/null; then postgres=("$ROOT/.make/with-postgres.sh" --durable); fi
  step "Figures: gateway" "${postgres[@]}" "$venv/bin/python" end2end/bench/gateway.py \
    --binary "$SUPPORT_CONSOLE_BINARY" --output "$output" "$@"
  say "also in $output"
}

disk() {
  "$ROOT/.make/with-postgres.sh" --find >/dev/null || apt_install postgresql
  unset SUPPORT_CONSOLE_TEST_POSTGRES_URL
  step "Figures: disk" "$ROOT/.make/with-postgres.sh" python3 end2end/bench/disk.py --binary "$SUPPORT_CONSOLE_BINARY" "$@"
}

years() {
  local postgres=()
  unset SUPPORT_CONSOLE_TEST_POSTGRES_URL
  if [[ " $* " == *" postgres "* ]]; then
    "$ROOT/.make/with-postgres.sh" --find >/dev/null || apt_install postgresql
    postgres=("$ROOT/.make/with-postgres.sh")
  fi
  step "Filler (release)" cargo build --locked --release -p store --example years
  step "Figures: years" "${postgres[@]}" python3 end2end/bench/years.py --binary "$SUPPORT_CONSOLE_BINARY" \
    --filler "$TARGET/release/examples/years" "$@"
}

endurance() {
  "$ROOT/.make/with-postgres.sh" --find >/dev/null || apt_install postgresql
  unset SUPPORT_CONSOLE_TEST_POSTGRES_URL
  step "Everything at once" "$ROOT/.make/with-postgres.sh" --durable python3 end2end/bench/endurance.py \
    --binary "$SUPPORT_CONSOLE_BINARY" "$@"
}

if [[ -z ${SUPPORT_CONSOLE_BINARY:-} ]]; then
  build
  export SUPPORT_CONSOLE_BINARY=$TARGET/release/support-console
fi
for part in "${parts[@]}"; do
  "$part" "$@"
done
