# SPDX-License-Identifier: Apache-2.0
"""The calls of calls_9_tool_servers.py on servers of their own, which know nothing else.

python test_tool_servers.py http://127.0.0.1:5000 --record     (a fresh `mlflow server`)
"""

import importlib
import json
import subprocess
import sys
import types
from pathlib import Path

HERE = Path(__file__).parent


def failures(base, record=False):
    importlib.import_module("calls_9_tool_servers")
    whole = types.ModuleType("calls")
    whole.CALLS = importlib.import_module("script").CALLS
    sys.modules["calls"] = whole
    if record:
        replayed = importlib.import_module("replay_calls").replay(base)
        answers = {call["name"]: {"status": s, "body": b} for call, s, b in replayed}
        text = json.dumps(answers, indent=0, sort_keys=True, ensure_ascii=True)
        (HERE / "reference_tools.json").write_text(text + "\n")
        return []
    test = importlib.import_module("test_differential")
    failed, passed = [], 0
    for call, status, body in test.replay(base):
        wrong = test.complaint(call, status, body, test.REFERENCE[call["name"]])
        passed += wrong is None
        failed += [f"{call['name']}: {wrong}"] if wrong else []
    print("\n".join(failed))
    print(f"{passed} passed, {len(failed)} failed")
    return failed


def test_every_answer_is_the_originals(server):
    done = subprocess.run(
        [sys.executable, __file__, server.url], cwd=HERE, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]


if __name__ == "__main__":
    sys.exit(1 if failures(sys.argv[1], "--record" in sys.argv) else 0)
