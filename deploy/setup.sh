#!/usr/bin/env bash
# Makes a machine ready, step by step; a step that is already done costs next to nothing.
#   deploy/setup.sh run     ready, then the sample into an empty database, then serve
#   deploy/setup.sh ready   virtual environment, packages, keys, texts, static files, database
#   deploy/setup.sh dev     what the tests need: the packages of both locks, Chromium
set -euo pipefail
cd "$(dirname "$0")/.."

BIN=.venv/bin
INSTANCE=${JUYI_INSTANCE_DIR:-instance}
KEYS=${JUYI_KEYS_DIR:-$INSTANCE/keys}
PDF_PACKAGES="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk"
LOG=$(mktemp)
trap 'rm -f "$LOG"' EXIT
export FLASK_APP=wsgi PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
export DEBIAN_FRONTEND=noninteractive

# step LABEL COMMAND…: one line with the time it took; the output only when it fails.
step() {
  local label=$1 began=${EPOCHREALTIME/./} took
  shift
  if ! "$@" >"$LOG" 2>&1 </dev/null; then
    cat "$LOG" >&2
    printf '  %-34s FAILED\n' "$label" >&2
    exit 1
  fi
  took=$(((${EPOCHREALTIME/./} - began) / 100000))
  printf '  %-34s %d.%d s\n' "$label" $((took / 10)) $((took % 10))
}

is_root() { [ "$(id -u)" = 0 ]; }

can_install() { is_root && command -v apt-get >/dev/null; }

install_packages() { apt-get update -q && apt-get install -q -y --no-install-recommends "$@"; }

# missing PACKAGE…: those that Debian does not have installed.
missing() {
  local package
  command -v dpkg-query >/dev/null || return 0
  for package in "$@"; do
    dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q 'ok installed' || printf '%s ' "$package"
  done
}

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "Juyi needs Python 3.11 or newer (set PYTHON=… to name it)." >&2
  return 1
}

make_venv() {
  local python
  [ -x $BIN/python ] && $BIN/python -c '' && return
  python=$(find_python)
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if ! can_install; then
      echo "Python's venv module is missing. Install it: apt-get install python3-venv" >&2
      return 1
    fi
    install_packages python3-venv
  fi
  "$python" -m venv .venv
}

# install_lock NAME: the packages of a lock, again only when the lock has changed.
install_lock() {
  local stamp=.venv/$1.stamp
  cmp -s "requirements/$1.txt" "$stamp" && return
  $BIN/python -m pip install -q --no-input --require-hashes -r "requirements/$1.txt"
  cp "requirements/$1.txt" "$stamp"
}

system_packages() {
  local lacking
  lacking=$(missing $PDF_PACKAGES)
  [ -z "$lacking" ] && return
  if can_install && (step "system packages" install_packages $lacking); then return; fi
  cat <<EOF
  Missing system packages: $lacking
    Without them posters, slips and notices cannot be made as PDF; everything else works, and
    each print page can be printed from the browser. As root: apt-get install $lacking
EOF
}

# The browser, and a library without which the driver that steers it does not start.
browser() {
  local lacking=
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null || lacking=chromium
  lacking="$lacking $(missing libatomic1)"
  [ -z "${lacking// /}" ] && return
  if can_install; then
    step "browser" install_packages $lacking
  else
    echo "  Missing: $lacking. The browser journeys will fail. As root: apt-get install $lacking"
  fi
}

make_key() {
  [ -s "$KEYS/$1" ] || (umask 077 && $BIN/python -c 'import secrets; print(secrets.token_hex(32))' >"$KEYS/$1")
}

make_keys() {
  mkdir -p "$INSTANCE" "$KEYS"
  chmod 700 "$INSTANCE" "$KEYS"
  make_key secret.key
  make_key code.key
}

compile_texts() {
  compgen -G 'translations/*/LC_MESSAGES/*.po' >/dev/null || return 0
  $BIN/pybabel -q compile -d translations
}

# Bootstrap is served from its package, so its compressed twin lies there.
compress_static() {
  local bootstrap
  bootstrap=$(echo .venv/lib/python3*/site-packages/flask_bootstrap/static/bootstrap5)
  find static -name '*.gz' -delete
  $BIN/python -m whitenoise.compress --quiet --no-brotli static
  [ -e "$bootstrap/css/bootstrap.min.css.gz" ] || $BIN/python -m whitenoise.compress --quiet --no-brotli "$bootstrap"
}

ready() {
  step "virtual environment" make_venv
  step "Python packages" install_lock run
  system_packages
  step "keys" make_keys
  step "texts" compile_texts
  step "static files" compress_static
  step "database" $BIN/flask db upgrade
}

dev() {
  step "virtual environment" make_venv
  step "Python packages" install_lock run
  step "Python packages for tests" install_lock dev
  system_packages
  browser
  step "texts" compile_texts
}

case ${1:-} in
  ready) ready ;;
  dev) dev ;;
  run)
    echo "Juyi 居议"
    ready
    step "sample" $BIN/python deploy/sample.py load
    $BIN/python deploy/sample.py show
    rm -f "$LOG"
    # To look at it, messages are shown here; JUYI_SMS= (empty) switches them off.
    export JUYI_SMS=${JUYI_SMS-console}
    exec $BIN/gunicorn --config deploy/gunicorn.py wsgi:app
    ;;
  *)
    sed -n '2,5p' "$0" >&2
    exit 2
    ;;
esac
