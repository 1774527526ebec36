# SPDX-License-Identifier: Apache-2.0
"""Drift and profiles of two Parquet files beside Evidently, whylogs and the same tests in DuckDB's
SQL: CPU seconds (user + system), wall time and peak memory of a fresh process each, which reads
both files and writes its result. Writes the section "Monitoring" of docs/benchmarks.md.

What was measured is kept (build/bench/monitoring.json), so a part can be measured again:

    ./dev bench monitoring                     100,000 and 1,000,000 rows of 30 columns, all peers
    ./dev bench monitoring --only slipway      these; the others stay as they were
    ./dev bench monitoring --sizes long wide   10,000,000 x 30 and 1,000,000 x 1,000, ours alone
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import sections  # noqa: E402

ROOT = HERE.parents[1]
STATE = ROOT / "build/bench/monitoring.json"
SIZES = {
    "small": (100_000, 30),
    "large": (1_000_000, 30),
    "long": (10_000_000, 30),
    "wide": (1_000_000, 1_000),
}


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def venvs() -> Path:
    return Path(os.environ.get("SLIPWAY_BENCH_VENVS") or ROOT / ".deps/venv")


def python(name: str) -> str | None:
    path = venvs() / name / "bin/python"
    return str(path) if path.exists() else None


def slipway() -> str:
    return os.environ.get("SLIPWAY_BIN") or str(ROOT / "build/slipway")


# name: (title, command of (reference, current, out), may read the large ones)
def commands() -> dict:
    def peer(venv: str, script: str, what: str):
        interpreter = python(venv)
        if interpreter is None:
            return None
        return lambda a, b, out: [interpreter, str(HERE / "peers" / script), what, a, b, out]

    def ours(*more: str):
        return lambda a, b, out: [
            slipway(), "drift", "--reference", a, "--current", b, *more, "--json", out,
        ]  # fmt: skip

    return {
        "slipway drift": ("Slipway, `drift`", ours(), True),
        "slipway psi": ("Slipway, `drift --method psi`", ours("--method", "psi"), True),
        "slipway profile": (
            "Slipway, `profile` (one file)",
            lambda a, b, out: [slipway(), "profile", b, "--json", out],
            True,
        ),
        "slipway check": ("Slipway, `check` (one file, suggested suite)", check_command, True),
        "evidently drift": (
            "Evidently 0.7.23, DataDriftPreset",
            peer("evidently", "evidently_drift.py", "drift"),
            False,
        ),
        "evidently profile": (
            "Evidently 0.7.23, DataSummaryPreset",
            peer("evidently", "evidently_drift.py", "summary"),
            False,
        ),
        "whylogs": (
            "whylogs 1.6.4, profiles of both",
            peer("whylogs", "whylogs_profile.py", "profile"),
            False,
        ),
        "duckdb drift": (
            "DuckDB SQL, the tests of `drift`",
            peer("duckdb", "duckdb_drift.py", "drift"),
            False,
        ),
        "duckdb psi": ("DuckDB SQL, PSI", peer("duckdb", "duckdb_drift.py", "psi"), False),
        "decode": ("limit: both files decoded", peer("duckdb", "decode.py", "read"), True),
    }


def check_command(a: str, b: str, out: str) -> list[str]:
    suite = Path(b).with_suffix(".yaml")
    if not suite.exists():
        done = subprocess.run([slipway(), "profile", a, "--suggest", str(suite)])
        assert done.returncode == 0
    return [slipway(), "check", b, "--suite", str(suite), "--json", out]


def once(command: list[str]) -> dict:
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    error = process.stderr.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise RuntimeError(f"{command[:3]}: {error[-400:]}")
    return {
        "wall": time.perf_counter() - began,
        "cpu": used.ru_utime + used.ru_stime,
        "mib": used.ru_maxrss / 1024,
    }


def measure(command: list[str], rounds: int) -> dict:
    found = [once(command) for _ in range(rounds)]
    return {key: statistics.median(one[key] for one in found) for key in found[0]} | {
        "runs": rounds
    }


def load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def run(args, state: dict, folder: Path) -> None:
    maker = python("duckdb")
    if maker is None:
        sys.exit("no environment 'duckdb' with pyarrow: the data cannot be made")
    for size in args.sizes:
        rows, columns = SIZES[size]
        paths = [str(folder / f"{size}-{side}.parquet") for side in ("reference", "moved")]
        for path in paths:
            if Path(path).exists():
                continue
            side = "moved" if path.endswith("moved.parquet") else "reference"
            say(f"{rows:,} x {columns}: {side}")
            subprocess.run([maker, str(HERE / "data.py"), path, str(rows), str(columns), side],
                           check=True)  # fmt: skip
        for name, (title, command, large) in commands().items():
            if args.only and not any(name.startswith(word) for word in args.only):
                continue
            if size in ("long", "wide") and not large:
                continue
            if command is None:
                say(f"{title}: not installed, left out")
                continue
            words = command(*paths, str(folder / "out.json"))
            rounds = 1 if size in ("long", "wide") else args.rounds
            before = load()
            found = measure(words, rounds) | {"title": title, "load": before}
            state.setdefault(size, {})[name] = found
            say(f"{rows:,} x {columns} {title}: {found['cpu']:.1f} CPU s, {found['wall']:.1f} s, "
                f"{found['mib']:.0f} MiB")  # fmt: skip
            STATE.parent.mkdir(parents=True, exist_ok=True)
            STATE.write_text(json.dumps(state, indent=1))
        for path in paths:
            if not args.keep and size in ("long", "wide"):
                Path(path).unlink()


def table(state: dict, size: str) -> list[str]:
    found = state[size]
    limit = found.get("decode", {}).get("cpu")
    lines = [
        f"**{SIZES[size][0]:,} rows x {SIZES[size][1]:,} columns** (each of the two files)",
        "",
        "| | CPU s | wall s | peak MiB | CPU over decoding | load before |",
        "|---|---|---|---|---|---|",
    ]
    for name in commands():
        one = found.get(name)
        if one is None:
            continue
        ratio = f"{one['cpu'] / limit:.1f}" if limit else ""
        lines.append(f"| {one['title']} | {one['cpu']:.2f} | {one['wall']:.2f} | "
                     f"{one['mib']:.0f} | {ratio} | {one['load']} |")  # fmt: skip
    return [*lines, ""]


def ratios(state: dict) -> list[str]:
    out = []
    for size, found in state.items():
        for peer, ours in (("evidently drift", "slipway drift"),
                           ("evidently profile", "slipway profile"),
                           ("duckdb drift", "slipway drift"),
                           ("duckdb psi", "slipway psi")):  # fmt: skip
            if peer in found and ours in found:
                a, b = found[peer], found[ours]
                out.append(f"| {SIZES[size][0]:,} | {a['title']} / {b['title']} | "
                           f"{a['cpu'] / b['cpu']:.1f} | {a['wall'] / b['wall']:.1f} | "
                           f"{a['mib'] / b['mib']:.1f} |")  # fmt: skip
    if not out:
        return []
    return ["| rows | | CPU times less | wall | memory |", "|---|---|---|---|---|", *out, ""]


def write_page(state: dict) -> None:
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"],
                            capture_output=True, text=True).stdout.strip()  # fmt: skip
    text = f"""
Written by `./dev bench monitoring` on {os.cpu_count()} cores, {time.strftime("%Y-%m-%d")}, commit
{commit}. Each is a fresh process that reads both files (20 columns of numbers, 10 of texts of 5 to
300 values) and writes its result; the median of its runs. CPU seconds are user and system time of
all threads, peak memory is the largest resident set. Evidently and `slipway drift` choose the same
tests: Wasserstein for numbers, Jensen-Shannon for texts. The limit is Arrow decoding a column after
the other on one thread. What watching costs a server is under Serving, watching.
"""
    lines = ["## Monitoring", "", " ".join(text.split()), ""]
    for size in SIZES:
        if size in state:
            lines += table(state, size)
    lines += ratios(state)
    sections.write(ROOT / "docs/benchmarks.md", "monitoring", "\n".join(lines))


def main() -> None:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=["small", "large"])
    parser.add_argument("--only", nargs="+", help="beginnings of names: slipway, evidently, duckdb")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="keep the large files")
    parser.add_argument("--data", help="folder for the files (default: a temporary one)")
    args = parser.parse_args()
    state = json.loads(STATE.read_text()) if STATE.exists() else {}
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as folder:
        where = Path(args.data) if args.data else Path(folder)
        where.mkdir(parents=True, exist_ok=True)
        run(args, state, where)
    write_page(state)


if __name__ == "__main__":
    main()
