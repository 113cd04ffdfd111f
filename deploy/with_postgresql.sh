#!/usr/bin/env bash
# with_postgresql.sh COMMAND…: runs it with JUYI_TEST_DATABASE_URL naming a PostgreSQL server:
# the one that is given, else one that lets us in on 127.0.0.1:5432, else a private one.
set -euo pipefail
cd "$(dirname "$0")/.."

answers() {
  .venv/bin/python - "$1" 2>/dev/null <<'PY'
import sys
import psycopg
with psycopg.connect(sys.argv[1], connect_timeout=3) as connection:
    row = connection.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
sys.exit(0 if row and row[0] else 1)
PY
}

find_programs() { ls -d /usr/lib/postgresql/*/bin "$(dirname "$(command -v initdb || echo /nowhere/initdb)")" 2>/dev/null | sort -V | tail -n 1; }

stop_private() {
  as_owner "$PROGRAMS/pg_ctl" -D "$HOME_DIR/data" -m immediate stop >/dev/null 2>&1 || true
  rm -rf "$HOME_DIR"
}

# PostgreSQL refuses to run as root.
as_owner() { if [ "$(id -u)" = 0 ]; then (cd / && setpriv --reuid postgres --regid postgres --clear-groups "$@"); else "$@"; fi; }

start_private() {
  local port
  PROGRAMS=$(find_programs)
  if [ -z "$PROGRAMS" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "  installing PostgreSQL"
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends postgresql; } >/dev/null </dev/null
    PROGRAMS=$(find_programs)
  fi
  if [ -z "$PROGRAMS" ]; then
    echo "No PostgreSQL: nothing answers on 127.0.0.1:5432 and no server is installed." >&2
    echo "Install one (apt-get install postgresql) or set JUYI_TEST_DATABASE_URL." >&2
    exit 1
  fi
  HOME_DIR=$(mktemp -d)
  trap stop_private EXIT
  [ "$(id -u)" = 0 ] && chown postgres: "$HOME_DIR"
  port=$(.venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  as_owner "$PROGRAMS/initdb" -D "$HOME_DIR/data" -U juyi -A trust -E UTF8 --locale C.UTF-8 --no-sync >/dev/null
  as_owner "$PROGRAMS/pg_ctl" -D "$HOME_DIR/data" -w -l "$HOME_DIR/log" \
    -o "-h 127.0.0.1 -p $port -k $HOME_DIR -c fsync=off -c synchronous_commit=off -c full_page_writes=off" start >/dev/null
  export JUYI_TEST_DATABASE_URL=postgresql://juyi@127.0.0.1:$port/postgres
}

if [ -z "${JUYI_TEST_DATABASE_URL:-}" ]; then
  for user in "$(id -un)" postgres; do
    url=postgresql://$user@127.0.0.1:5432/postgres
    if answers "$url"; then
      export JUYI_TEST_DATABASE_URL=$url
      break
    fi
  done
  [ -n "${JUYI_TEST_DATABASE_URL:-}" ] || start_private
elif ! answers "$JUYI_TEST_DATABASE_URL"; then
  echo "No PostgreSQL answers at JUYI_TEST_DATABASE_URL, or the role may not create databases." >&2
  exit 1
fi
"$@"
