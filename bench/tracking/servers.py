# SPDX-License-Identifier: Apache-2.0
"""The servers that a benchmark compares, each started when it is first asked for."""

import tempfile
from pathlib import Path

import measure
import peers
from postgres import Postgres


class Servers:
    def __init__(self, folder: Path):
        self.folder = folder
        self.made: dict[str, peers.Peer] = {}
        self.cluster: Postgres | None = None

    def get(self, name: str, *, started: bool = True) -> peers.Peer:
        """`ours`, `theirs` or `one` (theirs with one worker), with `-search` for a pair without
        what the other parts have left, and `-postgres` for one on PostgreSQL."""
        if name not in self.made:
            side, _, variant = name.partition("-")
            store = self.database(name) if variant == "postgres" else None
            folder = self.folder / name
            if side == "ours":
                self.made[name] = peers.slipway(folder, store)
            else:
                self.made[name] = peers.mlflow(folder, store, 1 if side == "one" else None)
        peer = self.made[name]
        if started and (peer.process is None or peer.process.poll() is not None):
            peer.start()
            if not name.startswith("ours"):
                measure.settle()
        return peer

    def only(self, *names: str) -> None:
        """Stops all others, so that what they do beside it is not measured."""
        for name, peer in self.made.items():
            if name not in names:
                peer.stop()

    def database(self, name: str) -> str:
        if self.cluster is None:
            folder = Path(tempfile.mkdtemp(prefix="slipway-bench-pg-"))
            folder.chmod(0o755)  # PostgreSQL's own user goes through it
            self.cluster = Postgres(folder / "pg")
        return self.cluster.database(name.replace("-", "_"))

    @staticmethod
    def busy(part: str) -> bool:
        """Parts that load all cores by themselves: their load average says nothing."""
        return part in ("writes", "postgres", "wide", "limits", "long")

    def stop(self) -> None:
        for peer in self.made.values():
            peer.stop()
        if self.cluster is not None:
            self.cluster.stop()
