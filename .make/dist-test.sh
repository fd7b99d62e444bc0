#!/usr/bin/env bash
# Installs the Debian package in a fresh Debian root, uses it, upgrades it, removes and purges it. First without a running
# systemd: the unit's command is started here, as the unit's user. Then systemd boots the root, and runs the unit as it is.
# The version to upgrade from is the same program with a lower number. What an older one would have left, a store with an
# older schema, is made from the present store with the migrations up to then.
# Also unpacks the tar.gz there, and builds the image, on that root instead of Debian's image.
# Needs root, and control groups of version 2.
#   SUPPORT_CONSOLE_BINARY=…   a finished program, instead of a new release build
source "$(dirname "$0")/lib.sh"

((EUID == 0)) || die "This needs root: it makes a Debian root and network of its own."

# Whether a server is ready before long. Says nothing if not.
is_ready() {
  local tries
  for ((tries = 0; tries < 150; tries++)); do
    if curl -fs -o /dev/null http://localhost:3000/health/ready; then return; fi
    sleep 0.2
  done
  return 1
}

# The image's program, in a network where no port is taken.
if [[ ${1:-} == image ]]; then
  ip link set lo up
  buildah "${@:2}" run "$made" -- support-console doctor --config /etc/support-console/console.toml
  buildah "${@:2}" run "$made" -- support-console serve --config /etc/support-console/console.toml >"$work/said" 2>&1 &
  is_ready || { cat "$work/said"; die "the image's server is not ready"; }
  exit
fi

# A network of its own, so that no port is taken.
if [[ -z ${SUPPORT_CONSOLE_TEST_NETWORK:-} ]]; then
  arm64=${SUPPORT_CONSOLE_ARM64_BINARY:-}
  if [[ -z ${SUPPORT_CONSOLE_BINARY:-} ]]; then
    arm64=${arm64:-build}
    "$ROOT/.make/setup.sh" build
    "$ROOT/.make/build.sh"
    export SUPPORT_CONSOLE_BINARY=$TARGET/release/support-console
  fi
  for tool in debootstrap:debootstrap curl:curl ip:iproute2 buildah:buildah sqlite3:sqlite3 pgrep:procps; do
    command -v "${tool%:*}" >/dev/null || apt_install "${tool#*:}"
  done
  rm -rf "$TARGET/dist"
  SUPPORT_CONSOLE_VERSION=0.0.1 "$ROOT/.make/dist.sh"
  "$ROOT/.make/dist.sh"
  root=$(mktemp -d)
  chmod 755 "$root"
  trap 'rm -rf --one-file-system "$root"' EXIT
  image() (
    set -e
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
    store=(--log-level error --root "$work/store" --runroot "$work/run")
    base=$(buildah "${store[@]}" from scratch)
    buildah "${store[@]}" copy --quiet "$base" "$root" / >/dev/null
    buildah "${store[@]}" commit --quiet "$base" debian:bookworm-slim >/dev/null
    mkdir "$work/dist"
    cp "$TARGET/dist/"support-console_*.deb "$work/dist"
    rm "$work/dist/"support-console_0.0.1_*
    buildah "${store[@]}" build --quiet --pull-never --network host --file server/dist/Containerfile --tag support-console "$work/dist"
    made=$(buildah "${store[@]}" from --pull-never support-console)
    [[ $(buildah "${store[@]}" run "$made" -- support-console --version) == support-console\ * ]]
    [[ $(buildah "${store[@]}" run "$made" -- id -un) == support-console ]]
    buildah "${store[@]}" run "$made" -- support-console init --config /etc/support-console/console.toml \
      --console-url http://localhost:3000 --admin-email ana@example.com >"$work/said" || { cat "$work/said"; die "init failed"; }
    export work made
    unshare --net --mount-proc --pid --fork --kill-child "$0" image "${store[@]}"
  )
  # Each package has the same program, which runs on arm64.
  made_for_arm64() (
    set -e
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    package=$(ls "$TARGET"/dist/support-console_*_arm64.deb)
    program=$work/usr/bin/support-console
    [[ $(dpkg-deb --field "$package" Architecture) == arm64 ]]
    dpkg-deb --extract "$package" "$work"
    readelf --file-header "$program" | grep -q 'Machine: *AArch64'
    [[ $(qemu-aarch64 -L /usr/aarch64-linux-gnu "$program" --version) == support-console\ * ]]
    tar --extract --file "$TARGET"/dist/support-console-*-linux-arm64.tar.gz --directory "$work"
    cmp "$program" "$work"/support-console-*-linux-arm64/bin/support-console
  )
  fresh() { debootstrap --variant=minbase --include=adduser,debconf,init-system-helpers,systemd bookworm "$root" >"$TARGET/dist/debootstrap.log"; }
  step "A fresh Debian root" fresh
  step "An image" image
  SUPPORT_CONSOLE_TEST_NETWORK=$root unshare --net --mount-proc --pid --fork --kill-child "$0"
  if [[ -n $arm64 && $(dpkg --print-architecture) == amd64 ]]; then
    SUPPORT_CONSOLE_BINARY=${arm64#build} "$ROOT/.make/dist.sh" arm64
    step "Packages for arm64" made_for_arm64
  fi
  exit
fi

root=$SUPPORT_CONSOLE_TEST_NETWORK
url=http://localhost:3000
old=$(cd "$TARGET/dist" && ls support-console_0.0.1_*.deb)
new=$(cd "$TARGET/dist" && ls support-console_*.deb | grep -v "^$old$")

wanted=$root/etc/systemd/system/multi-user.target.wants/support-console.service
purely=(/usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive)
into=(chroot "$root" "${purely[@]}")
inside() { "${into[@]}" "$@"; }
console() { inside support-console "$@" --config /etc/support-console/console.toml; }
install_package() { cp "$TARGET/dist/$1" "$root/tmp/" && inside apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends "/tmp/$1" </dev/null; }
fails() { if "$@" >"$root/tmp/said" 2>&1; then cat "$root/tmp/said"; die "this should have failed: $*"; fi; }

# Starts what the unit starts, in its folder, as its user, without any capability.
start() {
  local unit=$root/usr/lib/systemd/system/support-console.service user command
  user=$(sed -n 's/^User=//p' "$unit")
  command=$(sed -n 's/^ExecStart=//p' "$unit")
  # shellcheck disable=SC2086
  "${into[@]}" setpriv --reuid "$user" --regid "$user" --init-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
    --reset-env $command >>"$root/tmp/log" 2>&1 &
  # Steps are subshells, so a file says which process it is.
  echo $! >"$root/tmp/server"
  is_ready || { cat "$root/tmp/log"; die "the server is not ready"; }
}

stop() {
  local server tries
  server=$(<"$root/tmp/server")
  : >"$root/tmp/log"
  kill "$server"
  for ((tries = 0; tries < 150; tries++)); do
    kill -0 "$server" 2>/dev/null || break
    sleep 0.2
  done
  grep -q '"stopped"' "$root/tmp/log" || { cat "$root/tmp/log"; die "the server did not stop in order"; }
}

# Whether this password signs in. The answer to a wrong one leads back to the sign-in without a cookie.
signs_in() {
  curl -s -o /dev/null -D - "$url/forms/sign-in" -H "Origin: $url" -H 'Sec-Fetch-Site: same-origin' \
    --data-urlencode "email=$1" --data-urlencode "password=$2" | grep -qi '^set-cookie: __Host-support-console='
}

three_answers() {
  printf '%s\n' 'support-console support-console/console-url string http://localhost:3000' \
    'support-console support-console/admin-email string ana@example.com' \
    'support-console support-console/admin-password password three blind mice' | inside debconf-set-selections
}

installed_with_three_answers() {
  three_answers
  install_package "$old"
  [[ -L $wanted ]] || die "the unit isn't enabled"
  [[ $(inside support-console --version) == support-console\ * ]]
  local path
  for path in var/lib/support-console/console.db var/lib/support-console; do
    [[ $(inside stat -c %U "/$path") == support-console ]] || die "$path has another owner"
  done
  [[ $(inside stat -c '%U %G %a' /etc/support-console/console.toml) == "root support-console 640" ]] || die "the configuration has another owner"
  # The password isn't kept.
  ! inside grep -r "blind mice" /var/cache/debconf /etc/support-console || die "debconf has kept the password"
}

runs() {
  start
  signs_in ana@example.com "three blind mice" || die "the answers don't sign in"
  ! signs_in ana@example.com "four blind mice" || die "anything signs in"
  local page style
  page=$(curl -fsL "$url/")
  style=$(grep -o '/pkg/[^"]*\.css' <<<"$page" | head -n1)
  [[ -n $style ]] || die "the page has no style: the site isn't carried"
  curl -fs -H 'Accept-Encoding: br' -D - -o /dev/null "$url$style" | grep -qi '^content-encoding: br' || die "the style isn't compressed"
  # As root, beside the server, without leaving anything that the server can't use.
  console staff add --email jo@example.com --name Jo --role support_admin --one-time-password
  console backup /var/lib/support-console/before-upgrade.db
  console audit verify
  local strangers
  strangers=$(inside find /var/lib/support-console ! -user support-console ! -name before-upgrade.db)
  [[ -z $strangers ]] || die "files of another user: $strangers"
}

nothing_is_overwritten() {
  fails console init --console-url https://console.example.com --admin-email ana@example.com
  grep -q "exists already" "$root/tmp/said" || die "init does not say why"
  fails console backup /var/lib/support-console/before-upgrade.db
}

# Gives the store the schema of an older program, with what it has of the data that were there then.
older_store() {
  local store=$root/var/lib/support-console/console.db older=$root/tmp/older.db schema=18 file table columns
  for file in migrations/sqlite/*.sql; do
    table=${file##*/}
    if ((10#${table%%_*} <= schema)); then sqlite3 -bail "$older" <"$file"; fi
  done
  {
    echo "ATTACH '$store' AS now; BEGIN;"
    for table in $(sqlite3 "$older" "SELECT name FROM sqlite_master WHERE type = 'table'"); do
      columns=$(sqlite3 "$older" "ATTACH '$store' AS now; SELECT group_concat(quote(name)) FROM pragma_table_info('$table')
        WHERE name IN (SELECT name FROM pragma_table_info('$table', 'now'))" | tr "'" '"')
      # Names were saved twice then.
      if [[ $table == audit_events ]]; then
        echo "INSERT INTO $table ($columns, actor_search) SELECT $columns, lower(actor_name) FROM now.$table;"
      else
        echo "INSERT OR REPLACE INTO $table ($columns) SELECT $columns FROM now.$table;"
      fi
    done
    echo "CREATE TABLE _sqlx_migrations AS SELECT * FROM now._sqlx_migrations WHERE version <= $schema;"
    echo "INSERT INTO tenants (id, slug, name, status, created_at, sort_name, search, health_since, health_at)
      VALUES ('acme', 'acme', 'Acme', 'active', 0, 'acme', 'acme', 0, 0); COMMIT;"
  } | sqlite3 -bail "$older"
  rm -f "$store-wal" "$store-shm"
  # Into the file that has the right owner and mode.
  cat "$older" >"$store"
  rm "$older"
}

upgraded() {
  local before key events
  before=$(inside md5sum /etc/support-console/console.toml)
  key=$(console api-key create --name reader --right read 2>/dev/null)
  stop
  older_store
  fails console audit verify
  grep -q "out of date" "$root/tmp/said" || { cat "$root/tmp/said"; die "the store isn't older"; }
  install_package "$new"
  [[ $(inside dpkg-query -W -f '${Version}' support-console) != 0.0.1 ]]
  [[ $(inside md5sum /etc/support-console/console.toml) == "$before" ]] || die "the upgrade changed the configuration"
  # As the unit is started again.
  start
  signs_in ana@example.com "three blind mice" || die "the upgrade lost the people"
  [[ $(console staff list) == *jo@example.com* ]] || die "the upgrade lost the people"
  curl -fs -H "X-API-Key: $key" "$url/api/v1/tenants" | grep -q '"Acme"' || die "the upgrade lost the key or the tenant"
  console audit verify >"$root/tmp/said" || { cat "$root/tmp/said"; die "the record does not verify"; }
  events=$(sed -n 's/ events in .*//p' "$root/tmp/said")
  ((events >= 4)) || die "the upgrade lost events: $events are left"
}

restored() {
  fails console restore /var/lib/support-console/before-upgrade.db
  grep -q "stop it first" "$root/tmp/said" || die "restore does not say why"
  stop
  console restore /var/lib/support-console/before-upgrade.db
  console audit verify
  start
  signs_in ana@example.com "three blind mice" || die "the restored store lacks the people"
  stop
}

# The unit is correct, and little exposed, by systemd's own account: 0 is the best, 10 the worst.
hardened() {
  inside systemd-analyze verify --man=no --recursive-errors=no support-console.service
  inside systemd-analyze security --offline=true --threshold=20 --no-pager support-console.service | tail -n 1
}

# The program of the tar.gz is the package's, and can be set up in any folder.
unpacked() {
  local version architecture folder
  IFS=_ read -r _ version architecture <<<"${new%.deb}"
  folder=support-console-$version-linux-$architecture
  tar --extract --file "$TARGET/dist/$folder.tar.gz" --directory "$root/opt"
  cmp "$root/opt/$folder/bin/support-console" "$root/usr/bin/support-console"
  local program=(env --chdir /opt/trial "/opt/$folder/bin/support-console")
  mkdir "$root/opt/trial"
  [[ $(inside "${program[@]}" --version) == support-console\ * ]]
  inside "${program[@]}" init --console-url "$url" --admin-email ana@example.com >"$root/tmp/said" ||
    { cat "$root/tmp/said"; die "init failed"; }
  inside "${program[@]}" doctor --config console.toml
}

documented() {
  local path
  for path in usr/share/man/man1/support-console.1.gz usr/share/man/man1/support-console-init.1.gz \
    usr/share/bash-completion/completions/support-console usr/share/zsh/vendor-completions/_support-console \
    usr/share/fish/vendor_completions.d/support-console.fish usr/share/doc/support-console/examples/console.toml; do
    [[ -s $root/$path ]] || die "$path is missing"
  done
  inside support-console gateway check /usr/share/doc/support-console/examples/console.toml
  # Each part of a configuration says what it is, in the example and in what the answers wrote.
  for path in usr/share/doc/support-console/examples/console.toml etc/support-console/console.toml; do
    grep -q '^# The data store: ' "$root/$path" || die "$path has no comments"
    awk 'BEGIN { RS = "" } !/(^|\n)# / { print; bad = 1 } END { exit bad }' "$root/$path" || die "this part of $path has no comment"
  done
}

removed_and_purged() {
  inside apt-get -qq -o Dpkg::Use-Pty=0 remove -y support-console
  [[ ! -e $root/usr/bin/support-console && -e $root/etc/support-console/console.toml ]] || die "a removal keeps the configuration, and nothing else"
  inside apt-get -qq -o Dpkg::Use-Pty=0 purge -y support-console
  [[ ! -e $root/etc/support-console ]] || die "a purge removes the configuration"
  [[ ! -L $wanted ]] || die "a purge disables the unit"
  [[ -e $root/var/lib/support-console/console.db ]] || die "a purge must not delete the record"
  ! inside debconf-show support-console | grep -q . || die "debconf still knows the answers"
}

installed_without_answers() {
  rm -rf "$root/var/lib/support-console"
  install_package "$new"
  [[ ! -e $root/etc/support-console/console.toml ]] || die "nothing was answered, but something was set up"
  console init --console-url "$url" --admin-email ana@example.com >"$root/tmp/said" || { cat "$root/tmp/said"; die "init failed"; }
  grep -q "systemctl enable --now support-console" "$root/tmp/said" || die "init does not say what is next"
  start
  signs_in ana@example.com "$(sed -n 's/.*shown once: //p' "$root/tmp/said")" || die "the one-time password doesn't sign in"
  stop
}

wrong_answers_are_explained() {
  inside apt-get -qq -o Dpkg::Use-Pty=0 purge -y support-console
  printf '%s\n' 'support-console support-console/console-url string http://console.example.com' \
    'support-console support-console/admin-email string ana@example.com' | inside debconf-set-selections
  install_package "$new" >"$root/tmp/said" 2>&1
  grep -q "without https" "$root/tmp/said" || { cat "$root/tmp/said"; die "a wrong answer isn't explained"; }
  [[ ! -e $root/etc/support-console/console.toml ]] || die "a wrong answer was written"
}

source .make/dist-service.sh

ip link set lo up
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
step "Installed with three answers" installed_with_three_answers
step "The unit is correct and hardened" hardened
step "Runs, and carries its site" runs
step "Overwrites nothing" nothing_is_overwritten
step "Manual, completions, example" documented
step "Upgraded from the version before, with an older store" upgraded
step "Restored from the backup" restored
step "Unpacked from the tar.gz" unpacked
step "Removed and purged, with its record kept" removed_and_purged
step "Installed without answers, then init" installed_without_answers
step "Wrong answers are explained" wrong_answers_are_explained

with_systemd
