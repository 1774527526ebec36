# SPDX-License-Identifier: Apache-2.0
"""Filters and orders: what ours finds, against what a real `mlflow server` found."""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import search_exceptions  # noqa: E402
from search_asker import ask, label  # noqa: E402

REFERENCE = json.loads((HERE / "search_reference.json").read_text())


def complaint(case, status, found):
    """What is wrong with an answer, or nothing."""
    asked = case[:2]
    ours = search_exceptions.EXTENDED | search_exceptions.MORE
    if asked in ours:
        wanted = [200, ours[asked]]
    else:
        wanted = REFERENCE[label(case)]
        # Where the original crashes, or takes what is broken, we refuse.
        if wanted[0] >= 500 or asked in search_exceptions.REFUSED or case[2] == ["metrics."]:
            wanted = [400, None]
    return None if [status, found] == wanted else f"{status} {found}, wanted {wanted}"


def failures(base):
    passed, failed = 0, []
    for case, status, found in ask(base):
        wrong = complaint(case, status, found)
        passed += wrong is None
        if wrong:
            failed.append(f"{label(case)}: {wrong}")
    print(f"{passed} passed, {len(failed)} failed")
    return failed


def test_every_search_finds_what_the_original_finds(server):
    failed = failures(server.url)
    assert not failed, "\n".join(failed)


if __name__ == "__main__":
    print("\n".join(failures(sys.argv[1])))
