# Sourced by scripts/demo and scripts/test: makes .venv, installs the locked packages, and says
# plainly what is missing where it may not install it.
#   setup LOCKFILE DEBIAN_PACKAGE...
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
die() { printf '%s\n' "$*" >&2; exit 2; }

missing_packages() {
  local package
  for package in "$@"; do
    # Newer releases call some libraries by another name: libglib2.0-0t64.
    [[ $(dpkg-query -W -f='${Status}\n' "$package" "${package}t64" 2>/dev/null) == *'ok installed'* ]] ||
      echo "$package"
  done
}

# `node` may have come from elsewhere than Debian; a program that is there need not be installed.
drop_present() {
  local package
  while read -r package; do
    case "$package" in
      nodejs) command -v node >/dev/null || echo "$package" ;;
      openssl | mosquitto) command -v "$package" >/dev/null || [ -x "/usr/sbin/$package" ] || echo "$package" ;;
      *) echo "$package" ;;
    esac
  done
}

install_packages() {
  local wanted
  command -v dpkg-query >/dev/null || { say "Not Debian: please see that these are installed: $*"; return; }
  wanted=$(missing_packages "$@" | drop_present)
  [ -n "$wanted" ] || return 0
  if [ "$(id -u)" = 0 ]; then
    say "Installing Debian packages:" $wanted
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted >/dev/null
  else
    say "These Debian packages are missing:" $wanted
    say "As root: apt-get install" $wanted
    if echo "$wanted" | grep -qxE 'libgl1|libglib2.0-0|python3-venv'; then
      die "Without libgl1, libglib2.0-0 and python3-venv nothing here can run."
    fi
    say "Going on without them: a pure-Python broker takes mosquitto's place, tests that need them are skipped."
  fi
}

setup() {
  local lock=$1 python stamp
  shift
  install_packages "$@"
  python=$(command -v python3.11 || command -v python3) || die "Python 3.11 is needed: apt-get install python3"
  "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' ||
    die "Python 3.11 or 3.12 is needed; $python is $("$python" -V)"
  # pip comes last: without it, the making of .venv was interrupted.
  [ -x .venv/bin/pip ] || { say "Making .venv"; "$python" -m venv .venv; }
  stamp="$(sha256sum "$lock" pyproject.toml)"
  if [ "$(cat ".venv/$(basename "$lock").stamp" 2>/dev/null)" != "$stamp" ]; then
    say "Installing the locked Python packages of $lock (a few minutes the first time)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
    printf '%s' "$stamp" >".venv/$(basename "$lock").stamp"
  fi
}
