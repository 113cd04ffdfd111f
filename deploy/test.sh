#!/usr/bin/env bash
# Every test: on SQLite, on PostgreSQL, in a browser. Fails when any of the three cannot run.
# Arguments go to pytest (for example: deploy/test.sh -k journal).
set -euo pipefail
cd "$(dirname "$0")/.."

PYTEST=".venv/bin/pytest -q"

echo "== tests on SQLite"
env -u JUYI_TEST_DATABASE_URL $PYTEST -n 2 -m "not browser" "$@"
echo "== tests on PostgreSQL"
deploy/with_postgresql.sh $PYTEST -n 2 -m "not browser" "$@"
echo "== journeys in a browser"
env -u JUYI_TEST_DATABASE_URL $PYTEST -n 2 --dist loadfile -m "browser and not alone" tests/browser "$@"
echo "== what a clock judges in a browser, with nothing beside it"
env -u JUYI_TEST_DATABASE_URL $PYTEST -m "browser and alone" tests/browser "$@"
