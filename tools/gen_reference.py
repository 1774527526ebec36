#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/reference from what the executable says about itself; `--check` only compares.

gen_reference.py EXECUTABLE [--check]
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs/reference"
NOTE = "<!-- Written by ./dev docs from the executable. Do not edit. -->\n"


def ask(executable: str, *words: str) -> str:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SLIPWAY_")}
    done = subprocess.run(
        [executable, *words], capture_output=True, text=True, check=True, cwd="/", env=clean
    )
    return done.stdout


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    cells = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "".join("| " + " | ".join(line) + " |\n" for line in cells)


def commands(executable: str) -> str:
    out = "# Commands\n\n`slipway COMMAND --help` says the same.\n"
    for name in re.findall(r"^  (\S+) {2,}\S", ask(executable, "--help"), re.M):
        out += f"\n## slipway {name}\n\n```text\n{ask(executable, name, '--help').strip()}\n```\n"
        verbs = ask(executable, name, "--help").partition("\nSubcommands:\n")[2]
        for verb in re.findall(r"^  ([a-z][a-z-]*)(?: |$)", verbs.split("\n\n")[0], re.M):
            text = ask(executable, name, verb, "--help").strip()
            out += f"\n### slipway {name} {verb}\n\n```text\n{text}\n```\n"
    return out


def settings(executable: str) -> str:
    rows = [
        [f"`{s['name']}`", f"`{s['flag']}`", f"`{s['variable']}`"]
        + [f"`{s['value']}`" if s["value"] else "", s["help"]]
        for s in json.loads(ask(executable, "config", "--json", "-"))
    ]
    head = ["in slipway.toml", "flag", "variable", "default", "meaning"]
    return "# Settings\n\nThe flag wins over the variable, that over the file.\n\n" + table(
        head, rows
    )


def routes(executable: str) -> str:
    out = (
        "# HTTP routes\n\nThose of Slipway's own API with their schemas: `/api/v1/openapi.json`.\n"
    )
    by_wire: dict[str, list[list[str]]] = {}
    for route in json.loads(ask(executable, "routes", "--json", "-")):
        row = [route["method"], f"`{route['path']}`", route["summary"]]
        by_wire.setdefault(route["wire"], []).append(row)
    for wire, rows in sorted(by_wire.items()):
        out += f"\n## {wire}\n\n" + table(["method", "path", "does"], rows)
    return out


def errors(executable: str) -> str:
    rows = [
        [f"`{e['code']}`", str(e["http"]), str(e["exit"]), e["meaning"]]
        for e in json.loads(ask(executable, "errors", "--json", "-"))
    ]
    return "# Error codes\n\n" + table(["code", "HTTP", "exit", "means"], rows)


def main() -> int:
    executable = str(Path(sys.argv[1]).resolve())
    stale = []
    for page in (commands, settings, routes, errors):
        path = FOLDER / f"{page.__name__}.md"
        text = NOTE + page(executable)
        if path.exists() and path.read_text() == text:
            continue
        stale.append(path.relative_to(ROOT).as_posix())
        if "--check" not in sys.argv:
            FOLDER.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if stale:
        print(("stale: " if "--check" in sys.argv else "written: ") + ", ".join(stale))
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
