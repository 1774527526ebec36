# SPDX-License-Identifier: Apache-2.0
"""The measurements. Each answers the cells that it measured; run.py makes tables of them."""

import contextlib
import json
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import bodies
from models import Model, bare_calls
from peers import Http
from servers import Nginx, Server, Servers, Slipway, Triton, ask

ROOT = Path(__file__).resolve().parents[2]
LOAD = ROOT / "build/bench/serving_load"
CONNECTIONS = (1, 16, 64, 256)
ROWS = (1, 32, 1024)


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def build_load() -> None:
    LOAD.parent.mkdir(parents=True, exist_ok=True)
    sources = [ROOT / "bench/serving" / name for name in ("load.cc", "channel.cc")]
    if not LOAD.exists() or LOAD.stat().st_mtime < max(s.stat().st_mtime for s in sources):
        command = ["g++", "-std=c++20", "-O2", "-o", LOAD, *sources, "-lnghttp2"]
        subprocess.run(command, check=True)


@dataclass
class Bench:
    args: object
    servers: Servers
    models: dict[str, Model]
    folder: Path


@dataclass
class Ask:
    """What is asked of a server, and how."""

    protocol: str = "JSON"
    model: str = "mlp"
    rows: int = 1
    connections: int = 64
    rate: float = 0


def begin(bench: Bench, server: Server, what: Ask, seconds: float) -> subprocess.Popen:
    request = server.protocols[what.protocol](bench.models[what.model], what.rows)
    file = bench.folder / "request"
    file.write_bytes(request)
    kind = "grpc" if what.protocol == "gRPC" else "http"
    command = [LOAD, server.port_of(what.protocol), kind, what.connections, seconds, what.rate,
               file, bodies.GRPC_PATH]  # fmt: skip
    return subprocess.Popen([str(x) for x in command], stdout=subprocess.PIPE, text=True)


def measure(bench: Bench, server: Server, what: Ask, seconds: float | None = None) -> dict:
    before = server.cpu_seconds()
    running = begin(bench, server, what, seconds or bench.args.seconds)
    found = json.loads(running.communicate()[0])
    cpu = server.cpu_seconds() - before
    answered = found["requests"] + found["refused"]
    found |= {"server": server.title, "cpu_us": 1e6 * cpu / max(answered, 1), **vars(what)}
    say(f"{server.title}, {what.model}, {what.protocol}, {what.rows} rows, {what.connections} "
        f"connections: {found['per_second']:,.0f}/s, p99 {found['p99']:.2f} ms, "
        f"{found['cpu_us']:.1f} us of CPU" + (f", {found['errors']} ERRORS" * bool(found["errors"]))
        )  # fmt: skip
    return found


def check(server: Server, model: Model, protocol: str, rows: int) -> None:
    """One request, looked at, before many that are not."""
    if protocol == "gRPC":
        return  # the generator looks at each status
    status, answer = ask(server.port, server.protocols[protocol](model, rows))
    if status != 200 or len(answer) < rows:
        raise RuntimeError(f"{server.title}: {status} {answer[:200]!r}")


def median(cells: list[dict]) -> dict:
    return sorted(cells, key=lambda cell: cell["per_second"])[len(cells) // 2]


def in_turns(bench: Bench, asks: list[Ask], rounds: int) -> list[dict]:
    """Each server is asked each thing `rounds` times, in turns with the others."""
    out = []
    for what in asks:
        model = bench.models[what.model]
        servers = [s for s in bench.servers.ready(model) if what.protocol in s.protocols]
        if what != Ask(connections=what.connections):
            servers = [s for s in servers if not isinstance(s, Nginx)]
        cells: dict[str, list] = {server.title: [] for server in servers}
        for server in servers:
            check(server, model, what.protocol, what.rows)
        for turn in range(rounds):
            for server in servers[turn % len(servers) :] + servers[: turn % len(servers)]:
                cells[server.title].append(measure(bench, server, what))
        out += [median(found) for found in cells.values()]
    return out


def connections(bench: Bench) -> dict:
    return {"cells": in_turns(bench, [Ask(connections=n) for n in CONNECTIONS],
                              bench.args.rounds)}  # fmt: skip


def protocols(bench: Bench) -> dict:
    asks = [Ask(protocol, rows=rows, connections=16)
            for rows in ROWS for protocol in ("JSON", "binary", "gRPC")]  # fmt: skip
    return {"cells": in_turns(bench, asks, 1)}


def models(bench: Bench) -> dict:
    cells = []
    for name, model in bench.models.items():
        cells.append(bare_calls(model, 1, 1) | {"server": "raw runtime call", "model": name,
                                                "connections": 1})  # fmt: skip
        cells += in_turns(bench, [Ask(model=name, connections=16)], 1)
    return {"cells": cells}


def grid(bench: Bench) -> dict:
    """All of them with all of them: an hour and more."""
    asks = [Ask(protocol, name, rows, n) for name in bench.models
            for protocol in ("JSON", "binary", "gRPC") for rows in ROWS
            for n in CONNECTIONS]  # fmt: skip
    return {"cells": in_turns(bench, asks, 1)}


def starts(bench: Bench) -> dict:
    """One model: start to the first answer, and memory after some thousand requests."""
    cells = []
    only = {"mlp": bench.models["mlp"]}
    for kind in list(bench.servers.kinds):
        server = bench.servers.get(kind, "-one", only)
        try:
            server.start()  # what is made at the first start is not measured
        except (RuntimeError, OSError, StopIteration) as why:
            bench.servers.drop(kind, why)
            continue
        times = []
        for _ in range(3):
            server.stop()
            times.append(server.start())
        found = measure(bench, server, Ask(connections=16), 1)
        cells.append({"server": server.title, "start_ms": 1000 * statistics.median(times),
                      "memory_mib": server.pss_mib(), "errors": found["errors"]})  # fmt: skip
        say(f"{server.title}: first answer after {cells[-1]['start_ms']:.0f} ms, "
            f"{cells[-1]['memory_mib']:.0f} MiB")  # fmt: skip
        server.stop()
    return {"cells": cells}


def fixed_rate(bench: Bench) -> dict:
    """So many requests a second, answered or not; latency from when each was due."""
    what, cells = Ask(rate=bench.args.rate), []
    ours = bench.servers.get(Slipway).use(bench.models["mlp"])
    measure(bench, ours, what, 1)
    cells.append(measure(bench, ours, what, bench.args.minute))
    if Triton in bench.servers.kinds:
        theirs = bench.servers.get(Triton).use(bench.models["mlp"])
        cells.append(measure(bench, theirs, what, min(bench.args.minute, 10)))
    return {"cells": cells}


def watching(bench: Bench) -> dict:
    """With every prediction recorded for monitoring, and with none, in turns."""
    server = bench.servers.get(Slipway).use(bench.models["mlp"])
    cells = {}
    for _ in range(bench.args.rounds):
        for label, rate in (("recorded", 1), ("not recorded", 0)):
            server.change(bench.models["mlp"], sample_rate=rate)
            for what in (Ask(), Ask(rate=bench.args.rate)):
                lost = server.metric("slipway_serving_predictions_dropped_total")
                found = measure(bench, server, what, 2 * bench.args.seconds)
                found["dropped"] = server.metric("slipway_serving_predictions_dropped_total") - lost
                cells.setdefault((label, what.rate), []).append(found | {"what": label})
            time.sleep(1.5)  # what was recorded is stored meanwhile
    server.change(bench.models["mlp"], sample_rate=1)
    return {"cells": [sorted(found, key=lambda cell: cell["p99"])[len(found) // 2] if rate else
                      median(found) for (_, rate), found in cells.items()]}  # fmt: skip


def overload(bench: Bench) -> dict:
    """A heavy request (1,024 rows of the forest): half of what the server can do, twice and three
    times that, from 2,000 connections that send whether answered or not."""
    server = bench.servers.get(Slipway).use(bench.models["mlp"])
    what = Ask("binary", "forest", 1024, 8)
    most = measure(bench, server, what)
    cells = [most | {"what": "8 clients"}]
    for label, share in (("half of that", 0.5), ("twice that", 2), ("three times that", 3)):
        asked = Ask("binary", "forest", 1024, 2000, share * most["per_second"])
        cells.append(measure(bench, server, asked, 8) | {"what": label})
    return {"cells": cells}


@contextlib.contextmanager
def meanwhile(work):
    """Repeats `work` on a thread while the block runs; answers how often."""
    over, times = threading.Event(), []

    def loop():
        while not over.is_set():
            began = time.perf_counter()
            work(len(times))
            times.append(1000 * (time.perf_counter() - began))

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    yield times
    over.set()
    thread.join()


def loading(bench: Bench) -> dict:
    """The latency of one model while others are loaded and unloaded, and the memory after that."""
    server = bench.servers.get(Slipway).use(bench.models["mlp"])
    what, names = Ask(rate=bench.args.rate / 5), [n for n in bench.models if n != "mlp"]
    http = Http(server.port)

    def load(which: str) -> None:
        for name in names:
            http.post(f"/v2/repository/models/{name}/{which}", {})

    def again(_: int) -> None:
        load("unload")
        load("load")

    seconds = 3 * bench.args.seconds
    cells = [measure(bench, server, what, seconds) | {"what": "alone"}]
    with meanwhile(again) as times:
        cells.append(measure(bench, server, what, seconds) | {"what": "others are loaded"})
    cells[-1]["loads"] = len(times) * len(names)
    load("unload")
    time.sleep(2.5)
    memory = {"unloaded_mib": server.pss_mib()}
    for n in range(20):
        load("load")
        memory |= {"loaded_mib": server.pss_mib()} if n == 0 else {}
        load("unload")
    time.sleep(2.5)
    memory["again_mib"] = server.pss_mib()
    load("load")
    return {"cells": cells, "memory": memory}


def swap(bench: Bench) -> dict:
    """Full load while the endpoint goes from one version to the other and back."""
    server = bench.servers.get(Slipway).use(bench.models["mlp"])
    model = bench.models["mlp"]
    cells = [measure(bench, server, Ask(), 2 * bench.args.seconds) | {"what": "one version"}]
    with meanwhile(lambda n: swap_to(server, model, 1 + n % 2)) as times:
        cells.append(measure(bench, server, Ask(), 2 * bench.args.seconds) | {"what": "changing"})
    swap_to(server, model, 1)
    cells[-1]["changes"] = len(times)
    return {"cells": cells}


def swap_to(server: Slipway, model: Model, version: int) -> None:
    server.change(model, routes=[{"model": model.name, "version": str(version)}])
    time.sleep(0.1)
