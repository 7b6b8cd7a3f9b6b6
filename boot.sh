#!/usr/bin/env bash
# One door to everything: ./boot.sh demo | test [pytest args] | lint | env | web | worker | lock
set -eu
cd "$(dirname "$0")"
export PYTHONUNBUFFERED=1
unset PYTHONDONTWRITEBYTECODE   # compiled once, every later start is quick
high=microblog-high tasks=microblog-tasks   # app/engine/registry.py names the same two; a test compares them

say() { printf '%s\n' "$*" >&2; }
stop() { say "$*"; exit 1; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
    if is_new_enough "$candidate"; then command -v "$candidate"; return; fi
  done
  stop "Microblog needs Python 3.11 or newer, and none was found. Install one, or name it: PYTHON=/path/to/python3 $0 demo"
}

make_venv() {
  is_new_enough .venv/bin/python && return
  base=$(find_python)
  "$base" -c 'import venv, ensurepip' 2>/dev/null ||
    stop "This Python ($base) has no venv module. On Debian and Ubuntu: apt-get install python3-venv"
  say "Making .venv with $("$base" --version)"
  rm -rf .venv && "$base" -m venv .venv
}

# install requirements.txt | requirements-dev.txt: only when that lock is not the one installed last
install() {
  make_venv
  lock=$(cksum < "$1") runtime=$(cksum < requirements.txt)
  grep -qxF "$lock" .venv/installed 2>/dev/null && return
  say "Installing $1"
  # the lock is complete (--no-deps), and Python compiles what it uses when it first does (--no-compile): half the time
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-compile -r "$1" ||
    stop "Installing $1 failed: see above. It needs the package index, or a cache of it."
  printf '%s\n' "$lock" "$runtime" > .venv/installed   # the development lock holds the other
}

use_venv() { if [ -x .venv/bin/python ]; then PATH="$PWD/.venv/bin:$PATH"; fi; }

new_env() {
  if [ -e .env ]; then say ".env is there already: nothing changed."; return; fi
  umask 077
  secret() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
  { echo "# Made by ./boot.sh env. Every setting is explained in .env.example."
    for name in SECRET_KEY POSTGRES_PASSWORD REDIS_PASSWORD METRICS_TOKEN; do echo "$name=$(secret)"; done; } > .env
  say "Wrote .env with fresh secrets."
}

# A pytest session, which TERM ends with what it has started; `no` is 1 from the first that fails.
session() { python -m pytest "$@" & wait $! || no=1; }
on_postgres() { if [ -n "${POSTGRES_TEST_URL-}" ]; then TEST_DATABASE_URL=$POSTGRES_TEST_URL session "$@"; fi; }
listen() { no=0; trap 'kill -INT $! 2> /dev/null; wait $!; exit 130' TERM; }

# On SQLite and, with POSTGRES_TEST_URL, on that server too, one after the other.
test_faults() {
  listen
  session tests/faults --ignore-glob='*/test_re*.py'
  on_postgres tests/faults --ignore-glob='*/test_re*.py' --ignore-glob='*/test_demo.py' --ignore-glob='*/test_lab.py' \
    --ignore-glob='*/test_memory.py' --ignore-glob='*/test_worker_options.py'
  on_postgres tests/integration/services tests/integration/web/test_notifications.py \
    tests/integration/web/test_resets.py
  exit $no
}

# The rest of the faults, as many as take as long as the others, and the browser.
test_stories() {
  listen
  session tests/faults/test_re*.py tests/browser
  on_postgres tests/faults/test_recovery.py
  exit $no
}

# All tests. What runs in one process counts for coverage; what starts many real ones would only be slowed down by it.
# Those wait more than they work, so they run beside the others, in two sessions, and are shown after them.
run_tests() {
  if [ $# -gt 0 ]; then exec python -m pytest "$@"; fi
  failed=0 logs=$(mktemp -d)
  trap 'rm -rf "$logs"' EXIT
  test_faults > "$logs/1" 2>&1 &
  first=$!
  test_stories > "$logs/2" 2>&1 &
  second=$!
  trap 'kill -TERM $first $second; wait $first $second; exit 130' INT TERM
  say "tests/faults and tests/browser run meanwhile, and are shown when the others are through."
  python -m pytest tests/unit tests/house tests/integration --cov --cov-report=term --cov-fail-under=90 || failed=1
  if [ -n "${POSTGRES_TEST_URL-}" ]; then
    TEST_DATABASE_URL=$POSTGRES_TEST_URL python -m pytest tests/house/test_models.py tests/integration/engine || failed=1
  fi
  wait $first || failed=1
  wait $second || failed=1
  cat "$logs/1" "$logs/2"
  return $failed
}

run_lint() {
  failed=0
  for check in "ruff format --check --quiet ." "ruff check --quiet ." mypy "lint-imports --no-logo" \
    "djlint templates --lint --quiet"; do
    if output=$($check 2>&1); then say "ok      $check"; else failed=1; say "FAILED  $check" "$output"; fi
  done
  return $failed
}

lock() {
  command -v uv > /dev/null || stop "./boot.sh lock needs uv on PATH."
  for name in requirements requirements-dev; do
    uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
      --no-emit-find-links --custom-compile-command "./boot.sh lock" "$name.in" -o "$name.txt"
  done
}

command=${1-}; [ $# -gt 0 ] && shift
case $command in
  demo) install requirements.txt; use_venv; exec python -m launch.demo ;;
  test) install requirements-dev.txt; use_venv; run_tests "$@" ;;
  lint) install requirements-dev.txt; use_venv; run_lint ;;
  env) new_env ;;
  web) use_venv; exec python -m launch.serve ;;
  worker) use_venv
    exec python -m launch.supervise "python -m flask worker --queues $high,$tasks" "python -m flask worker --queues $high" ;;
  lock) lock ;;
  *) stop "Usage: $0 demo | test [pytest args] | lint | env | web | worker | lock" ;;
esac
