# SPDX-License-Identifier: Apache-2.0
"""The calls of calls_8_evaluation.py, on a server of their own: their recording holds for a server
on which only the first four files ran before them.
"""

import importlib
import subprocess
import sys
import types
from pathlib import Path

BEFORE = ["experiments", "runs", "searches", "models"]


def failures(base):
    for number, name in enumerate(BEFORE, 1):
        importlib.import_module(f"calls_{number}_{name}")
    calls = importlib.import_module("script").CALLS
    first = len(calls)
    importlib.import_module("calls_8_evaluation")
    mine = {call["name"] for call in calls[first:]}
    whole = types.ModuleType("calls")
    whole.CALLS = calls
    sys.modules["calls"] = whole
    test = importlib.import_module("test_differential")
    failed, passed = [], 0
    for call, status, body in test.replay(base):
        if call["name"] in mine:
            wrong = test.complaint(call, status, body, test.REFERENCE[call["name"]])
            passed += wrong is None
            failed += [f"{call['name']}: {wrong}"] if wrong else []
    print("\n".join(failed))
    print(f"{passed} passed, {len(failed)} failed")
    return failed


def test_every_answer_is_the_originals(server):
    done = subprocess.run(
        [sys.executable, __file__, server.url],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]


if __name__ == "__main__":
    sys.exit(1 if failures(sys.argv[1]) else 0)
