# SPDX-License-Identifier: Apache-2.0
"""Tracking beside a real `mlflow server`: writes, searches, histories, artifacts, memory; both on
SQLite and on PostgreSQL. Writes the section "Tracking" of docs/benchmarks.md."""

import argparse
import importlib.util
import os
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import measure  # noqa: E402
import peers  # noqa: E402
import rest  # noqa: E402
import sections  # noqa: E402
from postgres import Postgres  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("create-run", "log-metric", "log-batch")
LABEL = {"create-run": "create-run/s", "log-metric": "log-metric/s",
         "log-batch": "metrics/s in batches of 1,000"}  # fmt: skip


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def median(found: list[dict], key: str) -> float:
    return statistics.median(each[key] for each in found)


class Table:
    def __init__(self, *columns: str):
        self.lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]

    def add(self, *cells) -> None:
        self.lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")


def number(x: float, unit: str = "") -> str:
    text = f"{x:,.0f}" if x >= 100 else f"{x:,.1f}" if x >= 1 else f"{x:.2f}"
    return text + (f" {unit}" if unit else "")


def ratio(gain: float) -> str:
    return f"{gain:,.0f}x" if gain >= 10 else f"{gain:.1f}x"


def writes(args, ours, theirs, store: str, table: Table) -> dict:
    """Paired: each round asks one server and then the other for the same."""
    best = {}
    for kind in KINDS:
        for connections in (1, 8, 64):
            rounds = {"ours": [], "theirs": []}
            for _ in range(args.rounds):
                for name, peer in (("ours", ours), ("theirs", theirs)):
                    rounds[name].append(measure.load(peer, kind, connections, args.seconds))
            rate = "points_per_second" if kind == "log-batch" else "per_second"
            a, b = (median(rounds[name], rate) for name in ("ours", "theirs"))
            late = [median(rounds[name], "p99") for name in ("ours", "theirs")]
            errors = [sum(r["errors"] for r in rounds[name]) for name in ("ours", "theirs")]
            gain = ratio(a / max(b, 0.1))
            table.add(store, LABEL[kind], connections, number(a), number(b), gain,
                      number(late[0], "ms"), number(late[1], "ms"),
                      f"{errors[0]} / {errors[1]}")  # fmt: skip
            say(f"{store} {kind} {connections}: {a:,.0f} {b:,.0f} {gain}")
            best[kind, connections] = rounds["ours"]
    return best


def limits(args, ours) -> list[str]:
    """What the writes cost, beside what they cannot cost less than."""
    floor = [measure.load(ours, "floor", 8, args.seconds) for _ in range(3)]
    size, before = measure.folder_size(ours.folder), measure.written(ours)
    batch = measure.load(ours, "log-batch", 8, 2 * args.seconds)
    sent, points = measure.written(ours) - before, batch["requests"] * 1000
    single = measure.load(ours, "log-metric", 8, args.seconds)
    ours.stop()  # a checkpoint moves all into the database
    grown = measure.folder_size(ours.folder) - size
    ours.start()
    table = Table("limit", "measured")
    rate, cpu = median(floor, "per_second"), median(floor, "cpu_ms")
    table.add("a POST that is refused at once (HTTP, JSON, a worker; no database), 8 connections",
              f"{rate:,.0f}/s, {cpu:.3f} ms of CPU")  # fmt: skip
    table.add("log-metric, 8 connections",
              f"{single['per_second']:,.0f}/s, {single['cpu_ms']:.3f} ms of CPU")  # fmt: skip
    table.add("log-batch of 1,000, 8 connections",
              f"{batch['per_second']:,.0f}/s, {batch['cpu_ms']:.3f} ms of CPU")  # fmt: skip
    table.add("bytes in the data folder a point", f"{grown / (points + single['requests']):.1f}")
    table.add("bytes sent to the disk a point of a batch, the log and syncs included",
              f"{sent / points:.1f}")  # fmt: skip
    return table.lines


def searches(args, ours, theirs, table: Table) -> None:
    total = 0
    for runs in args.search:
        ours.stop()
        measure.fill_slipway(ours, runs - total)
        ours.start()
        a = measure.search(ours, 9)
        b = {}
        if runs == args.peer_runs:
            theirs.stop()
            rest.fill_mlflow(theirs, runs)
            theirs.start()
            b = measure.search(theirs, 3)
        total = runs
        for key, what in (("filtered", "metric and param filter, ordered by a metric, 100 results"),
                          ("ordered", "ordered by a metric, 1,000 results")):  # fmt: skip
            table.add(f"search {runs:,} runs: {what}", number(a[key], "ms"),
                      number(b[key], "ms") if b else "not measured",
                      ratio(b[key] / a[key]) if b else "")  # fmt: skip
            say(f"search {runs:,} {key}: {a[key]:.1f} {b.get(key, 0):.1f}")


def histories(args, ours, theirs, table: Table) -> None:
    found = []
    for peer, repeats in ((ours, 7), (theirs, 3)):
        found.append(measure.history(peer, measure.log_history(peer, 100_000), repeats))
    for key, what in (("whole", "whole"), ("sampled", "1,000 points sampled")):
        a, b = found[0][key], found[1][key]
        table.add(f"history of 100,000 points, {what}", number(a, "ms"), number(b, "ms"),
                  ratio(b / a))  # fmt: skip
        say(f"history {key}: {a:.1f} {b:.1f}")


def long_history(args, ours, table: Table) -> None:
    """Ten metrics of a million points each, if nothing else is asked for."""
    done = measure.load(ours, "log-batch", 1, 3600, 1000, args.points // 1000)
    http = peers.Http(ours.port)
    found = http.post(measure.API + "runs/search", {"experiment_ids": ["0"], "max_results": 1})
    run = found["runs"][0]["info"]["run_id"]
    ours.stop()
    size = measure.folder_size(ours.folder / "data")
    start = 1000 * ours.start()
    idle = ours.pss_mib()
    with measure.Peak(ours) as peak:
        pages = [measure.page_through(ours, run, f"m{n}", 25_000) for n in range(10)]
    points, seconds = (sum(each) for each in zip(*pages, strict=True))
    table.add(f"{args.points:,} points of a run logged through one connection",
              f"{done['points_per_second']:,.0f}/s", "", "")  # fmt: skip
    table.add("... its data folder", f"{size / args.points:.1f} bytes a point", "", "")
    table.add("... start to `/health`", number(start, "ms"), "", "")
    table.add(f"... {points:,} of them paged, 25,000 a page",
              f"{points / seconds:,.0f}/s, memory +{peak.mib - idle:.0f} MiB", "", "")  # fmt: skip
    say(f"{args.points:,} points: {size / args.points:.1f} B, start {start:.0f} ms")


def wide(args, ours, theirs, table: Table) -> None:
    """Runs of 1,500 metrics; 50 x 1,500 of them is the whole, the scale is stated."""
    ours_runs, theirs_runs = args.wide
    found = []
    for peer, runs in ((ours, ours_runs), (theirs, theirs_runs)):
        # A request takes at most 1,000 metrics, so a run is two requests.
        found.append(measure.load(peer, "wide-batch", 2, 3600, 750, runs))
    a, b = (each["points_per_second"] for each in found)
    whole = 50 * 1500 * 1500
    table.add(f"50 experiments x 1,500 runs x 1,500 metrics (measured: {2 * ours_runs * 750:,} and "
              f"{2 * theirs_runs * 750:,} of {whole:,} values; time scaled up)",
              f"{whole / a / 60:,.0f} min", f"{whole / b / 60:,.0f} min", ratio(a / b))  # fmt: skip
    say(f"wide: {a:,.0f} {b:,.0f}")


def artifacts(args, ours, theirs, table: Table) -> None:
    a, b = measure.artifact(ours, args.artifact), measure.artifact(theirs, args.artifact)
    gib = args.artifact / 1024
    for key, what in (("up", "up"), ("down", "down")):
        table.add(f"artifact of {gib:g} GiB {what}", number(a[key], "MiB/s"),
                  number(b[key], "MiB/s"), ratio(a[key] / b[key]))  # fmt: skip
    table.add("... growth of memory meanwhile, a GiB", number(a["growth"] / gib, "MiB"),
              number(b["growth"] / gib, "MiB"), "")  # fmt: skip
    say(f"artifact: {a} {b}")


def memory(args, ours, theirs, table: Table) -> None:
    found = []
    for peer in (ours, theirs):
        with measure.Peak(peer) as peak:
            measure.load(peer, "log-batch", 64, 2 * args.seconds)
        found.append(peak.mib)
    a, b = found
    table.add("memory under load (PSS, 64 writers of batches)", number(a, "MiB"),
              number(b, "MiB"), ratio(b / a))  # fmt: skip
    say(f"under load: {a:.0f} MiB {b:.0f} MiB")


def starts(ours, theirs, table: Table) -> None:
    times = []
    for _ in range(5):
        times.append(1000 * ours.start())
        ours.stop()
    ours.start()
    b = 1000 * theirs.start()
    time.sleep(3)
    a = statistics.median(times)
    table.add("start to `/health`, empty", number(a, "ms"), number(b, "ms"), ratio(b / a))
    a, b = ours.pss_mib(), theirs.pss_mib()
    table.add("memory when idle (PSS)", number(a, "MiB"), number(b, "MiB"), ratio(b / a))
    say(f"start and idle: {a:.0f} MiB {b:.0f} MiB")


def postgres_pair(args, folder: Path, tables: dict) -> None:
    if importlib.util.find_spec("psycopg2") is None:
        say("no psycopg2: the comparison on PostgreSQL is left out")
        return
    cluster = Postgres(Path(tempfile.mkdtemp(prefix="slipway-bench-pg-")) / "pg")
    cluster.folder.parent.chmod(0o755)
    ours = peers.slipway(folder / "slipway-pg", cluster.database("slipway"))
    theirs = peers.mlflow(folder / "mlflow-pg", cluster.database("mlflow"), args.workers)
    try:
        ours.start()
        theirs.start()
        writes(args, ours, theirs, "PostgreSQL", tables["writes"])
    finally:
        ours.stop()
        theirs.stop()
        cluster.stop()


def page(args, tables: dict, load: list[float]) -> str:
    now = os.getloadavg()[0]
    command = "./dev bench tracking " + " ".join(sys.argv[1:])
    machine = next((line.split(":")[1].strip() for line in
                    Path("/proc/cpuinfo").read_text().splitlines()
                    if line.startswith("model name")), "")  # fmt: skip
    return "\n".join([
        "## Tracking beside a real `mlflow server`", "",
        f"Written by `{command.strip()}` on {time.strftime('%Y-%m-%d')}: {os.cpu_count()} cores "
        f"({machine}), load average {load[0]:.1f} at the start and {now:.1f} at the end"
        f"{' (**not idle**: read ratios, not digits)' if max(now, load[0]) > 3 else ''}. mlflow "
        f"{version('mlflow')} with {args.workers} worker(s). Both servers run side by side, share "
        "the cores with the load generator (bench/tracking/load.cc), and are asked in turns; "
        f"medians of {args.rounds} rounds of {args.seconds:g} s. Slipway's commits are durable "
        "(`synchronous=FULL`, PostgreSQL with fsync).", "",
        *tables["writes"].lines, "", *tables["rest"].lines, "",
        "What the writes cost on SQLite, and what they cannot cost less than:", "",
        *tables["limits"], "",
    ])  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="of mlflow server")
    parser.add_argument("--search", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--points", type=int, default=10_000_000, help="of the longest history")
    parser.add_argument("--wide", type=int, nargs=2, default=[1500, 10],
                        help="requests of 750 metrics a connection, ours and theirs")  # fmt: skip
    parser.add_argument("--artifact", type=int, default=5120, help="MiB")
    parser.add_argument("--only", nargs="+", default=[], help="parts to run")
    parser.add_argument("--peer-runs", type=int, default=10_000,
                        help="runs that theirs is searched over; 0 leaves it out")  # fmt: skip
    parser.add_argument("--out", type=Path, default=ROOT / "docs/benchmarks.md")
    args = parser.parse_args()
    measure.build_load()
    load = [os.getloadavg()[0]]
    tables = {"writes": Table("store", "", "writers", "Slipway", "mlflow", "ratio", "p99", "theirs",
                              "errors"),
              "rest": Table("", "Slipway", "mlflow", "ratio"), "limits": []}  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as temporary:
        folder = Path(temporary)
        ours = peers.slipway(folder / "slipway")
        theirs = peers.mlflow(folder / "mlflow", None, args.workers)
        parts = {
            "starts": lambda: starts(ours, theirs, tables["rest"]),
            "writes": lambda: writes(args, ours, theirs, "SQLite", tables["writes"]),
            "memory": lambda: memory(args, ours, theirs, tables["rest"]),
            "limits": lambda: tables["limits"].extend(limits(args, ours)),
            "history": lambda: histories(args, ours, theirs, tables["rest"]),
            "wide": lambda: wide(args, ours, theirs, tables["rest"]),
            "artifact": lambda: artifacts(args, ours, theirs, tables["rest"]),
            "long": lambda: long_history(args, ours, tables["rest"]),
            "postgres": lambda: postgres_pair(args, folder, tables),
            "search": lambda: searches(args, *fresh(folder, args), tables["rest"]),
        }
        try:
            if args.only and "starts" not in args.only:
                ours.start()
                theirs.start()
            for name, part in parts.items():
                if args.only and name not in args.only:
                    continue
                if name == "search":
                    ours.stop()
                    theirs.stop()
                try:
                    part()
                except (Exception, SystemExit) as problem:  # the rest is still worth having
                    say(f"{name} failed: {problem!r}")
                    tables["rest"].add(f"{name}: failed here, {type(problem).__name__}", "", "", "")
                sections.write(args.out, "tracking", page(args, tables, load))
        finally:
            for peer in (ours, theirs, *FRESH):
                peer.stop()
    print("\n" + page(args, tables, load))


FRESH: list[peers.Peer] = []


def fresh(folder: Path, args) -> tuple[peers.Peer, peers.Peer]:
    """Servers without what the parts before have left."""
    FRESH.extend([peers.slipway(folder / "search"),
                  peers.mlflow(folder / "mlflow-search", None, args.workers)])  # fmt: skip
    for peer in FRESH[: 2 if args.peer_runs else 1]:
        peer.start()
    return FRESH[0], FRESH[1]


if __name__ == "__main__":
    main()
