# SPDX-License-Identifier: Apache-2.0
"""Our answers against those of a real `mlflow server`, recorded by replay_calls.py.

With MLFLOW_REFERENCE_URL set to a fresh `mlflow server` the recording itself is checked as well.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from replay_calls import replay  # noqa: E402

REFERENCE = {}
for recording in sorted(HERE.glob("reference*.json")):
    REFERENCE |= json.loads(recording.read_text())


def complaint(call, status, body, reference):
    """What is wrong with an answer, or nothing."""
    if call["ours"] is not None:
        wanted, code = call["ours"]
        if status != wanted or (code and body.get("error_code") != code):
            return f"{status} {body}, wanted {wanted} {code}"
        return None
    wanted = reference["status"]
    if call.get("fuzz") and wanted != status:
        # Where the original crashes, or stops reading and answers all the same, we refuse.
        lenient = wanted < 300 or wanted >= 500
        if lenient and (status, body.get("error_code")) == (400, "INVALID_PARAMETER_VALUE"):
            return None
    if call.get("fuzz") and wanted < 300 and status < 300:
        return None
    if status != wanted:
        return f"{status} {body}, the original answers {wanted} {reference['body']}"
    # "detail": a refusal by its web framework, before the interface's own errors.
    if reference["body"] is None or "detail" in reference["body"]:
        return None
    if body != reference["body"]:
        return f"{json.dumps(body)}\n    the original answers\n    {json.dumps(reference['body'])}"
    return None


def failures(base):
    passed, failed = 0, []
    for call, status, body in replay(base):
        wrong = complaint(call, status, body, REFERENCE[call["name"]])
        passed += wrong is None
        if wrong:
            failed.append(f"{call['name']} ({call['method']} {call['path']}): {wrong}")
    print(f"{passed} passed, {len(failed)} failed")
    return failed


def test_every_answer_is_the_originals(server):
    failed = failures(server.url)
    assert not failed, "\n".join(failed)


@pytest.mark.skipif("SLIPWAY_TEST_POSTGRES" not in os.environ, reason="no PostgreSQL was given")
def test_every_answer_is_the_same_on_postgresql(new_server):
    base, name = os.environ["SLIPWAY_TEST_POSTGRES"], f"slipway_differential_{os.getpid()}"

    def administer(statement):
        subprocess.run(["psql", "-q", "-c", f"{statement} {name}", base + "/postgres"], check=True)

    administer("CREATE DATABASE")
    server = new_server("--store", f"{base}/{name}").start()
    try:
        failed = failures(server.url)
    finally:
        server.stop()
        administer("DROP DATABASE")
    assert not failed, "\n".join(failed)


@pytest.mark.skipif("MLFLOW_REFERENCE_URL" not in os.environ, reason="no mlflow server was given")
def test_the_recording_is_true():
    for call, status, body in replay(os.environ["MLFLOW_REFERENCE_URL"]):
        assert {"status": status, "body": body} == REFERENCE[call["name"]], call["name"]


if __name__ == "__main__":
    print("\n".join(failures(sys.argv[1])))
