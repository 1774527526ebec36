# SPDX-License-Identifier: Apache-2.0
"""Slipway beside a real `mlflow server`, on this machine, in one run; writes docs/benchmarks.md."""

import argparse
import os
import platform
import statistics
import subprocess
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import peers
import predicting
import rest
import sections

ROOT = Path(__file__).resolve().parents[1]
RUNS = 10_000


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def measure_tracking(peer: peers.Peer, seconds: float, starts: int) -> dict:
    found = {}
    times = []
    for _ in range(starts):
        times.append(peer.start())
        if len(times) < starts:
            peer.stop()
    found["start"] = statistics.median(times)
    say(f"{peer.name}: /health after {1000 * found['start']:.0f} ms")
    time.sleep(5)
    found["memory"] = peer.pss_mib()
    say(f"{peer.name}: {found['memory']:.0f} MiB idle")
    for name, metrics, clients in (("batch", 1000, 2), ("single", 1, 8)):
        found[name] = rest.log_batch(peer, metrics, clients, seconds)
        say(f"{peer.name}: {found[name]:,.0f} metrics/s, {metrics} a request")
    peer.stop()
    if peer.name == "slipway":
        peer.start()
        rest.fill_slipway(peer, RUNS)
    else:
        rest.fill_mlflow(peer, RUNS)
        peer.start()
    found["search"] = rest.search(peer, 15)
    say(f"{peer.name}: search in {found['search']:.1f} ms")
    return found


def measure_predictions(peer: peers.Peer, folder: Path, seconds: int) -> dict:
    onnx_model, rows = predicting.train_digits(folder)
    predicting.publish(peer, onnx_model, rows)
    rate, p50, p99 = predicting.bare_call(folder, rows)
    say(f"bare ONNX Runtime call: {rate:,.0f}/s")
    found = {"bare": {"rate": rate, "p50": p50, "p99": p99}, "http": []}
    predicting.load(peer, folder, rows, 16, 2)  # warm up
    for connections in (1, 16, 64):
        runs = [predicting.load(peer, folder, rows, connections, seconds) for _ in range(3)]
        median = sorted(runs, key=lambda run: run["rate"])[1]
        found["http"].append(median)
        say(f"{connections} connections: {median['rate']:,.0f}/s, p99 {median['p99']:.2f} ms")
    found["memory"] = peer.pss_mib()
    return found


def ratio(better: float) -> str:
    return f"{better:,.0f}x" if better >= 10 else f"{better:.1f}x"


def busy_note(load: tuple) -> list[str]:
    if load[0] < 1:
        return []
    return [
        "",
        "The machine was **not idle**: other work ran beside both servers, and not evenly. Read "
        "orders of magnitude, not digits, and trust a run of your own more.",
    ]


def page(ours: dict, theirs: dict, predictions: dict, load: tuple) -> str:
    def row(what, key, form, smaller_is_better):
        a, b = ours[key], theirs[key]
        gain = b / a if smaller_is_better else a / b
        return f"| {what} | {form(a)} | {form(b)} | {ratio(gain)} |"

    def millis(x):
        return f"{1000 * x:,.0f} ms"

    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    git = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True).stdout.strip()
    bare = predictions["bare"]
    lines = [
        "# Benchmarks",
        "",
        "Written by `./dev bench`; run it to get the numbers of your machine.",
        "",
        f"Measured {time.strftime('%Y-%m-%d')} at commit {commit}: {os.cpu_count()} cores ({cpu}), "
        f"load average {load[0]:.1f} at the start. Both servers store in SQLite on the same disk, "
        "one after the other, and the load generator shares the cores with them. "
        "Machines differ: compare ratios.",
        *busy_note(load),
        "",
        "## Beside a real `mlflow server`",
        "",
        f"| | Slipway | mlflow server {version('mlflow')} | ratio |",
        "|---|---|---|---|",
        row("start to `/health`", "start", millis, True),
        row("memory when idle (PSS)", "memory", lambda x: f"{x:,.0f} MiB", True),
        row("metrics/s, 1,000 a `log-batch`, 2 clients", "batch", lambda x: f"{x:,.0f}", False),
        row("metrics/s, 1 a `log-batch`, 8 clients", "single", lambda x: f"{x:,.0f}", False),
        row(
            f"search of {RUNS:,} runs (metric and parameter filter, ordered, 100 results)",
            "search",
            lambda x: f"{x:,.1f} ms",
            True,
        ),
        "",
        "Slipway syncs each write to disk before it acknowledges it.",
        "",
        "## Predictions, one row a request",
        "",
        "A 64-256-128-10 network (scikit-learn's digits) over Open Inference Protocol v2, JSON, "
        "`wrk` with one thread; median of three runs. The bare call is ONNX Runtime's Python API "
        "in a loop on one thread.",
        "",
        "| | predictions/s | p50 | p99 | p99.9 | per second of server CPU |",
        "|---|---|---|---|---|---|",
        f"| bare ONNX Runtime call | {bare['rate']:,.0f} | {bare['p50']:.3f} ms | "
        f"{bare['p99']:.3f} ms | | |",
    ]
    for found in predictions["http"]:
        lines.append(
            f"| Slipway, {found['connections']} connections | {found['rate']:,.0f} | "
            f"{found['p50']:.2f} ms | {found['p99']:.2f} ms | {found['p999']:.2f} ms | "
            f"{found['per_cpu']:,.0f} |"
        )
    lines += ["", f"Memory after that, with the model loaded: {predictions['memory']:.0f} MiB.", ""]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/benchmarks.md")
    args = parser.parse_args()
    load = os.getloadavg()
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as temporary:
        folder = Path(temporary)
        ours, theirs = peers.slipway(folder / "slipway"), peers.mlflow(folder / "mlflow")
        try:
            mlflow_numbers = measure_tracking(theirs, args.seconds, 1)
            theirs.stop()
            slipway_numbers = measure_tracking(ours, args.seconds, 5)
            predictions = measure_predictions(ours, folder, args.seconds)
        finally:
            ours.stop()
            theirs.stop()
    text = page(slipway_numbers, mlflow_numbers, predictions, load)
    sections.write(args.out, "start", text)
    print("\n" + text)


if __name__ == "__main__":
    main()
