# SPDX-License-Identifier: Apache-2.0
"""The README's sixty seconds, as they stand there: its commands against the real binary."""

import os
import re
import subprocess
import sys

from conftest import ROOT, binary


def commands(port: int) -> str:
    readme = (ROOT / "README.md").read_text()
    section = readme.split("## Sixty seconds", 1)[1].split("\n## ", 1)[0]
    lines = [line[4:] for line in section.splitlines() if line.startswith("    ") or not line]
    script = "\n".join(lines)
    start = re.search(r"^\./dev build && build/slipway up &.*$", script, re.M)
    assert start, "the tour no longer starts the platform in its first line"
    script = script.replace(start.group(0), "")
    assert "5800" in script
    return script.replace("5800", str(port)).replace("build/slipway", binary())


def test_the_sixty_seconds_of_the_readme(new_server):
    server = new_server().start()
    python = os.path.dirname(sys.executable)
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", commands(server.port)],
        cwd=server.folder,
        env=os.environ | {"SLIPWAY_URL": server.url, "PATH": f"{python}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"label":[0]' in done.stdout.replace(" ", ""), done.stdout  # a setosa is a setosa
    assert "champion=1" in done.stdout.rsplit("}", 1)[1], "`slipway model list` names the alias"
