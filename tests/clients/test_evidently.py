# SPDX-License-Identifier: Apache-2.0
"""`slipway drift` against what Evidently answered for awkward columns (evidently/record.py)."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

HERE = Path(__file__).parent / "evidently"
sys.path.insert(0, str(HERE))
import cases  # noqa: E402

RECORDED = json.loads((HERE / "recorded.json").read_text())
DISTANCES = {"wasserstein", "psi", "kl_div", "jensenshannon", "hellinger", "ed"}
RANDOM = {"TVD"}  # 1,000 regroupings each: theirs differ from ours within their own error


@pytest.fixture
def drift(slipway, tmp_path):
    def run(reference: pd.DataFrame, current: pd.DataFrame, *words: str) -> dict:
        for name, frame in (("a", reference), ("b", current)):
            frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
        files = "--reference", str(tmp_path / "a.parquet"), "--current", str(tmp_path / "b.parquet")
        done = slipway("drift", *files, "--json", "-", *words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


# Where rounding decides what Evidently says: products of densities that leave the range of doubles,
# and the pseudo-inverse of a singular matrix (three values for four conditions).
ROUNDING = {("huge", "hellinger"), ("small_numbers", "hellinger"), ("many_ties", "es")}


def differs(got: dict, want: dict) -> bool:
    if "error" in want or want["score"] is None:
        return False  # no number there: ours may know one, or say why not
    if got["error"] is not None or got["method"] != want["method"]:
        return True
    if got["threshold"] != want["threshold"]:
        return True
    if got["method"] in RANDOM:
        return got["score"] != pytest.approx(want["score"], abs=0.06)
    error = 1e-7 if got["method"] in DISTANCES else 1e-6
    same = got["score"] == pytest.approx(want["score"], abs=error, rel=1e-7)
    return not same or got["drifted"] != want["drifted"]


def all_columns(drift, pairs, kind, methods):
    """Columns of different lengths: padded with what both sides leave out."""
    most = [max(len(pair[side]) for pair in pairs.values()) for side in (0, 1)]
    sides = [
        pd.DataFrame({n: pd.Series(list(p[s])).reindex(range(most[s])) for n, p in pairs.items()})
        for s in (0, 1)
    ]
    wrong = []
    for method in [*methods, "auto"]:
        words = ["--method", method]
        got = {c["name"]: c for c in drift(*sides, *words)["columns"]}
        for name in pairs:
            assert got[name]["type"] == kind, name
            want = RECORDED[kind][name][method]
            if (name, method) not in ROUNDING and differs(got[name], want):
                wrong.append((name, method, got[name], want))
    assert not wrong


def test_all_methods_on_numbers(drift):
    all_columns(drift, cases.numerical(), "numerical", cases.NUMERICAL)


def test_all_methods_on_categories(drift):
    all_columns(drift, cases.categorical(), "categorical", cases.CATEGORICAL)


def test_text_methods(drift):
    """Their classifier is random but seeded: ours draws the same numbers and learns the same."""
    all_columns(drift, cases.texts(), "text", cases.TEXT)


@pytest.mark.parametrize("name", list(RECORDED["frames"]))
def test_types_the_automatic_choice_and_the_share(drift, name):
    got = drift(*cases.frames()[name])
    want = RECORDED["frames"][name]
    display = {
        "ks": "K-S p_value",
        "chisquare": "chi-square p_value",
        "z": "Z-test p_value",
        "wasserstein": "Wasserstein distance (normed)",
        "jensenshannon": "Jensen-Shannon distance",
    }
    assert {c["name"] for c in got["columns"]} == set(want["columns"])
    for column in got["columns"]:
        theirs = want["columns"][column["name"]]
        assert display[column["method"]] == theirs["method"], column
        assert column["score"] == pytest.approx(theirs["score"], abs=1e-7), column
    drifted = sum(c["drifted"] for c in got["columns"])
    assert drifted == want["drifted_columns"]
    assert got["drift_share"] == pytest.approx(want["share"])
    assert got["dataset_drift"] == (want["share"] >= 0.5)


def test_empty_windows_are_answers_not_failures(drift):
    full = pd.DataFrame({"x": [1.5, 2.5, 3.5], "c": ["a", "b", "a"]})
    for sides in ((full, full.iloc[:0]), (full.iloc[:0], full)):
        got = drift(*sides)
        assert got["dataset_drift"] is False and got["drift_share"] == 0
        assert all(c["score"] is None and "no values" in c["error"] for c in got["columns"])
