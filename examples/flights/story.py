# SPDX-License-Identifier: Apache-2.0
"""What the stages of the demo share: the running platform, commands, waiting, and the timeline."""

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from client import Slipway

NAMES = {"endpoint": "delays", "model": "flights"}


class NotObserved(Exception):
    """A stage did not show through the public interfaces."""


class Webhook(http.server.ThreadingHTTPServer):
    """Receives the alerts that the platform sends out."""

    daemon_threads = True

    def __init__(self):
        self.received = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers.get("content-length", 0))
                server.received.append(json.loads(self.rfile.read(length)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *args):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/alerts"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Story:
    def __init__(self, binary: Path, folder: Path, port: int):
        self.began = time.monotonic()
        self.binary, self.folder, self.home = binary, folder, folder / "flights"
        self.port = port or free_port()
        self.slipway = Slipway(f"http://127.0.0.1:{self.port}")
        self.log_path = folder / "server.log"
        self.webhook = Webhook()
        self.server: subprocess.Popen | None = None
        self.replay = None
        self.known: list = []  # days of flights with their outcomes, not delivered yet
        self.facts: dict = {}
        self.lines: list[str] = []

    # -- the platform and its commands ------------------------------------------------------

    @property
    def pid(self) -> int:
        return self.server.pid if self.server else 0

    def environment(self) -> dict:
        python = str(Path(sys.executable).parent)
        return os.environ | {
            "PATH": f"{python}:{self.binary.parent}:{os.environ['PATH']}",
            "SLIPWAY_URL": self.slipway.url,
            "SLIPWAY_DATA": str(self.folder / "platform"),
            "MLFLOW_TRACKING_URI": self.slipway.url,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
            "DO_NOT_TRACK": "true",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_AUTHOR_NAME": "demo",
            "GIT_AUTHOR_EMAIL": "demo@localhost",
            "GIT_COMMITTER_NAME": "demo",
            "GIT_COMMITTER_EMAIL": "demo@localhost",
        }

    def start(self) -> float:
        """Milliseconds until /health answered 200."""
        started = time.monotonic()
        data = ["--data", str(self.folder / "platform")]
        ports = ["--port", str(self.port), "--grpc-port", str(free_port())]
        self.server = subprocess.Popen(
            [self.binary, "up", *ports, *data],
            cwd=self.home,
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=self.log_path.open("ab"),
            start_new_session=True,
        )
        self.wait("the platform to answer /health", self.healthy, limit=20, every=0.005)
        return 1000 * (time.monotonic() - started)

    def healthy(self) -> bool:
        if self.server.poll() is not None:
            raise NotObserved(f"slipway up ended with exit code {self.server.returncode}")
        try:
            self.slipway.get("/health")
            return True
        except OSError:
            return False

    def close(self, keep: bool) -> None:
        self.webhook.shutdown()
        if self.server and not keep:
            self.server.terminate()
            try:
                self.server.wait(20)
            except subprocess.TimeoutExpired:
                self.server.kill()

    def run(self, *command, code: int = 0) -> str:
        """A command in the workspace; its exit code is part of what must be observed."""
        words = [str(word) for word in command]
        if words[0] == "slipway":
            words[0] = str(self.binary)
        done = subprocess.run(
            words, cwd=self.home, env=self.environment(), capture_output=True, text=True
        )
        if done.returncode != code:
            raise NotObserved(
                f"`{' '.join(map(str, command))}` ended with {done.returncode}, not {code}:\n"
                f"{(done.stdout + done.stderr)[-3000:]}"
            )
        return done.stdout

    # -- watching ---------------------------------------------------------------------------

    def wait(self, what: str, probe, limit: float = 60, every: float = 0.1):
        """The first truthy answer of `probe`, or NotObserved after `limit` seconds."""
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            answer = probe()
            if answer:
                return answer
            time.sleep(every)
        raise NotObserved(f"waited {limit:.0f} s for {what}")

    def see(self, condition, what: str) -> None:
        if not condition:
            raise NotObserved(f"not observed: {what}")

    def tell(self, what: str, day: str = "") -> None:
        line = f"{time.monotonic() - self.began:6.1f} s  {day or '          '}  {what}"
        self.lines.append(line)
        print(line, flush=True)

    def title(self, what: str) -> None:
        print(f"\n{what}", flush=True)

    # -- short questions to the API ---------------------------------------------------------

    def version(self, number) -> dict:
        return self.slipway.api("GET", f"/models/{NAMES['model']}/versions/{number}")

    def versions(self) -> list[dict]:
        return self.slipway.items(f"/models/{NAMES['model']}/versions")

    def champion(self) -> str:
        for version in self.versions():
            if "champion" in version["aliases"]:
                return version["version"]
        return ""

    def endpoint(self) -> dict:
        return self.slipway.api("GET", f"/endpoints/{NAMES['endpoint']}")

    def shares(self) -> dict[str, float]:
        return {r["version"]: r["weight"] for r in self.endpoint()["routes"] if r["weight"] > 0}

    def decisions(self, version: str) -> list[dict]:
        return self.slipway.items(f"/decisions?model={NAMES['model']}&version={version}")

    def rollouts(self) -> list[dict]:
        return self.slipway.items(f"/rollouts?endpoint={NAMES['endpoint']}")

    def summary(self) -> None:
        table = self.facts["auc"]
        months = [f"{month:02d}" for month in range(1, 13)]
        self.title("ROC AUC of each version on each month (months trained on: held-out days only)")
        print("version  " + "  ".join(f"  {m}  " for m in months))
        for version, row in table.items():
            print(f"   v{version}    " + "  ".join(f"{row[m]:.3f}" for m in months))
        facts = self.facts
        print(
            f"\n{facts['requests']:,} predictions served at {facts['rate']:,.0f}/s "
            f"(p50 {facts['p50']:.1f} ms, p99 {facts['p99']:.1f} ms), {facts['failed']} failed; "
            f"{facts['labelled']:,} outcomes reported.\n"
            f"Drift share at alert {facts['drift_share']:.0%}; from alert to a trained and gated "
            f"version {facts['alert_to_canary']:.1f} s, "
            f"to its promotion {facts['alert_to_promotion']:.1f} s.\n"
            f"Everything seen in {time.monotonic() - self.began:.0f} s."
        )
