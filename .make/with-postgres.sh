#!/usr/bin/env bash
# Starts a PostgreSQL server, runs a command with its URL in SUPPORT_CONSOLE_TEST_POSTGRES_URL, and always stops and
# removes the server afterwards. If the variable is already set, that server is used and left alone.
#   with-postgres.sh COMMAND…      with-postgres.sh --find   (prints where the binaries are)
#   with-postgres.sh --durable COMMAND…   (a server that flushes its commits: for measuring, not for tests)
source "$(dirname "$0")/lib.sh"

find_postgres() {
  local folder
  for folder in $(compgen -G '/usr/lib/postgresql/*/bin' | sort -Vr) "$(dirname "$(command -v postgres || echo /none/postgres)")"; do
    if [[ -x $folder/postgres && -x $folder/initdb ]]; then
      echo "$folder"
      return
    fi
  done
  return 1
}

free_port() { node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'; }

start() {
  local user unprivileged=(setpriv --pdeathsig INT)
  # PostgreSQL refuses to run as root.
  if ((EUID == 0)); then
    user=$(id -nu postgres 2>/dev/null || echo nobody)
    unprivileged+=(--reuid "$user" --regid "$(id -g "$user")" --clear-groups)
  fi
  folder=$(mktemp -d "${TMPDIR:-/tmp}/support-console-postgres.XXXXXX")
  password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  printf '%s\n' "$password" >"$folder/password"
  ((EUID != 0)) || chown -R "$user" "$folder"
  # Names sort by language here, not by bytes, so that a query without its collation fails.
  "${unprivileged[@]}" "$bin/initdb" --pgdata "$folder/data" --username support_console --pwfile "$folder/password" \
    --auth scram-sha-256 --encoding UTF8 --locale C.UTF-8 --locale-provider icu --icu-locale en \
    --no-sync --no-instructions >"$folder/log" 2>&1 || fail "initdb failed"
  # Another program may take the port before it is used. Then try another.
  local attempt
  for attempt in 1 2 3 4 5; do
    port=$(free_port)
    "${unprivileged[@]}" "$bin/postgres" -D "$folder/data" -k "$folder" -h 127.0.0.1 -p "$port" \
      -c fsync="$durable" -c full_page_writes="$durable" -c shared_buffers=64MB \
      -c max_connections=400 -c max_wal_size=1GB -c log_min_messages=warning >>"$folder/log" 2>&1 &
    server=$!
    if ready; then return; fi
  done
  fail "PostgreSQL did not start"
}

ready() {
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    kill -0 "$server" 2>/dev/null || return 1
    if "$bin/pg_isready" --quiet -h 127.0.0.1 -p "$port"; then return; fi
    sleep 0.1
  done
  return 1
}

fail() {
  tail -n 20 "$folder/log" >&2
  die "$1. The tests need PostgreSQL and never skip it."
}

stop() {
  if [[ -n ${server:-} ]] && kill -0 "$server" 2>/dev/null; then
    # INT is PostgreSQL's fast shutdown: it drops connections and doesn't wait.
    kill -INT "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "${folder:-}"
}

if [[ ${1:-} == --find ]]; then
  find_postgres
  exit
fi
durable=off
if [[ ${1:-} == --durable ]]; then
  durable=on
  shift
fi
if [[ -z ${SUPPORT_CONSOLE_TEST_POSTGRES_URL:-} ]]; then
  bin=$(find_postgres) || die "PostgreSQL is not installed: run  make setup"
  trap stop EXIT
  trap 'exit 130' INT TERM HUP
  start
  export SUPPORT_CONSOLE_TEST_POSTGRES_URL="postgres://support_console:$password@127.0.0.1:$port/postgres"
  say "PostgreSQL $(cat "$folder/data/PG_VERSION") on port $port, data in $folder"
fi
"$@"
