#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fuzzes the search language: tests/fuzz/filter.sh [SECONDS]. What it finds goes into filter/.
set -eu
cd "$(dirname "$0")/../.."
out=build/fuzz
mkdir -p $out/filter
base=$(ls src/base/*.cc | grep -v _test.cc)
# shellcheck disable=SC2086
${CLANGXX:-clang++-14} -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined \
  -fno-sanitize-recover=all -DSPDLOG_COMPILED_LIB -DSPDLOG_SHARED_LIB -DSPDLOG_FMT_EXTERNAL \
  -Isrc -Isrc/tracking tests/fuzz/filter_fuzz.cc src/domain/clauses.cc src/store/row.cc \
  src/tracking/filter_sql.cc src/tracking/rows.cc $base -lspdlog -lfmt -lcrypto -lpthread \
  -o $out/filter_fuzz
$out/filter_fuzz -max_total_time="${1:-60}" -max_len=4096 -timeout=5 $out/filter tests/fuzz/filter
