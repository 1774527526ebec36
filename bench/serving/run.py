# SPDX-License-Identifier: Apache-2.0
"""Serving beside MLServer, BentoML, `mlflow models serve`, Triton and a static HTTP reply: the same
ONNX files, the same load generator (bench/serving/load.cc), the same cores, in turns. Writes the
section "Serving" of docs/benchmarks.md.

Each part is kept when it is done (build/bench/serving.json), so one part can be measured again:

    ./dev bench serving                         all of it but the grid, about 10 minutes
    ./dev bench serving --only models open      these parts; the others stay as they were
    ./dev bench serving --servers slipway nginx these servers
    ./dev bench serving --only grid             every model, protocol, size, number of connections
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import models  # noqa: E402
import parts  # noqa: E402
import sections  # noqa: E402
from servers import KINDS, Servers  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / "build/bench/serving.json"

PARTS = {
    "connections": parts.connections,
    "protocols": parts.protocols,
    "models": parts.models,
    "starts": parts.starts,
    "open": parts.fixed_rate,
    "watching": parts.watching,
    "overload": parts.overload,
    "loading": parts.loading,
    "swap": parts.swap,
    "grid": parts.grid,
}
OURS, TRITON, MLSERVER = "Slipway", "Triton, Python back end", "MLServer"


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def table(columns: list[str], rows: list[list]) -> list[str]:
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return lines + ["| " + " | ".join(str(x) for x in row) + " |" for row in rows]


def cells_table(cells: list[dict], first: dict) -> list[str]:
    """`first`: the columns before the numbers, title and key."""
    rows = []
    for cell in cells:
        lead = [cell.get(key, "") for key in first.values()]
        rows.append([
            *lead, number(cell["per_second"]), *(number(cell[k]) for k in ("p50", "p99", "p999")),
            number(cell["cpu_us"]), cell["errors"],
        ])  # fmt: skip
    columns = [*first, "requests/s", "p50 ms", "p99 ms", "p99.9 ms", "CPU us a request", "errors"]
    return table(columns, rows)


def ratios(cells: list[dict]) -> list[str]:
    """Ours over theirs, by number of connections."""
    by = {(cell["server"], cell["connections"]): cell for cell in cells}
    rows = []
    for peer in (TRITON, MLSERVER):
        for key, title, turned in (("per_second", "requests/s", False), ("cpu_us", "CPU", True),
                                   ("p99", "p99", True)):  # fmt: skip
            row = [f"{title}: times better than {peer}"]
            for n in parts.CONNECTIONS:
                ours, theirs = by.get((OURS, n)), by.get((peer, n))
                if not ours or not theirs or not ours[key] or not theirs[key]:
                    row.append("")
                    continue
                ratio = theirs[key] / ours[key] if turned else ours[key] / theirs[key]
                row.append(f"{ratio:.1f}x")
            rows.append(row)
    return table(["", *(f"{n} connections" for n in parts.CONNECTIONS)], rows)


def show(name: str, found: dict) -> list[str]:
    cells = found["cells"]
    server = {"server": "server"}
    if name == "connections":
        return ["### Connections: one row of the network as JSON", "",
                *cells_table(cells, server | {"connections": "connections"}), "",
                *ratios(cells)]  # fmt: skip
    if name in ("protocols", "grid"):
        return ["### Protocols and rows: the network, 16 connections" if name == "protocols"
                else "### Everything with everything", "",
                *cells_table(cells, {"model": "model", "protocol": "protocol", "rows": "rows",
                                     "connections": "connections"} | server)]  # fmt: skip
    if name == "models":
        return ["### Models: one row as JSON, 16 connections; the runtime itself on one thread", "",
                *cells_table(cells, {"model": "model"} | server)]  # fmt: skip
    if name == "starts":
        return ["### Start and memory with one model", "",
                *table(["server", "start to the first answer, ms", "PSS after load, MiB"],
                       [[c["server"], number(c["start_ms"]), number(c["memory_mib"])]
                        for c in cells])]  # fmt: skip
    if name == "open":
        return ["### A fixed rate, whether answered or not (latency from when a request was due)",
                "", *cells_table(cells, {"rate": "rate"} | server)]  # fmt: skip
    return [{"watching": "### What recording every prediction costs",
             "overload": "### Overload: 1,024 rows of the forest a request, 2,000 connections",
             "loading": "### Loading and unloading four other models meanwhile",
             "swap": "### Changing the version under full load"}[name], "",
            *cells_table(cells, {"": "what", "rate": "rate"}), "",
            *remarks(name, found)]  # fmt: skip


def remarks(name: str, found: dict) -> list[str]:
    cells, out = found["cells"], []
    if name == "overload":
        out = [f"{c['what']}: {c['requests']:,} answered, {c['refused']:,} told 429, "
               f"{100 * c['refused'] / max(c['requests'] + c['refused'], 1):.1f} % (p99 of the "
               f"refusals {number(c['refused_p99'])} ms)." for c in cells if c["rate"]]  # fmt: skip
    if name == "loading":
        m = found["memory"]
        out = [f"{cells[-1]['loads']} loads meanwhile. Memory: {m['unloaded_mib']:.0f} MiB without "
               f"the four, {m['loaded_mib']:.0f} with them, {m['again_mib']:.0f} after they were "
               "loaded and unloaded 20 times."]  # fmt: skip
    if name == "swap":
        slowest = ", ".join(f"{number(c['max'])} ms {c['what']}" for c in cells)
        out = [f"{cells[-1]['changes']} changes meanwhile. The slowest request: {slowest}."]
    if name == "watching":
        out = [f"{c['what']}, rate {c['rate']:,.0f}: {c['dropped']:,.0f} of {c['requests']:,} not "
               "recorded." for c in cells if c["what"] == "recorded"]  # fmt: skip
    return ["  \n".join(out)] if out else []


def page(found: dict) -> str:
    machine = next((line.split(":")[1].strip() for line in
                    Path("/proc/cpuinfo").read_text().splitlines()
                    if line.startswith("model name")), "")  # fmt: skip
    stamps = {}
    for name in PARTS:
        if name in found:
            stamps.setdefault((found[name]["day"], found[name]["commit"]), []).append(name)
    known = "; ".join(f"{', '.join(names)}: {day}, commit {commit}"
                      for (day, commit), names in stamps.items())  # fmt: skip
    lines = [
        "## Serving", "",
        f"Written by `./dev bench serving` on {os.cpu_count()} cores ({machine}), which the load "
        "generator (bench/serving/load.cc, one thread) shares. All servers run the same ONNX files "
        "with ONNX Runtime on one thread a call and are asked in turns. Triton is the one of the "
        "`nvidia-pytriton` wheel, which has the Python back end only: its ONNX back end would "
        f"be quicker. Measured: {known}.",
    ]  # fmt: skip
    for name in PARTS:
        if name in found:
            lines += ["", *show(name, found[name])]
            if found[name]["load"] > 3.5:
                lines += ["", "**Not idle** meanwhile: read ratios, not digits."]
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=2, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=10_000, help="requests/s of the open loop")
    parser.add_argument("--minute", type=float, default=60, help="seconds of the open loop")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[], help="parts to run")
    parser.add_argument("--servers", nargs="+", default=[],
                        choices=[kind.__name__.lower() for kind in KINDS])  # fmt: skip
    parser.add_argument("--forget", action="store_true", help="what earlier runs have measured")
    parser.add_argument("--dry", action="store_true", help="keep nothing, write no page")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/benchmarks.md")
    return parser.parse_args()


def commit() -> str:
    head = os.popen(f"git -C '{ROOT}' rev-parse --short HEAD 2>/dev/null").read().strip()
    return head or "unknown"


def main() -> int:
    args = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers end with us
    parts.build_load()
    found = json.loads(STATE.read_text()) if STATE.exists() and not args.forget else {}
    wanted = args.only or [name for name in PARTS if name != "grid"]
    failed, began = [], time.monotonic()
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as folder:
        files = models.load(ROOT / "build/bench/models")
        servers = Servers(Path(folder), files, args.servers, parts.say)
        bench = parts.Bench(args, servers, files, Path(folder))
        try:
            for name in wanted:
                started, load = time.monotonic(), os.getloadavg()[0]
                try:
                    cells = PARTS[name](bench)
                except (Exception, SystemExit) as problem:  # the rest is still worth having
                    parts.say(f"{name} failed: {problem!r}")
                    failed.append(name)
                    continue
                found[name] = {**cells, "day": time.strftime("%Y-%m-%d"), "commit": commit(),
                               "load": load if name == wanted[0] else 0.0}  # fmt: skip
                if not args.dry:
                    STATE.write_text(json.dumps(found, indent=1))
                    sections.write(args.out, "serving", page(found))
                parts.say(f"{name}: {time.monotonic() - started:.0f} s")
        finally:
            servers.stop()
    print("\n" + page({name: found[name] for name in wanted if name in found}))
    print(f"{len(wanted) - len(failed)} parts in {(time.monotonic() - began) / 60:.1f} minutes"
          + (f"; failed: {', '.join(failed)}" if failed else ""))  # fmt: skip
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
