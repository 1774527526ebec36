# SPDX-License-Identifier: Apache-2.0
"""Tracking beside a real `mlflow server`: writes, searches, histories, artifacts, memory; both on
SQLite and on PostgreSQL. Writes the section "Tracking" of docs/benchmarks.md.

Each part is kept when it is done (build/bench/tracking.json), so one part can be measured again:

    ./dev bench tracking                        all of it, about 20 minutes
    ./dev bench tracking --only writes search   these parts; the others stay as they were
    ./dev bench tracking --rest                 the parts that are not there yet
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import measure  # noqa: E402
import parts  # noqa: E402
import sections  # noqa: E402
from servers import Servers  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / "build/bench/tracking.json"

# In the order of the page, and such that servers are started and stopped as seldom as possible.
PARTS = {
    "limits": parts.limits,
    "starts": parts.starts,
    "writes": parts.writes,
    "history": parts.histories,
    "artifacts": parts.artifacts,
    "postgres": parts.postgres,
    "search": parts.searches,
    "wide": parts.wide,
    "long": parts.long_history,
}
TABLES = {
    "writes": ("store", "", "writers", "Slipway", "mlflow", "ratio", "mlflow, 1 worker", "ratio",
               "p99", "theirs", "errors"),
    "rest": ("", "Slipway", "mlflow", "ratio"),
    "limits": ("limit", "measured"),
}  # fmt: skip


def table(name: str, found: dict) -> list[str]:
    columns = TABLES[name]
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for part in PARTS:
        for row in found.get(part, {}).get(name, []):
            lines.append("| " + " | ".join([*row, *[""] * (len(columns) - len(row))]) + " |")
    return lines


def stamps(found: dict) -> str:
    """When each part ran, and beside what; several that agree are named together."""
    by_time: dict[tuple, list[str]] = {}
    for name in PARTS:
        if name in found:
            by_time.setdefault((found[name]["day"], found[name]["commit"]), []).append(name)
    known = [f"{', '.join(names)}: {day}, commit {commit}"
             for (day, commit), names in by_time.items()]  # fmt: skip
    busy = [name for name in PARTS if name in found and found[name]["load"] > 3.5]
    out = "Measured: " + "; ".join(known) + "."
    if busy:
        out += f" **Not idle** during {', '.join(busy)}: read ratios, not digits."
    return out


def page(args, found: dict) -> str:
    machine = next((line.split(":")[1].strip() for line in
                    Path("/proc/cpuinfo").read_text().splitlines()
                    if line.startswith("model name")), "")  # fmt: skip
    return "\n".join([
        "## Tracking beside a real `mlflow server`", "",
        f"Written by `./dev bench tracking` on {os.cpu_count()} cores ({machine}). mlflow "
        f"{version('mlflow')} with its own number of workers, and with one. The servers run "
        "side by side, share the cores with the load generator (bench/tracking/load.cc), and are "
        f"asked in turns; medians of {args.rounds} rounds of {args.seconds:g} s. Slipway's "
        "acknowledged writes are on disk (the log is synced; PostgreSQL with fsync). "
        + stamps(found), "",
        *table("writes", found), "", *table("rest", found), "",
        "What the writes cost on SQLite, and what they cannot cost less than:", "",
        *table("limits", found), "",
    ])  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--search", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--peer-runs", type=int, nargs="*", default=[10_000],
                        help="of these, where theirs is searched too")  # fmt: skip
    parser.add_argument("--points", type=int, default=10_000_000, help="of the longest history")
    parser.add_argument("--wide", type=float, nargs=2, default=[240, 20], metavar="SECONDS",
                        help="of runs of 1,500 metrics at most, ours and theirs")  # fmt: skip
    parser.add_argument("--wide-values", type=int, default=30_000_000,
                        help="end ours after so many values (112,500,000 is all)")  # fmt: skip
    parser.add_argument("--artifact", type=int, default=5120, help="MiB")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[], help="parts to run")
    parser.add_argument("--rest", action="store_true", help="only what is not there yet")
    parser.add_argument("--forget", action="store_true", help="what earlier runs have measured")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/benchmarks.md")
    return parser.parse_args()


def commit() -> str:
    head = os.popen(f"git -C '{ROOT}' rev-parse --short HEAD 2>/dev/null").read().strip()
    return head or "unknown"


def main() -> int:
    args = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers end with us
    measure.build_load()
    found = json.loads(STATE.read_text()) if STATE.exists() and not args.forget else {}
    wanted = args.only or [name for name in PARTS if not (args.rest and name in found)]
    failed = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as folder:
        servers = Servers(Path(folder))
        try:
            for name in wanted:
                started = time.monotonic()
                try:
                    rows = PARTS[name](args, servers)
                except (Exception, SystemExit) as problem:  # the rest is still worth having
                    measure.say(f"{name} failed: {problem!r}")
                    failed.append(name)
                    continue
                load = os.getloadavg()[0]
                found[name] = {**rows, "day": time.strftime("%Y-%m-%d"), "commit": commit(),
                               "load": 0.0 if servers.busy(name) else load}  # fmt: skip
                STATE.parent.mkdir(parents=True, exist_ok=True)
                STATE.write_text(json.dumps(found, indent=1))
                sections.write(args.out, "tracking", page(args, found))
                measure.say(f"{name}: {time.monotonic() - started:.0f} s")
        finally:
            servers.stop()
    print("\n" + page(args, found))
    print(f"{len(wanted) - len(failed)} parts in {(time.monotonic() - began) / 60:.1f} minutes"
          + (f"; failed: {', '.join(failed)}" if failed else ""))  # fmt: skip
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
