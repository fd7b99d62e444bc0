# The part of `dist-test.sh` with systemd, which sources this. It boots the root, where the package starts the service itself.

boot() {
  unshare --mount --pid --ipc --uts --fork --kill-child "$ROOT/.make/boot.sh" "$root" "$groups/support-console-test" \
    >"$root/tmp/boot" 2>&1 &
  echo $! >"$TARGET/dist/boot"
  local tries
  for ((tries = 0; tries < 150; tries++)); do
    kill -0 $! 2>/dev/null || { cat "$root/tmp/boot"; die "systemd ended"; }
    # At first there is no systemd, or it isn't in the root yet.
    if enter 2>/dev/null && inside systemctl is-system-running >"$root/tmp/said" 2>/dev/null; then return; fi
    [[ $(<"$root/tmp/said") != degraded ]] || { inside systemctl --failed --no-pager; return; }
    sleep 0.2
  done
  cat "$root/tmp/boot"
  die "systemd is not running"
}

# From here on, commands run inside the root that systemd has booted.
enter() {
  local init
  init=$(pgrep --parent "$(<"$TARGET/dist/boot")")
  into=(nsenter --target "$init" --mount --pid --cgroup --ipc --uts "${purely[@]}")
}

service_is_ready() {
  is_ready || { inside journalctl --no-pager --unit support-console | tail -n 40; die "the service is not ready"; }
}

property() { inside systemctl show --property "$1" --value support-console; }

started_by_its_installation() {
  inside apt-get -qq -o Dpkg::Use-Pty=0 purge -y support-console
  rm -rf "$root/var/lib/support-console"
  three_answers
  install_package "$old"
  service_is_ready
  [[ $(inside systemctl is-enabled support-console) == enabled && $(property ActiveState) == active ]] || die "the unit isn't running"
  signs_in ana@example.com "three blind mice" || die "the answers don't sign in"
}

# An attacker who has taken over the server can write nothing outside its folder, even as root.
confined() {
  local server line folder status
  server=$(property MainPID)
  status=$(inside cat "/proc/$server/status")
  for line in 'CapBnd:.0000000000000000' 'CapEff:.0000000000000000' 'NoNewPrivs:.1' 'Seccomp:.2'; do
    grep -q "^$line$" <<<"$status" || { echo "$status"; die "not confined: $line"; }
  done
  [[ $(inside stat -c %U "/proc/$server") == support-console ]] || die "another user runs it"
  [[ $(inside readlink "/proc/$server/ns/user") != $(inside readlink /proc/1/ns/user) ]] || die "its users are the machine's"
  for folder in / /boot /etc /etc/support-console /home /opt /root /run /run/lock /srv /usr /usr/bin /var /var/lib /var/log; do
    [[ -d $root$folder ]] || continue
    fails inside nsenter --target "$server" --mount touch "$folder/intruder"
    grep -q "Read-only file system" "$root/tmp/said" || { cat "$root/tmp/said"; die "$folder isn't read-only"; }
  done
  inside nsenter --target "$server" --mount touch /var/lib/support-console/intruder /tmp/intruder
  [[ -e $root/var/lib/support-console/intruder ]] || die "its own folder isn't the machine's"
  [[ ! -e $root/tmp/intruder ]] || die "its temporary files are everyone's"
  rm "$root/var/lib/support-console/intruder"
}

# Starts the service, which must fail, and must not be tried again.
fails_to_start() {
  local tries
  inside systemctl restart support-console || true
  for ((tries = 0; tries < 150; tries++)); do
    [[ $(property ActiveState) != failed ]] || break
    sleep 0.2
  done
  [[ $(property ActiveState) == failed && $(property NRestarts) == 0 ]] || die "a wrong configuration is tried again"
}

# After a crash and a restart the service runs. With a wrong configuration it is not tried again.
started_again() {
  local crashed tries config=$root/etc/support-console/console.toml
  crashed=$(property MainPID)
  inside sh -c "kill -KILL $crashed"
  for ((tries = 0; tries < 150; tries++)); do
    [[ $(property MainPID) == 0 || $(property MainPID) == "$crashed" ]] || break
    sleep 0.2
  done
  service_is_ready
  [[ $(property NRestarts) == 1 ]] || die "a crash isn't followed by a start"
  inside systemctl restart support-console
  service_is_ready
  inside journalctl --no-pager --unit support-console | grep -q '"stopped"' || die "the server did not stop in order"
  cp "$config" "$root/tmp/right.toml"
  sed -i '1i no_such_setting = 1' "$config"
  fails_to_start
  cat "$root/tmp/right.toml" >"$config"
}

# A secret comes from systemd, as the unit's comment says, and only with its setting. No other user can read it.
given_a_credential() {
  local config=$root/etc/support-console/console.toml unit=$root/usr/lib/systemd/system/support-console.service
  local setting reference secret drop_in=$root/etc/systemd/system/support-console.service.d
  setting=$(sed -n 's/^# *\(LoadCredential=\)/\1/p' "$unit")
  reference=$(sed -n 's/^# and in console.toml: *//p' "$unit")
  secret=$root${setting#*:}
  [[ $setting == LoadCredential=*:/* && $reference == *credential:* ]] || die "the unit doesn't say how"
  install -d -m 0700 "${secret%/*}"
  install -m 0600 <(sed -n 's/^database_url = "\(.*\)"$/\1/p' "$root/tmp/right.toml") "$secret"
  sed "s|^database_url = .*|$reference|" "$root/tmp/right.toml" >"$config"
  # Otherwise there are too many starts in a short time.
  inside systemctl reset-failed support-console
  fails_to_start
  inside systemctl reset-failed support-console
  install -d "$drop_in"
  printf '[Service]\n%s\n' "$setting" >"$drop_in/credential.conf"
  inside systemctl daemon-reload
  inside systemctl start support-console
  service_is_ready
  signs_in ana@example.com "three blind mice" || die "the credential isn't the store's address"
  ! inside setpriv --reuid nobody --clear-groups sh -c 'cat /run/credentials/*/*' >"$root/tmp/said" 2>&1 || die "everyone can read the credential"
  cat "$root/tmp/right.toml" >"$config"
  rm -r "$secret" "$drop_in"
  inside systemctl daemon-reload
}

rebooted() {
  halt
  fails curl -fs "$url/health/ready"
  boot
  service_is_ready
  signs_in ana@example.com "three blind mice" || die "the reboot lost the people"
}

upgraded_while_it_runs() {
  local before
  before=$(property MainPID)
  install_package "$new"
  service_is_ready
  [[ $(property MainPID) != "$before" && $(property ActiveState) == active ]] || die "the upgrade did not restart the service"
  [[ $(inside readlink "/proc/$(property MainPID)/exe") == /usr/bin/support-console ]] || die "the old program still runs"
  signs_in ana@example.com "three blind mice" || die "the upgrade lost the people"
}

stopped_by_its_removal() {
  local server
  server=$(property MainPID)
  inside apt-get -qq -o Dpkg::Use-Pty=0 purge -y support-console
  fails curl -fs "$url/health/ready"
  ! inside test -e "/proc/$server" || die "a removal stops the service"
  [[ ! -L $wanted && $(property LoadState) == not-found ]] || die "a purge disables the unit"
}

halt() {
  local tries
  # `systemctl poweroff` would ask D-Bus, which isn't in the root.
  inside systemctl start --no-block poweroff.target
  for ((tries = 0; tries < 150; tries++)); do
    kill -0 "$(<"$TARGET/dist/boot")" 2>/dev/null || return 0
    sleep 0.2
  done
  die "systemd did not stop"
}

# All of it, one after the other.
with_systemd() {
  groups=$(mktemp -d)
  mount -t cgroup2 cgroup2 "$groups" || die "This needs control groups of version 2."
  mkdir -p "$groups/support-console-test"
  step "Systemd boots the root" boot
  enter
  step "Started by its installation" started_by_its_installation
  step "Confined to its folder" confined
  step "Started again, unless its configuration is wrong" started_again
  step "Given a secret by systemd" given_a_credential
  step "Started again after a reboot" rebooted
  enter
  step "Upgraded while it runs" upgraded_while_it_runs
  step "Stopped by its removal" stopped_by_its_removal
  step "Systemd stops" halt
  find "$groups/support-console-test" -depth -type d -exec rmdir {} +
  umount "$groups"
  rmdir "$groups"
  rm "$TARGET/dist/boot"
}
