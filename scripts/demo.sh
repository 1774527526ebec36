# SPDX-License-Identifier: Apache-2.0
# ./dev demo: the platform against real flights.

dev_demo() {
  dev_build
  setup_python
  SLIPWAY_BIN="$ROOT/build/slipway" exec "$VENV/clients/bin/python" examples/flights/demo.py "$@"
}
