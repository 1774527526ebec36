# SPDX-License-Identifier: Apache-2.0
# ./dev fmt, lint, check, docs, lock, package.

cpp_files() { git ls-files --cached --others --exclude-standard 'src/*.cc' 'src/*.h' 'bench/*.cc'; }

dev_fmt() {
  setup_packages lint
  python_tools
  cpp_files | xargs -r clang-format-14 -i
  "$VENV/tools/bin/ruff" format -q examples tests bench tools python
}

dev_check() {
  setup_packages lint
  python_tools
  cpp_files | xargs -r clang-format-14 --dry-run --Werror
  "$VENV/tools/bin/ruff" check -q examples tests bench tools python
  python3 tools/house_rules.py
}

# dev_lint [FILE..]: clang-tidy with the compile commands of the dev preset.
dev_lint() {
  dev_check
  [ -f build/dev/compile_commands.json ] || cmake --preset dev >/dev/null
  local files=("$@")
  [ ${#files[@]} -gt 0 ] || mapfile -t files < <(
    cpp_files | grep '\.cc$' | while read -r file; do
      grep -qF "/$file\"" build/dev/compile_commands.json && echo "$file"  # others are not built
    done
  )
  printf '%s\n' "${files[@]}" | xargs -P "$JOBS" -n 4 clang-tidy-14 -p build/dev --quiet \
      --extra-arg=-Wno-unknown-warning-option
}

dev_docs() {
  dev_build
  python3 tools/gen_reference.py build/slipway
}

# Resolve the *.in files again; the locks keep every hash, and no address of an index.
dev_lock() {
  python_tools
  local file
  for file in python/requirements-*.in tests/clients/requirements.in bench/*/peers/*.in; do
    "$VENV/tools/bin/uv" pip compile -q --generate-hashes --no-emit-index-url \
      --no-emit-find-links --python-version 3.11 --custom-compile-command "./dev lock" \
      "$@" "$file" -o "${file%.in}.txt"
  done
}

# One folder with the executable and the libraries that it loads, and the sums of all files.
dev_package() {
  dev_build
  local version name stage
  version="$(build/slipway version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -1)"
  name="slipway-$version-linux-$(uname -m)"
  stage="build/package/$name"
  rm -rf build/package
  mkdir -p "$stage/lib"
  cp build/slipway "$stage/"
  cp -P build/lib/*.so* "$stage/lib/"
  # What the executable links beside the C and C++ runtime, so that nothing has to be installed.
  ldd build/slipway | awk '/=> \// {print $3}' |
    grep -vE '/(libc|libm|libdl|librt|libpthread|libresolv|libgcc_s|libstdc\+\+)\.so' |
    xargs -r cp -L -t "$stage/lib/"
  cp README.md LICENSE CHANGELOG.md "$stage/"
  (cd "$stage" && find . -type f ! -name SHA256SUMS -print0 | LC_ALL=C sort -z |
    xargs -0 sha256sum >SHA256SUMS)
  tar -C build/package --sort=name --owner=0 --group=0 --numeric-owner -czf "build/$name.tar.gz" \
    "$name"
  (cd build && sha256sum "$name.tar.gz" | tee "$name.tar.gz.sha256")
}
