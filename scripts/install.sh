#!/usr/bin/env bash
# Installs edge-agent on a box, as root. Run it again as often as you like: it changes only what is not as it
# should be.
#
#   scripts/install.sh                       from this checkout, packages from the network
#   scripts/install.sh --offline BUNDLE      from a bundle of scripts/bundle: no network needed
#   scripts/install.sh --upgrade [...]       the same, and back to the release before when the new one does not
#                                            become healthy
#   scripts/install.sh --rollback            back to the release before
#   scripts/install.sh --uninstall           takes the program away; configuration, keys and evidence stay
#
#   /opt/edge-agent/releases/VERSION   programs, each whole      /opt/edge-agent/current -> the one that runs
#   /etc/edge-agent                    configuration             /var/lib/edge-agent       evidence, keys, journal
#
# EDGE_AGENT_START_S (900) is how long a start may take until it is ready: it reads the whole evidence store.
# EDGE_AGENT_HEALTHY_S (30) is how long it must then run before it is called healthy.
set -euo pipefail

readonly OPT=/opt/edge-agent ETC=/etc/edge-agent STATE=/var/lib/edge-agent NAME=edge-agent
readonly UNITS=/etc/systemd/system PACKAGES=(python3-venv libgl1 libglib2.0-0 adduser)
START_S=${EDGE_AGENT_START_S:-900} HEALTHY_S=${EDGE_AGENT_HEALTHY_S:-30}

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
die() { printf 'install.sh: %s\n' "$1" >&2; exit "${2:-2}"; }
usage() { sed -n '2,17s/^# \{0,1\}//p' "$0"; exit "${1:-0}"; }

bundle='' action=install
while [ $# -gt 0 ]; do
  case $1 in
    --offline) [ $# -gt 1 ] || die "--offline needs the bundle's file or folder"; bundle=$2; shift ;;
    --upgrade) action=upgrade ;;
    --rollback) action=rollback ;;
    --uninstall) action=uninstall ;;
    -h | --help) usage ;;
    *) printf 'install.sh: no option %s\n\n' "$1" >&2; usage 2 ;;
  esac
  shift
done
[ "$(id -u)" = 0 ] || die "run it as root: sudo $0"

unpacked='' changed=''
trap 'rm -rf "$unpacked"' EXIT

systemd_runs() { [ -d /run/systemd/system ]; }
current() { readlink -f "$OPT/current" 2>/dev/null || true; }

# --- the parts of a release --------------------------------------------------------------------

find_source() { # sets `source`: a bundle's content, or this checkout
  source=$(cd "$(dirname "$0")/.." && pwd)
  if [ -n "$bundle" ]; then
    [ -e "$bundle" ] || die "$bundle: not there"
    source=$(realpath "$bundle")
    if [ ! -d "$bundle" ]; then
      source=$(mktemp -d /var/tmp/edge-agent-bundle-XXXXXX)
      unpacked=$source
      tar --no-same-owner -xf "$bundle" -C "$source" || die "$bundle: not a bundle of scripts/bundle"
    fi
    (cd "$source" && sha256sum --quiet -c SHA256SUMS) || die "$bundle: damaged; fetch it again"
  fi
  [ -d "$source/edge_agent" ] || die "$source: not a checkout, and no --offline BUNDLE was given"
}

install_packages() {
  local missing=() package
  for package in "${PACKAGES[@]}"; do
    [[ $(dpkg-query -W -f='${Status}\n' "$package" "${package}t64" 2>/dev/null) == *'ok installed'* ]] ||
      missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "Debian packages: ${missing[*]}"
  if [ -n "$bundle" ]; then
    compgen -G "$source/debs/*.deb" >/dev/null ||
      die "missing Debian packages (${missing[*]}), and the bundle has none: make it with scripts/bundle --debs"
    # Only what is not there in any version: the box's own may be newer.
    local deb absent=()
    for deb in "$source"/debs/*.deb; do
      [[ $(dpkg-query -W -f='${Status}' "$(dpkg-deb -f "$deb" Package)" 2>/dev/null) == *'ok installed'* ]] ||
        absent+=("$deb")
    done
    # apt and not dpkg: it knows in which order. Without a list of archives it asks no network.
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Dir::Etc::sourcelist=/dev/null \
      -o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User=root "${absent[@]}" >/dev/null
  else
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
}

make_user() {
  getent passwd "$NAME" >/dev/null ||
    adduser --quiet --system --group --home "$STATE" --no-create-home --shell /usr/sbin/nologin "$NAME"
  local group
  for group in dialout video; do
    id -nG "$NAME" | grep -qw "$group" || usermod -aG "$group" "$NAME"
  done
}

# Which release this is: its version, and what exactly is in it.
release_name() {
  local version
  version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$source/pyproject.toml")
  echo "$version-$(cd "$source" && find edge_agent models configs systemd docs requirements/runtime.txt scripts/install.sh \
    -type f ! -path '*/__pycache__/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-12)"
}

# A release is whole when `.complete` is there: an interrupted one is made again.
make_release() {
  local release=$1 python pip
  [ ! -e "$release/.complete" ] || return 0
  say "Installing $(basename "$release") (a few minutes)"
  rm -rf "$release"
  mkdir -p "$release"
  python=$(command -v python3.11 || command -v python3.12 || command -v python3)
  "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' ||
    die "Python 3.11 or 3.12 is needed; $python is $("$python" -V)"
  "$python" -m venv "$release"
  pip=("$release/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir)
  if [ -n "$bundle" ]; then
    "${pip[@]}" --no-index --find-links "$source/wheels" --require-hashes -r "$source/requirements/runtime.txt"
    "${pip[@]}" --no-index --find-links "$source/wheels" --no-deps "$source"/wheels/edge_agent-*.whl
  else
    "${pip[@]}" --require-hashes -r "$source/requirements/runtime.txt"
    # Built out of a copy: the checkout may be read-only, and must not be written to.
    local copy
    copy=$(mktemp -d)
    cp -r "$source"/{edge_agent,pyproject.toml,README.md,LICENSE} "$copy"
    "${pip[@]}" --no-deps "$copy"
    rm -rf "$copy"
  fi
  cp -r "$source"/{models,configs,docs,systemd} "$release"
  install -D -m 0755 "$source/scripts/install.sh" "$release/scripts/install.sh"
  chmod -R u=rwX,go=rX "$release"
  "$release/bin/edge-agent" --version >/dev/null
  touch "$release/.complete"
}

# --- the system around it ----------------------------------------------------------------------

# What a release brings for the system, and where it goes.
readonly PLACES=(
  "edge-agent.service $UNITS/edge-agent.service"
  "edge-agent-maintenance.service $UNITS/edge-agent-maintenance.service"
  "edge-agent-maintenance.timer $UNITS/edge-agent-maintenance.timer"
  "journald@edge-agent.conf /etc/systemd/journald@edge-agent.conf"
  "70-edge-agent.rules /etc/udev/rules.d/70-edge-agent.rules"
  "edge-agent.tmpfiles /etc/tmpfiles.d/edge-agent.conf"
)

put() { # put SOURCE TARGET: what a release does not have is taken away
  if [ ! -e "$1" ]; then
    [ ! -e "$2" ] || { rm -f "$2"; changed=yes; }
  elif ! cmp -s "$1" "$2"; then
    install -D -m 0644 "$1" "$2"
    changed=yes
  fi
}

link() { # link TARGET NAME
  [ "$(readlink "$2" 2>/dev/null)" = "$1" ] || { ln -sfn "$1" "$2"; changed=yes; }
}

# Owners and modes of the folders: edge-agent.tmpfiles says them, at every boot and start as well.
install_system() {
  local place
  for place in "${PLACES[@]}"; do put "$1/systemd/${place% *}" "${place#* }"; done
  link "$OPT/current/bin/edge-agent" /usr/local/bin/edge-agent
  systemd-tmpfiles --create /etc/tmpfiles.d/edge-agent.conf
  systemd_runs || return 0
  if [ -n "$changed" ]; then
    systemctl daemon-reload
    { udevadm control --reload && udevadm trigger --subsystem-match=tty; } 2>/dev/null || true # a container has no udev
  fi
  systemctl enable --quiet edge-agent.service
  [ ! -e "$UNITS/edge-agent-maintenance.timer" ] || systemctl enable --quiet --now edge-agent-maintenance.timer
}

switch_to() {
  ln -sfn "$1" "$OPT/.current-new"
  mv -T "$OPT/.current-new" "$OPT/current"
  changed=yes
}

show() { systemctl show -P "$1" edge-agent.service; }

# Whether what `current` names runs, in its own words.
healthy() {
  [ -e "$ETC/site.yaml" ] || return 0
  if systemd_runs; then
    restarted && stays_well && seals
  else
    (cd "$STATE" && runuser -u "$NAME" -- "$OPT/current/bin/edge-agent" run --config "$ETC/site.yaml" --seconds "$HEALTHY_S")
  fi
}

# It said that it is ready (READY=1: every part is up), at its first attempt.
restarted() {
  local old first='' now until=$((SECONDS + START_S))
  old=$(show InvocationID)
  systemctl reset-failed edge-agent.service 2>/dev/null || true
  # Not waited for here: one that hangs before it is ready must not hang the way back.
  systemctl restart --no-block edge-agent.service || return 1
  while [ "$SECONDS" -lt "$until" ]; do
    sleep 1
    now=$(show InvocationID)
    if [ -z "$now" ] || [ "$now" = "$old" ]; then continue; fi
    first=${first:-$now}
    [ "$now" = "$first" ] || return 1
    case $(show ActiveState)/$(show SubState) in
      active/running) return 0 ;;
      failed/* | */auto-restart | inactive/*) return 1 ;;
    esac
  done
  return 1
}

# The same process still runs a while later, and gave signs of life (WATCHDOG=1: every part goes round).
stays_well() {
  local same last signs=0 now until=$((SECONDS + HEALTHY_S))
  same=$(show InvocationID) last=$(show WatchdogTimestampMonotonic)
  while [ "$SECONDS" -lt "$until" ]; do
    sleep 1
    [ "$(show ActiveState)/$(show InvocationID)" = "active/$same" ] || return 1
    now=$(show WatchdogTimestampMonotonic)
    [ "$now" = "$last" ] || signs=$((signs + 1))
    last=$now
  done
  [ "$signs" -ge 2 ]
}

# It can seal what it concludes: its own word, where it answers on the box.
seals() {
  local socket=/run/edge-agent/edge-agent.sock
  [ -S "$socket" ] || return 0
  "$OPT/current/bin/python" - "$socket" <<'EOF'
import sys, httpx
with httpx.Client(transport=httpx.HTTPTransport(uds=sys.argv[1]), timeout=10) as box:
    sys.exit(box.get("http://box/health").json()["sealing"] is not True)
EOF
}

# Evidence never went through a release's folder: those may go. The one before stays for --rollback.
drop_old_releases() {
  local release
  for release in "$OPT"/releases/*; do
    [ "$release" = "$(current)" ] || [ "$release" = "$(readlink -f "$OPT/previous" 2>/dev/null)" ] || rm -rf "$release"
  done
}

# --- what can be asked for ---------------------------------------------------------------------

do_install() {
  find_source
  [ "$action" != upgrade ] || [ -n "$(current)" ] || die "nothing to upgrade: install first"
  install_packages
  make_user
  local before release
  before=$(current)
  release=$OPT/releases/$(release_name)
  make_release "$release"
  if [ "$before" != "$release" ]; then
    [ -z "$before" ] || ln -sfn "$before" "$OPT/previous"
    switch_to "$release"
  fi
  install_system "$release"
  if [ -z "$changed" ] && systemd_runs && [ "$(show ActiveState)" = active ]; then
    say "edge-agent $(basename "$release") is installed and runs; nothing was changed"
    return
  fi
  if healthy; then
    drop_old_releases
    say "edge-agent $(basename "$release") is installed"
    next_steps
    return
  fi
  if [ -z "$before" ] || [ "$before" = "$release" ]; then
    die "installed, but the daemon does not run: journalctl --namespace=edge-agent says why" 1
  fi
  say "The new release does not run: back to $(basename "$before")"
  switch_to "$before"
  install_system "$before"
  rm -f "$OPT/previous"
  healthy || die "the release before does not run either: journalctl --namespace=edge-agent says why" 1
  rm -rf "$release"
  die "rolled back to $(basename "$before"); nothing of the evidence was touched" 1
}

do_rollback() {
  local before
  before=$(readlink -f "$OPT/previous" 2>/dev/null) || true
  if [ -z "$before" ] || [ ! -e "$before/.complete" ]; then die "there is no release before this one"; fi
  ln -sfn "$(current)" "$OPT/previous"
  switch_to "$before"
  install_system "$before"
  healthy || die "$(basename "$before") does not run: journalctl --namespace=edge-agent says why" 1
  say "edge-agent $(basename "$before") runs"
}

do_uninstall() {
  if systemd_runs; then
    systemctl disable --now --quiet edge-agent-maintenance.timer edge-agent.service 2>/dev/null || true
  fi
  local place
  for place in "${PLACES[@]}"; do rm -f "${place#* }"; done
  rm -f /usr/local/bin/edge-agent
  rm -rf "$OPT"
  ! systemd_runs || systemctl daemon-reload
  say "edge-agent is gone; $ETC and $STATE stay"
}

next_steps() {
  [ ! -e "$ETC/site.yaml" ] || return 0
  cat >&2 <<EOF
Next:
  1. sed 's#\.\./models#$OPT/current/models#' $OPT/current/configs/bridge.yaml > $ETC/site.yaml
     (a street: storefront.yaml), and fill it in
  2. edge-agent config check $ETC/site.yaml
  3. runuser -u $NAME -- edge-agent identity init --config $ETC/site.yaml
  4. systemctl start edge-agent
EOF
}

case $action in
  install | upgrade) do_install ;;
  rollback) do_rollback ;;
  uninstall) do_uninstall ;;
esac
