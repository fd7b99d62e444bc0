#!/usr/bin/env bash
# Boots a Debian root: becomes its systemd, in a control group that is there. Call it as the first process of namespaces:
#   unshare --mount --pid --ipc --uts --fork --kill-child .make/boot.sh ROOT GROUP
# What belongs to this machine is read-only there or missing: kernel variables, devices, other control groups.
source "$(dirname "$0")/lib.sh"

root=$1 group=$2
if [[ ${3:-} != grouped ]]; then
  echo 0 >"$group/cgroup.procs"
  exec unshare --cgroup "$0" "$root" "$group" grouped
fi

mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts dev/shm run/before
for device in null zero full random urandom tty; do
  : >"dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=1777 tmpfs dev/shm
# Not a chroot, in which the kernel refuses the user namespaces of `PrivateUsers`.
pivot_root . run/before
# Shared, as on a machine: systemd mounts the credentials of a service in a namespace of its own.
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  sh -c 'umount -l /run/before && rmdir /run/before && mount --make-rshared / && exec /usr/lib/systemd/systemd --show-status=no' </dev/null
