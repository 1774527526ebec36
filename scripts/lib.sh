# SPDX-License-Identifier: Apache-2.0
# Shared by the parts of ./dev: messages, and "not twice" by the content of what a step reads.

ROOT="$PWD"
DEPS="$ROOT/.deps"
CACHE="$ROOT/.cache"
VENV="$ROOT/.venv"
JOBS="${JOBS:-$(nproc)}"

say() { printf '\033[1m-- %s\033[0m\n' "$*" >&2; }

# fail WHAT WAY_OUT [EXIT_CODE]
fail() {
  printf 'error: %s\n' "$1" >&2
  [ -z "${2:-}" ] || printf 'hint: %s\n' "$2" >&2
  exit "${3:-1}"
}

have() { command -v "$1" >/dev/null 2>&1; }

# A hash over the names and the bytes of files and folders.
content_hash() {
  { for path in "$@"; do
      if [ -d "$path" ]; then
        find "$path" -type f -not -path '*/node_modules/*' -not -path '*/dist/*' \
          -not -path '*/__pycache__/*' -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum
      elif [ -f "$path" ]; then
        sha256sum "$path"
      else
        echo "absent $path"
      fi
    done; } | sha256sum | cut -d' ' -f1
}

# once NAME RESULT INPUT.. -- COMMAND..: run the command unless RESULT exists and was made from
# the same inputs. A failed command leaves no stamp.
once() {
  local name="$1" result="$2" inputs=() hash
  shift 2
  while [ "$1" != "--" ]; do inputs+=("$1"); shift; done
  shift
  hash="$(content_hash "${inputs[@]}")"
  if [ -e "$result" ] && [ "$(cat "$CACHE/stamps/$name" 2>/dev/null)" = "$hash" ]; then
    return 0
  fi
  rm -f "$CACHE/stamps/$name"
  say "$name"
  "$@"
  mkdir -p "$CACHE/stamps"
  echo "$hash" >"$CACHE/stamps/$name"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif have sudo; then
    sudo "$@"
  else
    fail "installing Debian packages needs root" "run as root, or install sudo, or install: $*"
  fi
}
