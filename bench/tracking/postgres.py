# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server of our own for the comparison, with its safe defaults (fsync on)."""

import os
import shutil
import subprocess
from pathlib import Path

from peers import free_port


class Postgres:
    def __init__(self, folder: Path):
        binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not binaries:
            raise FileNotFoundError("PostgreSQL is not installed")
        self.bin, self.folder, self.port = binaries[-1].parent, folder, free_port()
        folder.mkdir(parents=True)
        folder.chmod(0o755)
        self.user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self.user:
            shutil.chown(folder, "postgres")
        self.call("initdb", "-D", "data", "-U", "bench", "-A", "trust", "-E", "UTF8",
                  "--locale", "C")  # fmt: skip
        options = f"-p {self.port} -k {folder} -c listen_addresses=127.0.0.1"
        self.call("pg_ctl", "-D", "data", "-w", "-o", options, "start")

    def call(self, name: str, *arguments: str) -> None:
        with (self.folder / "log").open("ab") as log:
            command = [*self.user, str(self.bin / name), *arguments]
            subprocess.run(command, cwd=self.folder, check=True, stdout=log, stderr=log)

    def database(self, name: str) -> str:
        at = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "bench"]
        self.call("createdb", *at, name)
        return f"postgresql://bench@127.0.0.1:{self.port}/{name}"

    def stop(self) -> None:
        self.call("pg_ctl", "-D", "data", "-m", "fast", "stop")
