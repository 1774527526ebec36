# SPDX-License-Identifier: Apache-2.0
"""What a step costs: `slipway run` beside Metaflow, Prefect and `dvc repro`, and the floor that
starting a process is. Writes the section "Pipelines" of docs/benchmarks.md.

    ./dev bench pipelines                  all of it, about 10 minutes with the peers
    ./dev bench pipelines --without-peers  ours and the floor
    ./dev bench pipelines --rounds 3       the median of three

Every step does nothing (`true`). Wall seconds of the whole command, CPU of its process tree.
"""

import argparse
import json
import os
import re
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import sections  # noqa: E402
from peers import free_port  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
OURS = os.environ.get("SLIPWAY_BIN", str(ROOT / "build/slipway"))
TRUE = shutil.which("true") or "/bin/true"


def measure(command: list, folder: Path, env: dict | None = None) -> tuple[float, float]:
    """Wall and CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env=os.environ | (env or {}),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise RuntimeError(f"{command} ended with {done.returncode}: {done.stderr[-800:]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def median(rounds: int, once) -> tuple[float, float]:
    return sorted(once() for _ in range(rounds))[rounds // 2]


# --- the floor ------------------------------------------------------------------------------------


def spawned(count: int, argv: list[str]) -> float:
    began = time.perf_counter()
    for _ in range(count):
        os.waitpid(os.posix_spawn(argv[0], argv, os.environ), 0)
    return time.perf_counter() - began


def floor() -> dict:
    spawn = statistics.median(spawned(200, [TRUE]) / 200 for _ in range(5))
    shell = statistics.median(spawned(200, ["/bin/sh", "-c", "true"]) / 200 for _ in range(5))
    return {"spawn": spawn, "shell": shell}


# --- ours -----------------------------------------------------------------------------------------


def chain(count: int) -> str:
    steps = "".join(
        f"- {{name: s{i}, run: 'true'{f', needs: [s{i - 1}]' if i else ''}}}\n"
        for i in range(count)
    )
    return "name: chain\nsteps:\n" + steps


def parallel(count: int) -> str:
    steps = "".join(f"- {{name: s{i}, run: 'true'}}\n" for i in range(count))
    return "name: parallel\nsteps:\n" + steps


def foreach(count: int) -> str:
    items = ", ".join(map(str, range(count)))
    return f"name: foreach\nsteps:\n- {{name: each, foreach: [{items}], run: 'true'}}\n"


def cached(count: int) -> str:
    steps = "".join(
        f"- {{name: s{i}, run: 'true', inputs: [in.txt], cache: true}}\n" for i in range(count)
    )
    return "name: cached\nsteps:\n" + steps


def ours(folder: Path, yaml: str, *flags: str, rounds: int = 1) -> tuple[float, float]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pipeline.yaml").write_text(yaml)
    return median(rounds, lambda: measure([OURS, "run", "pipeline.yaml", "-q", *flags], folder))


def ready_to_start(folder: Path, count: int) -> dict:
    """How long after a step ended the next one's program began, beside the same without us."""
    steps = "".join(
        f"- {{name: s{i}, run: 'date +%s%N'{f', needs: [s{i - 1}]' if i else ''}}}\n"
        for i in range(count)
    )
    ours(folder, "name: stamps\nsteps:\n" + steps)
    logs = folder / "slipway-data/runs"
    run = max(p.name for p in logs.iterdir() if not p.name.startswith("."))
    stamps = [int((logs / run / f"s{i}.1.log").read_text()) for i in range(count)]
    gaps = [(b - a) / 1e6 for a, b in zip(stamps, stamps[1:], strict=False)]
    argv = ["/bin/sh", "-c", "date +%s%N >> plain"]
    at = os.getcwd()
    os.chdir(folder)
    for _ in range(count):
        os.waitpid(os.posix_spawn(argv[0], argv, os.environ), 0)
    os.chdir(at)
    plain = [int(line) for line in (folder / "plain").read_text().split()]
    without = statistics.median((b - a) / 1e6 for a, b in zip(plain, plain[1:], strict=False))
    gaps.sort()
    return {
        "median": statistics.median(gaps) - without,
        "p99": gaps[int(len(gaps) * 0.99)] - without,
    }


def server(folder: Path) -> dict:
    """Seconds to the first answer; then idle beside 10,000 finished steps, and with them."""
    folder.mkdir(parents=True)
    port, grpc = free_port(), free_port()
    began = time.perf_counter()
    process = subprocess.Popen(
        [OURS, "up", "--port", str(port), "--grpc-port", str(grpc), "--data", "data"],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=os.environ | {"SLIPWAY_CONVERT": "no"},
    )  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                urllib.request.urlopen(base + "/health", timeout=1).read()
                break
            except OSError:
                if process.poll() is not None:
                    raise RuntimeError("the server did not start") from None
                time.sleep(0.002)
        started = time.perf_counter() - began
        (folder / "pipeline.yaml").write_text(parallel(10_000))
        body = json.dumps({"pipeline": str(folder / "pipeline.yaml")}).encode()
        request = urllib.request.Request(base + "/api/v1/executions", body, method="POST")
        began = time.perf_counter()
        execution = json.load(urllib.request.urlopen(request))["id"]
        most = 0.0
        database = sqlite3.connect(f"file:{folder}/data/slipway.db?mode=ro", uri=True)
        query = "SELECT status FROM executions WHERE id = ?"
        while database.execute(query, [execution]).fetchone()[0] in ("queued", "running"):
            most = max(most, resident(process.pid))
            time.sleep(0.1)
        ran = time.perf_counter() - began
        time.sleep(2)
        before, began = cpu_of(process.pid), time.perf_counter()
        time.sleep(20)
        idle = (cpu_of(process.pid) - before) / (time.perf_counter() - began)
        return {"start": started, "ran": ran, "most_mib": most,
                "idle_mib": resident(process.pid), "idle_cpu": idle}  # fmt: skip
    finally:
        process.terminate()
        process.wait()


def resident(pid: int) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1]) / 1024


def cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# --- peers ----------------------------------------------------------------------------------------

METAFLOW = """
from metaflow import FlowSpec, step
class F(FlowSpec):
    @step
    def start(self):
        {start}
{steps}
    @step
    def end(self):
        pass
if __name__ == "__main__":
    F()
"""


def metaflow_chain(count: int) -> str:
    steps = "".join(
        f"    @step\n    def s{i}(self):\n"
        f"        self.next(self.{f's{i + 1}' if i + 1 < count else 'end'})\n"
        for i in range(count)
    )
    return METAFLOW.format(start="self.next(self.s0)", steps=steps)


def metaflow_foreach(count: int) -> str:
    steps = """
    @step
    def each(self):
        self.next(self.join)
    @step
    def join(self, inputs):
        self.next(self.end)
"""
    start = f"self.items = list(range({count}))\n        self.next(self.each, foreach='items')"
    return METAFLOW.format(start=start, steps=steps)


PREFECT = """
import sys
from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner
@task
def nothing(before=None):
    return 0
@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
def f(kind, count):
    if kind == "chain":
        last = None
        for _ in range(count):
            last = nothing(last)
    else:
        for one in nothing.map(list(range(count))):
            one.wait()
f(sys.argv[1], int(sys.argv[2]))
"""


def peer_metaflow(python: Path, folder: Path) -> dict:
    folder.mkdir()
    env = {"USERNAME": "bench", "METAFLOW_HOME": str(folder)}
    out = {}
    for kind, make, count in (("chain", metaflow_chain, 10), ("parallel", metaflow_foreach, 20)):
        (folder / f"{kind}.py").write_text(make(count))
        words = ["--quiet", "run", "--max-workers", "2", "--max-num-splits", "1000"]
        wall, cpu = measure([python, f"{kind}.py", *words], folder, env)
        extra = 2 if kind == "chain" else 3  # its own steps
        out[kind] = {"count": count, "ms": wall / (count + extra) * 1e3,
                     "cpu": cpu / (count + extra) * 1e3}  # fmt: skip
    return out


def peer_prefect(python: Path, folder: Path) -> dict:
    folder.mkdir()
    (folder / "f.py").write_text(PREFECT)
    env = {"PREFECT_HOME": str(folder / "home"), "DO_NOT_TRACK": "1",
           "PREFECT_LOGGING_LEVEL": "ERROR", "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
           "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120"}  # fmt: skip
    out = {}
    measure([python, "f.py", "chain", "1"], folder, env)  # makes its database
    empty = measure([python, "f.py", "chain", "1"], folder, env)
    for kind, count in (("chain", 100), ("parallel", 1_000)):
        wall, cpu = measure([python, "f.py", kind, str(count)], folder, env)
        out[kind] = {"count": count, "ms": max(0, wall - empty[0]) / count * 1e3,
                     "cpu": max(0, cpu - empty[1]) / count * 1e3}  # fmt: skip
    out["start"] = empty[0]
    return out


def peer_dvc(python: Path, folder: Path) -> dict:
    dvc = python.parent / "dvc"
    env = {"DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(folder) + ".site"}
    out = {}
    for kind, count in (("chain", 50), ("parallel", 50)):
        inside = folder / kind
        inside.mkdir(parents=True)
        measure([dvc, "init", "-q", "--no-scm"], inside, env)
        stages = "stages:\n"
        for i in range(count):
            needs = f"    deps: [o{i - 1}]\n" if i and kind == "chain" else ""
            stages += f"  s{i}:\n    cmd: echo {i} > o{i}\n{needs}    outs: [o{i}]\n"
        (inside / "dvc.yaml").write_text(stages)
        wall, cpu = measure([dvc, "repro", "-q"], inside, env)
        out[kind] = {"count": count, "ms": wall / count * 1e3, "cpu": cpu / count * 1e3}
    return out


PEERS = {"metaflow": peer_metaflow, "prefect": peer_prefect, "dvc": peer_dvc}


def python_of(peer: str) -> Path | None:
    venvs = os.environ.get("SLIPWAY_BENCH_VENVS")
    if peer == "dvc" and not (venvs and (Path(venvs) / "dvc/bin/dvc").exists()):
        here = Path(sys.executable)
        return here if (here.parent / "dvc").exists() else None
    python = Path(venvs or "/nowhere") / peer / "bin/python"
    return python if python.exists() else None


# --- the page -------------------------------------------------------------------------------------


def bench(folder: Path, rounds: int) -> dict:
    out = {"floor": floor()}
    spawn = out["floor"]["spawn"]
    shapes = {
        "chain of 100": (chain(100), 100, ["-j", "2"]),
        "100 in parallel": (parallel(100), 100, ["-j", "2"]),
        "1,000 in parallel": (parallel(1_000), 1_000, ["-j", "2"]),
        "foreach of 1,000": (foreach(1_000), 1_000, ["-j", "2"]),
        "foreach of 10,000": (foreach(10_000), 10_000, ["-j", "2"]),
        "one step": (chain(1), 1, []),
    }
    out["shapes"] = {}
    for name, (yaml, count, flags) in shapes.items():
        wall, cpu = ours(folder / name.replace(" ", "-"), yaml, *flags, rounds=rounds)
        out["shapes"][name] = {"count": count, "wall": wall, "cpu": cpu,
                               "spawn": wall / count / spawn}  # fmt: skip
        print(f"{name}: {wall:.3f} s, {wall / count * 1e3:.2f} ms a step, "
              f"{wall / count / spawn:.2f} x posix_spawn", flush=True)  # fmt: skip
    inside = folder / "cached"
    inside.mkdir()
    (inside / "in.txt").write_text("x")
    ours(inside, cached(1_000))
    out["cached"] = ours(inside, cached(1_000), rounds=rounds)[0]
    print(f"1,000 cached steps: {out['cached']:.3f} s", flush=True)
    out["ready"] = ready_to_start(folder / "ready", 300)
    print(f"ready to start: {out['ready']}", flush=True)
    out["server"] = server(folder / "server")
    print(f"server: {out['server']}", flush=True)
    return out


def page(found: dict) -> str:
    low = found["floor"]
    lines = [
        "## Pipelines", "",
        f"Written by `./dev bench pipelines` on {os.cpu_count()} cores. Steps that do nothing; "
        "state is on disk before it is acted on. The floor: `posix_spawn` and the wait for it "
        f"{low['spawn'] * 1e3:.2f} ms, `sh -c true` {low['shell'] * 1e3:.2f} ms.", "",
        "| `slipway run`, two jobs | wall s | ms a step | CPU ms a step | of `posix_spawn` |",
        "|---|---|---|---|---|",
    ]  # fmt: skip
    for name, row in found["shapes"].items():
        n = row["count"]
        lines.append(f"| {name} | {row['wall']:.3f} | {row['wall'] / n * 1e3:.2f} | "
                     f"{row['cpu'] / n * 1e3:.2f} | {row['spawn']:.2f}x |")  # fmt: skip
    ready, idle = found["ready"], found["server"]
    lines += [
        "", "| | |", "|---|---|",
        f"| 1,000 cached steps, decided | {found['cached'] * 1e3:.0f} ms |",
        "| from the end of a step to the start of the next, beyond what `sh` and `date` need | "
        f"{ready['median']:.2f} ms median, {ready['p99']:.2f} ms p99 |",
        f"| `slipway up`: first answer | {idle['start'] * 1e3:.0f} ms |",
        f"| 10,000 steps on the server | {idle['ran']:.1f} s, {idle['most_mib']:.0f} MiB at most |",
        f"| idle after them | {idle['idle_cpu'] * 100:.2f} % of a core, "
        f"{idle['idle_mib']:.0f} MiB |",
        "",
    ]  # fmt: skip
    if found.get("peers"):
        lines += ["| a step that does nothing | chain, ms | CPU ms | in parallel, ms | CPU ms | "
                  "start-up s |", "|---|---|---|---|---|---|"]  # fmt: skip
        ours_row = [found["shapes"][n] for n in ("chain of 100", "1,000 in parallel")]
        cells = [f"{r[k] / r['count'] * 1e3:.2f}" for r in ours_row for k in ("wall", "cpu")]
        lines.append("| slipway | " + " | ".join(cells) +
                     f" | {found['shapes']['one step']['wall']:.3f} |")  # fmt: skip
        for name, row in found["peers"].items():
            cells = [f"{row[kind][k]:.1f}" for kind in ("chain", "parallel") for k in ("ms", "cpu")]
            start = f"{row['start']:.1f}" if "start" in row else ""
            lines.append(f"| {name} | " + " | ".join(cells) + f" | {start} |")
        lines.append("")
    if found["load"] > 1:
        lines += [f"**Not idle** meanwhile (load {found['load']:.1f}): read ratios.", ""]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--folder", type=Path, help="where it works")
    args = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="slipway-bench-", dir=args.folder) as folder:
        found = bench(Path(folder), args.rounds) | {"load": load, "peers": {}}
        for name, run in PEERS.items():
            python = None if args.without_peers else python_of(name)
            if python is None:
                continue
            print(name, flush=True)
            try:
                found["peers"][name] = run(python, Path(folder) / name)
                print(f"  {found['peers'][name]}", flush=True)
            except (RuntimeError, OSError) as error:
                print(f"  left out: {error}", flush=True)
    state = ROOT / "build/bench/pipelines.json"
    state.parent.mkdir(parents=True, exist_ok=True)
    state.write_text(json.dumps(found, indent=1))
    sections.write(ROOT / "docs/benchmarks.md", "pipelines", page(found))


if __name__ == "__main__":
    main()
