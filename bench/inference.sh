#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench/inference.sh: builds and runs inference_bench.cc (needs libbenchmark-dev).
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build/bench
ccache="$(command -v ccache || true)"
objects=()
for source in bench/inference_bench.cc src/base/{result,text,log,clock}.cc src/json/reader.cc \
  src/serving/{tensor,tensor_json,frame}.cc \
  src/wire/oip/{request,answer,tensor_bytes,shared_memory}.cc src/net/http.cc \
  src/wire/scoring/{payload,csv,predictions}.cc; do
  objects+=("build/bench/$(basename "$source").o")
  # shellcheck disable=SC2086
  $ccache g++ -std=c++20 -O3 -DNDEBUG -DSPDLOG_COMPILED_LIB -DSPDLOG_FMT_EXTERNAL -Isrc \
    -Isrc/wire/oip -Isrc/net -c "$source" -o "${objects[-1]}"
done
g++ -o build/bench/inference "${objects[@]}" -lbenchmark -lspdlog -lfmt -lpthread
exec build/bench/inference "$@"
