#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench/search.sh [RUNS] [EXPERIMENTS] [STORE]: how long searches take, by shape. Fills a SQLite
# file in build/bench (or the store of that URL) first; a filled one is used again.
set -euo pipefail
cd "$(dirname "$0")/.."
runs="${1:-10000}"
experiments="${2:-1}"
mkdir -p build/bench
store="${3:-sqlite:///$PWD/build/bench/search-$runs-$experiments.db}"
[ -e build/build.ninja ] || cmake --preset release >/dev/null
ninja -C build search_bench >/dev/null
exec build/bench/search_bench --store "$store" --runs "$runs" --experiments "$experiments" \
  --repeats "${REPEATS:-20}"
