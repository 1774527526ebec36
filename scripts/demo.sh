# SPDX-License-Identifier: Apache-2.0
# ./dev demo and ./dev bench: the platform against real flights, and against a real mlflow server.

dev_demo() {
  dev_build
  setup_python
  SLIPWAY_BIN="$ROOT/build/slipway" exec "$VENV/clients/bin/python" examples/flights/demo.py "$@"
}

dev_bench() {
  setup_packages build bench
  dev_build
  setup_python
  SLIPWAY_BIN="$ROOT/build/slipway" exec "$VENV/clients/bin/python" bench/bench.py "$@"
}
