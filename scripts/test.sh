# SPDX-License-Identifier: Apache-2.0
# ./dev test: unit tests, then the real clients against the real binary, then the browser. Each
# runner prints its own summary; they are repeated together at the end.

dev_test() {
  local all=false pattern=() result=0
  SUMMARY=()
  for argument in "$@"; do
    case "$argument" in --all) all=true ;; *) pattern=("$argument") ;; esac
  done
  setup_packages build test
  setup_python
  dev_build release
  build_cpp release all
  run_check || result=1
  run_unit release "${pattern[@]}" || result=1
  run_clients "${pattern[@]}" || result=1
  [ ${#pattern[@]} -gt 0 ] || run_web || result=1
  if $all; then
    for preset in asan tsan; do
      build_cpp "$preset" all
      run_unit "$preset" "${pattern[@]}" || result=1
    done
  fi
  printf '\n'
  printf '%s\n' "${SUMMARY[@]}"
  return $result
}

# report NAME RC LOG PATTERN: keeps the runner's own summary line for the end.
report() {
  local line
  line="$(sed 's/\x1b\[[0-9;]*m//g' "$3" | grep -aE "$4" | tail -1 | sed 's/^ *//')"
  SUMMARY+=("$(printf '%-22s %s' "$1:" "${line:-no summary line, exit code $2}")")
  return "$2"
}

run_check() {
  [ -f tools/house_rules.py ] || return 0
  local log rc=0
  log="$(log_file check)"
  python3 tools/house_rules.py 2>&1 | tee "$log" || rc=$?
  report "house rules" $rc "$log" '.'
}

# A PostgreSQL server of our own in a temporary folder, for the tests of that dialect; without the
# server's binaries they are reported as skipped. The server refuses to run as root.
start_postgres() {
  [ -z "${SLIPWAY_TEST_POSTGRES:-}" ] || return 0
  local bin as=() port
  bin="$(find /usr/lib/postgresql/*/bin -name initdb -printf '%h\n' 2>/dev/null | sort -V |
    tail -1)"
  [ -n "$bin" ] || return 0
  POSTGRES="$(mktemp -d)"
  chmod 755 "$POSTGRES"
  if [ "$(id -u)" = 0 ]; then
    chown postgres "$POSTGRES"
    as=(runuser -u postgres --)
  fi
  port="$(python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')"
  (cd "$POSTGRES" && "${as[@]}" "$bin/initdb" -D data -U slipway -A trust --no-sync \
    -E UTF8 --locale C &&
    "${as[@]}" "$bin/pg_ctl" -D data -l log -w start \
      -o "-p $port -k $POSTGRES -c listen_addresses=127.0.0.1 -c fsync=off") \
    >"$(log_file postgres)" 2>&1 || return 0
  STOP_POSTGRES=(env -C "$POSTGRES" "${as[@]}" "$bin/pg_ctl" -D data -m immediate stop)
  trap stop_postgres EXIT
  export SLIPWAY_TEST_POSTGRES="postgresql://slipway@127.0.0.1:$port"
}

stop_postgres() {
  "${STOP_POSTGRES[@]}" >/dev/null 2>&1 || true
  rm -rf "$POSTGRES"
}

run_unit() {
  local preset="$1" log rc=0 filter=()
  shift
  start_postgres
  [ $# -eq 0 ] || filter=(-R "$1")
  log="$(log_file "ctest-$preset")"
  say "unit tests ($preset)"
  ctest --preset "$preset" -j "$JOBS" --no-tests=error --timeout 300 "${filter[@]}" 2>&1 |
    tee "$log" |
    { grep -vE '^ *(Start +[0-9]+:|[0-9]+/[0-9]+ Test .* Passed)' || true; } || rc=$?
  if [ "$rc" != 0 ] && [ $# -gt 0 ] && grep -q 'No tests were found' "$log"; then rc=0; fi
  report "unit ($preset)" "$rc" "$log" 'tests passed|tests failed|No tests'
}

run_clients() {
  [ -n "$(find tests/clients examples -name 'test_*.py' -print -quit)" ] || return 0
  local log rc=0 filter=()
  [ $# -eq 0 ] || filter=(-k "$1")
  log="$(log_file pytest)"
  say "real clients"
  SLIPWAY_BIN="$ROOT/build/slipway" "$VENV/clients/bin/python" -m pytest -q -ra --color=no \
    -p no:cacheprovider tests/clients python/tests "${filter[@]}" 2>&1 | tee "$log" || rc=$?
  [ "$rc" = 5 ] && [ $# -gt 0 ] && rc=0
  report "clients (pytest)" "$rc" "$log" '(passed|failed|skipped|error|deselected).* in [0-9.]+'
}

# The page's own unit tests, then the page in a real browser.
run_web() {
  [ -f web/package.json ] || return 0
  setup_web
  local log rc=0 result=0
  log="$(log_file web)"
  say "web"
  npm --prefix web test --silent 2>&1 | tee "$log" || rc=$?
  report "web (vitest)" "$rc" "$log" '^ *Tests +' || result=1
  rc=0
  log="$(log_file browser)"
  say "browser"
  SLIPWAY_BIN="$ROOT/build/slipway" npm --prefix web run --silent test:browser 2>&1 |
    tee "$log" || rc=$?
  report "browser" "$rc" "$log" '(ℹ|#) (pass|fail) [1-9]' || result=1
  return $result
}
