# SPDX-License-Identifier: Apache-2.0
"""The parts of the comparison: each answers with rows for the tables of the page."""

import importlib.util
import statistics
import time

import measure
import peers
import rest
from measure import say
from servers import Servers

KINDS = ("create-run", "log-metric", "log-batch")
LABEL = {"create-run": "create-run/s", "log-metric": "log-metric/s",
         "log-batch": "metrics/s in batches of 1,000"}  # fmt: skip
WRITERS = (1, 8, 64)


def number(x: float, unit: str = "") -> str:
    text = f"{x:,.0f}" if x >= 100 else f"{x:,.1f}" if x >= 1 else f"{x:.2f}"
    return text + (f" {unit}" if unit else "")


def ratio(gain: float) -> str:
    return f"{gain:,.0f}x" if gain >= 10 else f"{gain:.1f}x"


def median(found: list[dict], key: str) -> float:
    return statistics.median(each[key] for each in found)


def starts(args, servers: Servers) -> dict:
    ours = servers.get("ours")
    times = []
    for _ in range(5):
        ours.stop()
        times.append(1000 * ours.start())
    theirs = servers.get("theirs", started=False)
    b = 1000 * theirs.start()
    one = servers.get("one", started=False)
    c = 1000 * one.start()
    time.sleep(3)
    measure.settle()
    a = statistics.median(times)
    memory = [peer.pss_mib() for peer in (ours, theirs, one)]
    say(f"start: {a:.0f} {b:.0f} {c:.0f} ms; idle: {memory}")
    return {"rest": [
        ["start to `/health`, empty", number(a, "ms"),
         f"{number(b, 'ms')}; 1 worker {number(c, 'ms')}", ratio(c / a)],
        ["memory when idle (PSS)", number(memory[0], "MiB"),
         f"{number(memory[1], 'MiB')}; 1 worker {number(memory[2], 'MiB')}",
         ratio(memory[2] / memory[0])],
    ]}  # fmt: skip


def write_rows(args, store: str, ours, theirs, one) -> list[list[str]]:
    """Paired: each round asks one server after the other for the same."""
    rows = []
    sides = {"ours": ours, "theirs": theirs, "one": one}
    for kind in KINDS:
        rate = "points_per_second" if kind == "log-batch" else "per_second"
        for connections in WRITERS:
            found = {name: [] for name in sides}
            for _ in range(args.rounds):
                for name, peer in sides.items():
                    found[name].append(measure.load(peer, kind, connections, args.seconds))
            a, b, c = (median(found[name], rate) for name in sides)
            late = [median(found[name], "p99") for name in sides]
            errors = [sum(r["errors"] for r in found[name]) for name in sides]
            rows.append([store, LABEL[kind], str(connections), number(a), number(b),
                         ratio(a / max(b, 0.1)), number(c), ratio(a / max(c, 0.1)),
                         number(late[0], "ms"), number(late[1], "ms"),
                         " / ".join(str(n) for n in errors)])  # fmt: skip
            say(" ".join(rows[-1]))
    return rows


def writes(args, servers: Servers) -> dict:
    ours, theirs, one = (servers.get(name) for name in ("ours", "theirs", "one"))
    rows = write_rows(args, "SQLite", ours, theirs, one)
    peaks = []
    for peer in (ours, theirs):
        with measure.Peak(peer) as peak:
            measure.load(peer, "log-batch", 64, 2 * args.seconds)
        peaks.append(peak.mib)
    a, b = peaks
    say(f"under load: {a:.0f} MiB {b:.0f} MiB")
    memory = ["memory under load (PSS, 64 writers of batches)", number(a, "MiB"),
              number(b, "MiB"), ratio(b / a)]  # fmt: skip
    return {"writes": rows, "rest": [memory]}


def postgres(args, servers: Servers) -> dict:
    if importlib.util.find_spec("psycopg") is None:
        raise ModuleNotFoundError("mlflow needs psycopg here")
    names = ("ours-postgres", "theirs-postgres", "one-postgres")
    rows = write_rows(args, "PostgreSQL", *(servers.get(name) for name in names))
    servers.only("ours", "theirs", "one")
    return {"writes": rows}


def limits(args, servers: Servers) -> dict:
    """What the writes cost, beside what they cannot cost less than."""
    ours = servers.get("ours")
    servers.only("ours")
    rows = [["writes of 4 KiB that are synced one after the other (the disk)",
             f"{measure.syncs_per_second(ours.folder):,.0f}/s"]]  # fmt: skip
    floors = {}
    for connections in WRITERS:
        found = [measure.load(ours, "health", connections, args.seconds) for _ in range(3)]
        floors[connections], cpu = median(found, "per_second"), median(found, "cpu_ms")
        rows.append([f"GET /health, {connections} connections (HTTP; no worker, no database)",
                     f"{floors[connections]:,.0f}/s, {cpu:.3f} ms of CPU"])  # fmt: skip
    for kind, what in (("create-run", "create-run"), ("log-metric", "log-metric"),
                       ("log-batch", "log-batch of 1,000")):  # fmt: skip
        size, before = measure.folder_size(ours.folder), measure.written(ours)
        found = measure.load(ours, kind, 8, 2 * args.seconds)
        sent, requests = measure.written(ours) - before, max(1, found["requests"])
        ours.stop()  # a checkpoint moves all into the database
        grown = measure.folder_size(ours.folder) - size
        ours.start()
        per = 1000 if kind == "log-batch" else 1
        rows.append([f"{what}, 8 connections",
                     f"{found['per_second']:,.0f}/s = 1/{floors[8] / found['per_second']:.1f} of "
                     f"/health, {found['cpu_ms']:.3f} ms of CPU; to the disk "
                     f"{sent / requests / per:,.1f} bytes {'a point' if per > 1 else 'each'}, "
                     f"kept {grown / requests / per:,.1f}"])  # fmt: skip
        say(" ".join(rows[-1]))
    return {"limits": rows}


QUESTIONS = (
    ("filtered", "metric and param filter, ordered by a metric, 100 results"),
    ("ordered", "ordered by a metric, 1,000 results"),
    ("name", "ordered by name, 100 results"),
    ("user", "ordered by user, newest user last, 100 results"),
    ("status", "ordered by status, 100 results"),
    ("end", "ordered by end, 100 results"),
    ("start", "ordered by start, oldest first, 100 results"),
    ("param", "ordered by a param, 100 results"),
    ("tag", "ordered by a tag, 100 results"),
    ("page", "page 50 of the newest, 100 results"),
)


def searches(args, servers: Servers) -> dict:
    servers.only()
    rows = []
    ours = servers.get("ours-search")
    total = 0
    for runs in args.search:
        ours.stop()
        measure.fill_slipway(ours, runs - total)
        total = runs
        ours.start()
        a = measure.search(ours, 9)
        b = {}
        if runs in args.peer_runs:
            theirs = servers.get("theirs-search")
            theirs.stop()
            rest.fill_mlflow(theirs, runs - measure.runs_in_mlflow(theirs))
            theirs.start()
            b = measure.search(theirs, 3)
            servers.only("ours-search")
        for key, what in QUESTIONS:
            rows.append([f"search {runs:,} runs: {what}", number(a[key], "ms"),
                         number(b[key], "ms") if b else "not measured",
                         ratio(b[key] / a[key]) if b else ""])  # fmt: skip
            say(" ".join(rows[-1]))
    servers.only()
    return {"rest": rows}


def histories(args, servers: Servers) -> dict:
    found = []
    servers.only("ours", "theirs")
    for name, repeats in (("ours", 7), ("theirs", 3)):
        peer = servers.get(name)
        found.append(measure.history(peer, measure.log_history(peer, 100_000), repeats))
    rows = []
    for key, what in (("whole", "whole"), ("sampled", "1,000 points sampled")):
        a, b = found[0][key], found[1][key]
        rows.append([f"history of 100,000 points, {what}", number(a, "ms"), number(b, "ms"),
                     ratio(b / a)])  # fmt: skip
        say(" ".join(rows[-1]))
    return {"rest": rows}


def long_history(args, servers: Servers) -> dict:
    """Ten metrics of a million points each, if nothing else is asked for."""
    servers.only()
    ours = servers.get("ours-long")
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
    ours.stop()
    say(f"{args.points:,} points: {size / args.points:.1f} B, start {start:.0f} ms")
    return {"rest": [
        [f"{args.points:,} points of a run logged through one connection",
         f"{done['points_per_second']:,.0f}/s"],
        ["... its data folder", f"{size / args.points:.1f} bytes a point"],
        ["... start to `/health`", number(start, "ms")],
        [f"... {points:,} of them paged, 25,000 a page",
         f"{points / seconds:,.0f}/s, memory +{peak.mib - idle:.0f} MiB"],
    ]}  # fmt: skip


def wide(args, servers: Servers) -> dict:
    """Runs of 1,500 metrics; 50 x 1,500 of them is the whole, the scale is stated."""
    servers.only()
    whole = 50 * 1500 * 1500
    peer = servers.get("ours-wide")
    a = measure.wide(peer, args.wide[0], min(args.wide_values, whole), 10)
    servers.only()
    b = measure.wide(servers.get("theirs-wide"), args.wide[1], 0, 1)
    servers.only()
    rows = [[f"50 experiments x 1,500 runs x 1,500 metrics by 8 writers (measured: "
             f"{a['points']:,} and {b['points']:,} of {whole:,} values; time scaled up)",
             f"{whole / a['rate'] / 60:,.1f} min", f"{whole / b['rate'] / 60:,.0f} min",
             ratio(a["rate"] / b["rate"])],
            ["... values/s, of the first tenth and of the last",
             f"{number(a['first'])}, {number(a['last'])}", number(b["rate"])],
            ["... kept on disk, and sent to the disk, a value",
             f"{a['kept']:.0f} and {a['sent']:.0f} bytes",
             f"{b['kept']:.0f} and {b['sent']:.0f} bytes"],
            ["... start to `/health` there", number(a["start"], "ms")],
            ["... the first search by a metric that nobody has searched by",
             number(a["search_once"], "ms"), number(b["search_once"], "ms")],
            ["... the same again", number(a["search"], "ms"), number(b["search"], "ms")],
            [f"... a page of the run table there, {a['runs']} and {b['runs']} runs: whole (every "
             "metric of each)", number(a["whole"], "ms"), number(b["whole"], "ms")],
            ["... the same with the six columns that are shown (`metrics=` of `/api/v1/runs`)",
             number(a["few"], "ms")]]  # fmt: skip
    for row in rows:
        say(" ".join(row))
    return {"rest": rows}


def artifacts(args, servers: Servers) -> dict:
    servers.only("ours", "theirs")
    ours, theirs = servers.get("ours"), servers.get("theirs")
    a, b = measure.artifact(ours, args.artifact), measure.artifact(theirs, args.artifact)
    gib = args.artifact / 1024
    rows = [[f"artifact of {gib:g} GiB {key}", number(a[key], "MiB/s"), number(b[key], "MiB/s"),
             ratio(a[key] / b[key])] for key in ("up", "down")]  # fmt: skip
    rows.append(["... growth of memory meanwhile, a GiB", number(a["growth"] / gib, "MiB"),
                 number(b["growth"] / gib, "MiB")])  # fmt: skip
    say(f"artifact: {a} {b}")
    return {"rest": rows}
