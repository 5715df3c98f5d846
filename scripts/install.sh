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
set -euo pipefail

readonly OPT=/opt/edge-agent ETC=/etc/edge-agent STATE=/var/lib/edge-agent NAME=edge-agent
readonly UNITS=/etc/systemd/system PACKAGES=(python3-venv libgl1 libglib2.0-0 adduser)
HEALTHY_S=${EDGE_AGENT_HEALTHY_S:-20}

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
die() { printf 'install.sh: %s\n' "$*" >&2; exit "${2:-2}"; }
usage() { sed -n '2,14s/^# \{0,1\}//p' "$0"; exit "${1:-0}"; }

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

systemd_runs() { [ -d /run/systemd/system ]; }
current() { readlink -f "$OPT/current" 2>/dev/null || true; }

# --- the parts of a release --------------------------------------------------------------------

unpack_bundle() { # prints the folder of its content
  [ -e "$bundle" ] || die "$bundle: not there"
  if [ -d "$bundle" ]; then realpath "$bundle"; return; fi
  local into
  into=$(mktemp -d /var/tmp/edge-agent-bundle-XXXXXX)
  tar --no-same-owner -xf "$bundle" -C "$into" || die "$bundle: not a bundle of scripts/bundle"
  (cd "$into" && sha256sum --quiet -c SHA256SUMS) || die "$bundle: damaged; fetch it again"
  echo "$into"
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
    DEBIAN_FRONTEND=noninteractive dpkg -i "${absent[@]}" >/dev/null
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

put() { # put SOURCE TARGET MODE: say so only when something changes
  cmp -s "$1" "$2" && return 0
  install -D -m "${3:-0644}" "$1" "$2"
  changed=yes
}

install_system() {
  local from=$1/systemd changed=''
  install -d -m 0750 -o root -g "$NAME" "$ETC"
  install -d -m 0700 -o "$NAME" -g "$NAME" "$STATE" "$STATE/keys"
  put "$from/edge-agent.service" "$UNITS/edge-agent.service"
  put "$from/journald@edge-agent.conf" /etc/systemd/journald@edge-agent.conf
  put "$from/60-edge-agent.rules" /etc/udev/rules.d/60-edge-agent.rules
  put "$from/edge-agent.tmpfiles" /etc/tmpfiles.d/edge-agent.conf
  ln -sfn "$OPT/current/bin/edge-agent" /usr/local/bin/edge-agent
  ! command -v systemd-tmpfiles >/dev/null || systemd-tmpfiles --create /etc/tmpfiles.d/edge-agent.conf
  systemd_runs || return 0
  [ -z "$changed" ] || { systemctl daemon-reload; udevadm control --reload || true; udevadm trigger --subsystem-match=tty || true; }
  systemctl enable --quiet edge-agent.service
}

switch_to() {
  ln -sfn "$1" "$OPT/.current-new"
  mv -T "$OPT/.current-new" "$OPT/current"
}

# Whether what `current` names runs: ready within the unit's time, and still the same process a while later.
healthy() {
  [ -e "$ETC/site.yaml" ] || return 0
  if systemd_runs; then
    systemctl restart edge-agent.service || return 1
    local pid
    pid=$(systemctl show -P MainPID edge-agent.service)
    sleep "$HEALTHY_S"
    systemctl is-active --quiet edge-agent.service && [ "$(systemctl show -P MainPID edge-agent.service)" = "$pid" ]
  else
    (cd "$STATE" && runuser -u "$NAME" -- "$OPT/current/bin/edge-agent" run --config "$ETC/site.yaml" --seconds "$HEALTHY_S")
  fi
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
  if [ -n "$bundle" ]; then source=$(unpack_bundle); else source=$(cd "$(dirname "$0")/.." && pwd); fi
  [ -d "$source/edge_agent" ] || die "$source: not a checkout, and no --offline BUNDLE was given"
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
  [ -n "$before" ] && [ -e "$before/.complete" ] || die "there is no release before this one"
  ln -sfn "$(current)" "$OPT/previous"
  switch_to "$before"
  install_system "$before"
  healthy || die "$(basename "$before") does not run: journalctl --namespace=edge-agent says why" 1
  say "edge-agent $(basename "$before") runs"
}

do_uninstall() {
  if systemd_runs; then
    systemctl disable --now --quiet edge-agent.service 2>/dev/null || true
  fi
  rm -f "$UNITS"/edge-agent.service \
    /etc/systemd/journald@edge-agent.conf /etc/udev/rules.d/60-edge-agent.rules /etc/tmpfiles.d/edge-agent.conf \
    /usr/local/bin/edge-agent
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
