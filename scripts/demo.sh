# SPDX-License-Identifier: Apache-2.0
# ./dev demo and ./dev bench: the platform against real flights, and against a real mlflow server
# (./dev bench tracking: only tracking, in depth).

dev_demo() {
  dev_build
  setup_python
  SLIPWAY_BIN="$ROOT/build/slipway" exec "$VENV/clients/bin/python" examples/flights/demo.py "$@"
}

dev_bench() {
  setup_packages build bench
  dev_build
  setup_python
  local script=bench/bench.py
  if [ "${1:-}" = tracking ]; then
    script=bench/tracking/run.py
    shift
  fi
  SLIPWAY_BIN="$ROOT/build/slipway" exec "$VENV/clients/bin/python" "$script" "$@"
}
