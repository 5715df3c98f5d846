# shellcheck shell=bash disable=SC2154
# Sourced by scripts/try-install and scripts/try-hour: a bare Debian 12 root by debootstrap in which a real systemd is
# booted, commands in it, and a table of what was done. Wants `table` (prints `rows`) and `row TEXT MARK SECONDS`.
#
# Nothing of this machine is touched: the root has namespaces of its own for processes, mounts, network (loopback
# only), IPC, names and cgroups; it dies with the script, and its folder is removed (`keep` leaves it).
[ "$(id -u)" = 0 ] || die "run it as root"
for tool in debootstrap unshare nsenter; do command -v "$tool" >/dev/null || die "$tool is missing"; done

work=$(mktemp -d /var/tmp/edge-agent-try-XXXXXX)
root=$work/root rows=() failed=''
[ -e /sys/fs/cgroup/cgroup.controllers ] && cgroups=/sys/fs/cgroup || cgroups=/sys/fs/cgroup/unified
cgroup=$cgroups/$(basename "$work")

bare_root() { # bare_root [PACKAGE,...]: and the bundle in it; unpacked out of `bare`, where one was given
  if [ -n "${bare:-}" ]; then
    mkdir "$root"
    tar -xf "$bare" -C "$root"
  else
    debootstrap --variant=minbase --include="systemd,systemd-sysv,dbus,udev${1:+,$1}" bookworm "$root" "$mirror"
  fi
  cp "$bundle" "$root/root/bundle.tar"
}

cleanup() {
  local outside
  outside=$(cat "$work/outside" 2>/dev/null || true)
  [ -z "$outside" ] || kill -KILL "$outside" 2>/dev/null || true
  # All of it ends with its init.
  for _ in $(seq 50); do grep -qs 'populated 1' "$cgroup/cgroup.events" || break; sleep 0.1; done
  [ ! -d "$cgroup" ] || find "$cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null || true
  if [ -n "$keep" ]; then say "$work stays"; elif ! grep -q " $root" /proc/mounts; then rm -rf --one-file-system "$work"; fi
}
trap finish EXIT

finish() { # the rows so far, as `table` prints them, and the end of everything
  printf '\n%s, %s cores, %s\n\n' "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)" "$(nproc)" "$(uname -r)"
  table
  cleanup
  [ -z "$failed" ] || exit 1
}

become_init() { # inside of the new namespaces; all of it ends with its first process
  set -eu
  local root=$1 node
  mount --make-rprivate /
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys"
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
  mount -t tmpfs -o mode=755 tmpfs "$root/run"
  mount -t tmpfs -o mode=755 tmpfs "$root/dev"
  for node in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
    IFS=: read -r name major minor <<<"$node"
    mknod -m 666 "$root/dev/$name" c "$major" "$minor"
  done
  # A real UART, as a box has it, where this machine has one.
  [ ! -c /dev/ttyS0 ] || { mknod -m 660 "$root/dev/ttyS0" c 4 64; chgrp 20 "$root/dev/ttyS0"; }
  mkdir "$root/dev/pts" "$root/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
  cd "$root"
  mkdir -p .host
  pivot_root . .host
  umount -l /.host
  rmdir /.host
  mount --make-rshared / # as whoever starts a container does: systemd mounts credentials that way
  exec env -i container=edge-agent-try PATH=/usr/sbin:/usr/bin:/sbin:/bin /sbin/init <&- >/console.log 2>&1
}

boot() {
  mkdir "$cgroup"
  bash -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' - "$cgroup" \
    unshare --mount --pid --fork --kill-child --uts --ipc --net --cgroup \
    bash -c "$(declare -f become_init); become_init \"\$1\"" - "$root" &
  echo $! >"$work/outside"
  for _ in $(seq 60); do
    pgrep -P "$(cat "$work/outside")" >"$work/init" || true
    [ ! -s "$work/init" ] || [[ $(inside systemctl is-system-running 2>/dev/null || true) != running ]] || return 0
    sleep 0.5
  done
  cat "$root/console.log"
  return 1
}

inside() { nsenter -t "$(cat "$work/init")" -m -u -i -n -p -C -- env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@"; }
as_agent() { inside runuser -u edge-agent -- "$@"; }
unit() { inside systemctl show -P "$1" edge-agent.service; }

# --- rows of the table ----------------------------------------------------------------------------

step() { # step TEXT FUNCTION...: a row; the function ends at its first command that fails
  local text=$1 began=$SECONDS code mark=good
  shift
  say "$text"
  set +e
  (set -e; "$@") >"$work/step.log" 2>&1
  code=$?
  set -e
  if [ "$code" != 0 ]; then
    mark=BAD failed=yes
    sed 's/^/    /' "$work/step.log" | tail -40 >&2
  fi
  rows+=("$(row "$text" "$mark" $((SECONDS - began)))")
}

must() { # the same of a row without which the others mean nothing
  step "$@"
  [ -z "$failed" ] || exit 1
}

note() { echo "NOTE: $*"; }
noted() { sed -n 's/^NOTE: //p' "$work/step.log" | paste -sd ';' | sed 's/; */; /g'; }

mode() { inside stat -c '%a %U:%G' "$1"; }
has_mode() { [ "$(mode "$1")" = "$2" ] || { echo "$1 is $(mode "$1"), must be $2"; return 1; }; }
