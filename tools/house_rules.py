#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of the house that the compiler does not check; `./dev check` runs it in seconds.

Which word may be written where, how long a file may be, and which room may use which: the arrows
in tools/arrows.txt are what CMake declares, so a new one shows in a review. `--write-arrows` renews
the list.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ARROWS = ROOT / "tools/arrows.txt"

# pattern in a line of C++ -> the files (beginnings of paths below src/) that may have it
ONLY_IN = [
    (r"#include [<\"]boost/(asio|beast)", ["net/"]),
    (r"#include <boost/json", ["json/"]),
    (r"#include <spdlog/", ["base/log.cc"]),
    (r"#include <(sqlite3|libpq-fe)\.h", ["store/"]),
    (r"#include [<\"]onnxruntime", ["drivers/onnx/"]),
    (r"#include [<\"]duckdb\.h", ["drivers/duckdb/"]),
    (r"#include <curl/", ["fetch/"]),
    (r"#include <nghttp2/", ["net/h2_"]),
    (r"#include <yaml-cpp/", ["yaml/"]),
    (r"#include <CLI/", ["cli/", "app/config.cc"]),
    (r"#include <regex>", []),
    (r"std::c(out|err)\b|\bprintf\(", ["cli/", "main.cc"]),
    (r"\bgetenv\(", ["app/config.cc", "cli/", "process/"]),
    (r"system_clock::now|random_device|\btime\(nullptr\)", ["base/clock.cc", "base/ids.cc"]),
    (r"\bthrow\b(?!s)", ["drivers/onnx/memory.cc"]),  # the runtime wants an exception there
    (r"std::(j?thread\b(?!::)|async\b)", ["base/pool", "net/", "process/"]),
    (r"#if SLIPWAY_WITH_", ["app/drivers.cc"]),
]
TODO = re.compile(r"\bTODO\b(?!\(#\d+\))|\bFIXME\b|\bXXX\b")
LINES, HEADER_LINES, COLUMNS = 500, 200, 100
LONG_HEADERS = ("json/describe.h",)  # templates that messages.cc files instantiate
SOURCES = (".cc", ".h", ".py", ".ts", ".tsx", ".mjs", ".sh", ".sql", ".css")
NO_SPDX = (".json", ".md", ".txt", ".css", ".sql")


def files() -> list[Path]:
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def code_of(line: str) -> str:
    """The line without comments and without what stands in quotes (but includes as they are)."""
    if line.lstrip().startswith("#include"):
        return line
    line = re.sub(r'"(\\.|[^"\\])*"', '""', line)
    return re.sub(r"//.*", "", line)


def check_cpp(path: Path, lines: list[str], say) -> None:
    name = path.relative_to(ROOT / "src").as_posix()
    test = name.endswith("_test.cc") or "/test_" in name or name.startswith("test_")
    for number, line in enumerate(lines, 1):
        code = code_of(line)
        for pattern, places in ONLY_IN:
            if test and any(word in pattern for word in ("thread", "printf", "getenv", "throw")):
                continue
            if re.search(pattern, code) and not any(name.startswith(place) for place in places):
                say(path, number, f"'{code.strip()}' belongs in {', '.join(places) or 'no file'}")
    if name.endswith(".h") and len(lines) > HEADER_LINES and name not in LONG_HEADERS:
        say(path, len(lines), f"a header of {len(lines)} lines; at most {HEADER_LINES}")


def check_text(path: Path, lines: list[str], say) -> None:
    if path.suffix in SOURCES and path.suffix not in NO_SPDX:
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:2]):
            say(path, 1, "the first line is the SPDX line: Apache-2.0")
    if len(lines) > LINES:
        say(path, len(lines), f"{len(lines)} lines; at most {LINES}")
    for number, line in enumerate(lines, 1):
        wide_ok = "testdata" in path.parts or path.name.endswith("_test.cc")  # recorded texts
        if len(line) > COLUMNS and path.suffix in (".cc", ".h", ".py", ".sh") and not wide_ok:
            say(path, number, f"{len(line)} columns; at most {COLUMNS}")
        if TODO.search(line) and path.name != "house_rules.py":
            say(path, number, "a TODO names its issue: TODO(#123)")


def arrows() -> list[str]:
    """`room -> room` for each dependency that a CMakeLists.txt below src/ declares."""
    found = set()
    for path in sorted((ROOT / "src").rglob("CMakeLists.txt")):
        text = re.sub(r"#.*", "", path.read_text())
        for call in re.findall(r"slipway_module\(([^)]*)\)", text):
            words, room, kind = call.split(), "", ""
            for word in words:
                if word.isupper() and len(word) > 2:
                    kind = word
                elif kind == "NAME":
                    room = word
                elif kind in ("DEPS", "PRIVATE_DEPS") and word != room:
                    found.add(f"{room} -> {word}")
    return sorted(found)


def check_arrows(say) -> None:
    declared, known = set(arrows()), set(ARROWS.read_text().splitlines())
    for arrow in sorted(declared - known):
        say(ARROWS, 0, f"new arrow '{arrow}': see ARCHITECTURE.md, then --write-arrows")
    for arrow in sorted(known - declared):
        say(ARROWS, 0, f"arrow '{arrow}' is gone: --write-arrows")


def main() -> int:
    if "--write-arrows" in sys.argv:
        ARROWS.write_text("".join(f"{arrow}\n" for arrow in arrows()))
        return 0
    problems = []

    def say(path: Path, number: int, what: str) -> None:
        problems.append(f"{path.relative_to(ROOT)}:{number}: {what}")

    checked = 0
    for path in files():
        if path.suffix not in SOURCES:
            continue
        checked += 1
        lines = path.read_text(errors="replace").splitlines()
        check_text(path, lines, say)
        if path.suffix in (".cc", ".h") and (ROOT / "src") in path.parents:
            check_cpp(path, lines, say)
    check_arrows(say)
    print("\n".join(problems) or f"house rules: {checked} files, nothing to say")
    if problems:
        print(f"house rules: {len(problems)} to mend", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
