# SPDX-License-Identifier: Apache-2.0
"""The two servers that are compared: started alike, measured alike."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Http:
    """One keep-alive connection."""

    def __init__(self, port: int):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)

    def post(self, path: str, body) -> dict:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.connection.request("POST", path, data, {"content-type": "application/json"})
        return self._answer("POST", path)

    def get(self, path: str) -> dict:
        self.connection.request("GET", path)
        return self._answer("GET", path)

    def _answer(self, method: str, path: str) -> dict:
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text) if text[:1] in (b"{", b"[") else {}


class Peer:
    def __init__(self, name: str, folder: Path, command, environment=None):
        self.name, self.folder, self.command = name, folder, command
        self.environment = os.environ | (environment or {})
        self.port, self.process = free_port(), None

    def start(self) -> float:
        """Seconds from the start of the process to the first 200 of /health."""
        self.folder.mkdir(parents=True, exist_ok=True)
        began = time.perf_counter()
        self.process = subprocess.Popen(
            self.command(self.port, self.folder),
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "log").open("ab"),
            start_new_session=True,
        )
        while True:
            try:
                Http(self.port).get("/health")
                return time.perf_counter() - began
            except (OSError, http.client.HTTPException):
                if self.process.poll() is not None or time.perf_counter() - began > 600:
                    what = f"error: {self.name} did not start; see {self.folder}/log"
                    raise SystemExit(what) from None
                time.sleep(0.002)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
            try:  # it leads a session of its own: with it goes what it has started
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def tree(self) -> list[int]:
        found, queue = [], [self.process.pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                queue += [int(child) for child in task.read_text().split()]
        return found

    def pss_mib(self) -> float:
        """Proportional set size of the process and its children."""
        total = 0
        for pid in self.tree():
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        return total / 1024

    def cpu_seconds(self) -> float:
        ticks = 0
        for pid in self.tree():
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def slipway(folder: Path, store: str | None = None) -> Peer:
    binary = os.environ.get("SLIPWAY_BIN", "build/slipway")

    def command(port, data):
        ports = ["--port", str(port), "--grpc-port", str(free_port())]
        more = ["--store", store] if store else []
        return [binary, "up", *ports, "--data", str(data / "data"), *more]

    return Peer("slipway", folder, command)


def mlflow(folder: Path, store: str | None = None, workers: int | None = None) -> Peer:
    def command(port, data):
        more = ["--workers", str(workers)] if workers else []
        return [
            sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
            "--backend-store-uri", store or f"sqlite:///{data}/mlflow.db",
            "--artifacts-destination", str(data / "artifacts"), *more,
        ]  # fmt: skip

    return Peer("mlflow server", folder, command, {"MLFLOW_DISABLE_TELEMETRY": "true"})
