# SPDX-License-Identifier: Apache-2.0
"""A real `slipway up` for the tests: each server has its own data folder and free ports."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def binary() -> str:
    for path in (os.environ.get("SLIPWAY_BIN"), ROOT / "build/slipway", ROOT / "build/dev/slipway"):
        if path and os.access(path, os.X_OK):
            return str(path)
    pytest.exit("no slipway executable: run ./dev build, or set SLIPWAY_BIN", returncode=2)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """`start`, `stop` (SIGTERM, waits for the drain) and `kill` (SIGKILL) may follow each other."""

    def __init__(self, folder: Path, *arguments: str):
        self.folder, self.arguments, self.port = folder, arguments, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.grpc_port = free_port()
        self.grpc = f"127.0.0.1:{self.grpc_port}"
        self.log = folder / "server.log"
        self.process: subprocess.Popen | None = None

    def start(self, timeout: float = 20) -> "Server":
        self.process = subprocess.Popen(
            [binary(), "up", "--port", str(self.port), "--grpc-port", str(self.grpc_port)]
            + ["--data", str(self.folder / "data"), *self.arguments],
            cwd=self.folder,
            env=os.environ
            | {"SLIPWAY_URL": self.url, "MLFLOW_TRACKING_URI": self.url}
            # No environments are made behind the back of tests that want no Python models.
            | ({} if "--python" in self.arguments else {"SLIPWAY_CONVERT": "no"}),
            stdout=subprocess.DEVNULL,
            stderr=self.log.open("ab"),
        )
        deadline = time.monotonic() + timeout
        while not self.healthy():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                pytest.fail(f"slipway up is not healthy:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.01)
        return self

    def healthy(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + "/health", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def stop(self) -> int:
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else 0
        self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"slipway up did not stop:\n{self.log.read_text()[-3000:]}")

    def kill(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def new_server(tmp_path):
    """A function that makes servers with the given arguments; they end with the test."""
    made: list[Server] = []

    def make(*arguments: str) -> Server:
        folder = tmp_path / f"server-{len(made)}"
        folder.mkdir()
        made.append(Server(folder, *arguments))
        return made[-1]

    yield make
    for server in made:
        server.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One running server for all tests of a file."""
    running = Server(tmp_path_factory.mktemp("server")).start()
    yield running
    assert running.stop() == 0, "SIGTERM must end in exit code 0"


@pytest.fixture(scope="module", autouse=True)
def fresh_mlflow():
    """The client keeps its experiment and its servers for the whole process, and asks a server that
    is gone for minutes; the next file has another one. One that is pointed at no server makes a
    database where it stands: no test may leave one behind."""
    left = Path("mlflow.db").absolute()
    before = left.exists()
    for name in ("MLFLOW_EXPERIMENT_ID", "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        os.environ.pop(name, None)
    if "mlflow" in sys.modules:
        tracking = sys.modules["mlflow"].tracking
        tracking.fluent._active_experiment_id = None
        tracking._tracking_service.utils._tracking_uri = None
        tracking._model_registry.utils._registry_uri = None
    yield
    assert before or not left.exists(), f"a client without a tracking URI made {left}"


@pytest.fixture
def mlflow(server, monkeypatch):
    """The unmodified client, pointed at the server of this file."""
    import mlflow as client

    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    client.set_tracking_uri(server.url)
    client.set_registry_uri(server.url)
    yield client
    while client.active_run():
        client.end_run()


@pytest.fixture
def slipway():
    """Runs the command: slipway("data", "init", cwd=..) -> CompletedProcess with text output."""

    def run(*words: str, **options) -> subprocess.CompletedProcess:
        options.setdefault("timeout", 120)
        return subprocess.run([binary(), *words], capture_output=True, text=True, **options)

    return run
