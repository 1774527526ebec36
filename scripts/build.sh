# SPDX-License-Identifier: Apache-2.0
# ./dev build: the web page first, since it is embedded, then the executable.

dev_build() {
  local preset="${1:-release}"
  setup_packages build
  setup_onnxruntime
  setup_duckdb
  build_web
  build_cpp "$preset" slipway
}

build_web() {
  [ -f web/package.json ] || return 0
  setup_web
  once "web page" web/dist/index.html web/src web/index.html web/package-lock.json \
    web/vite.config.ts web/tsconfig.json -- npm --prefix web run --silent build
}

# The folder of a preset, as CMakePresets.json has it.
build_dir() { if [ "$1" = release ]; then echo build; else echo "build/$1"; fi; }

build_cpp() {
  local preset="$1" dir
  shift
  dir="$(build_dir "$preset")"
  if [ ! -f "$dir/build.ninja" ]; then
    say "configure $preset"
    cmake --preset "$preset" >"$(log_file "configure-$preset")" 2>&1 || {
      tail -20 "$CACHE/log/configure-$preset.log" >&2
      fail "cmake could not configure preset '$preset'" "./dev setup; log: .cache/log"
    }
  fi
  [ -n "$(ninja -C "$dir" -n "$@" 2>/dev/null | grep -v 'no work to do' | grep '\[')" ] &&
    say "build $preset"
  ninja -C "$dir" -j "$JOBS" --quiet "$@"
  mkdir -p "$dir/lib"
  cp -Pu "$ORT"/lib/libonnxruntime.so* "$DEPS"/duckdb/lib/libduckdb.so "$dir/lib/"
}

dev_up() {
  dev_build
  exec build/slipway up "$@"
}

# The ten slowest files of the last build, from Ninja's own log.
dev_times() {
  local log
  log="$(build_dir "${1:-release}")/.ninja_log"
  awk 'NR > 1 {printf "%7.1f s  %s\n", ($2 - $1) / 1000, $4}' "$log" | sort -rn | head -10
}
