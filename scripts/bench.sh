# SPDX-License-Identifier: Apache-2.0
# ./dev bench: beside a real mlflow server; tracking, serving, data, monitoring, pipelines: beside
# their peers.

dev_bench() {
  local script=bench/bench.py
  setup_packages build bench
  dev_build
  setup_python
  case "${1:-}" in
    tracking) script=bench/tracking/run.py; shift ;;
    data) script=bench/data/run.py; shift ;;
    serving) script=bench/serving/run.py; shift; setup_peers ;;
    monitoring) script=bench/monitoring/run.py; shift; setup_monitoring_peers ;;
    pipelines) script=bench/pipelines/run.py; shift; setup_pipeline_peers ;;
  esac
  SLIPWAY_BIN="$ROOT/build/slipway" exec "$VENV/clients/bin/python" "$script" "$@"
}

# The servers that serving is compared with. One that cannot be had is left out.
setup_peers() {
  local peer
  python_tools
  once "nginx" "$DEPS/nginx/usr/sbin/nginx" scripts/bench.sh -- fetch_nginx ||
    say "no nginx: no static reply"
  [ -z "${SLIPWAY_BENCH_VENVS:-}" ] || return 0
  for peer in mlserver bentoml triton; do
    once "$peer" "$VENV/$peer/bin/python" "bench/serving/peers/$peer.txt" -- make_peer "$peer" ||
      say "no $peer: it is left out"
  done
}

# What drift and profiles are compared with.
setup_monitoring_peers() {
  local peer
  python_tools
  [ -z "${SLIPWAY_BENCH_VENVS:-}" ] || return 0
  export SLIPWAY_BENCH_VENVS="$VENV"
  for peer in evidently whylogs duckdb; do
    once "$peer" "$VENV/$peer/bin/python" "bench/monitoring/peers/$peer.txt" -- \
      make_peer "$peer" monitoring || say "no $peer: it is left out"
  done
}

# What runs steps otherwise; dvc is there for the client tests.
setup_pipeline_peers() {
  local peer
  python_tools
  [ -z "${SLIPWAY_BENCH_VENVS:-}" ] || return 0
  export SLIPWAY_BENCH_VENVS="$VENV"
  for peer in metaflow prefect; do
    once "$peer" "$VENV/$peer/bin/python" "bench/pipelines/peers/$peer.txt" -- \
      make_peer "$peer" pipelines || say "no $peer: it is left out"
  done
}

make_peer() {
  rm -rf "${VENV:?}/$1"
  python3 -m venv --without-pip "$VENV/$1"
  "$VENV/tools/bin/uv" pip sync -q --system-certs --require-hashes \
    --python "$VENV/$1/bin/python" "bench/${2:-serving}/peers/$1.txt"
}

# Only the executable: the package would start a service.
fetch_nginx() {
  rm -rf "$DEPS/nginx" "$CACHE/nginx"
  mkdir -p "$DEPS/nginx" "$CACHE/nginx"
  (cd "$CACHE/nginx" && apt-get -qq -o "APT::Sandbox::User=$(id -un)" download nginx)
  dpkg -x "$CACHE"/nginx/nginx_*.deb "$DEPS/nginx"
  "$DEPS/nginx/usr/sbin/nginx" -v 2>/dev/null
}
