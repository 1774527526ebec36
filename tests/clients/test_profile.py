# SPDX-License-Identifier: Apache-2.0
"""`slipway profile` against pandas, live, on ordinary and on awkward columns."""

import json
import math

import numpy as np
import pandas as pd
import pytest

random = np.random.default_rng(5)


@pytest.fixture
def profile(slipway, tmp_path):
    """Runs the command on a frame and answers its JSON, columns by name."""

    def run(frame: pd.DataFrame, kind="parquet") -> dict:
        path = tmp_path / f"data.{kind}"
        if kind == "csv":
            frame.to_csv(path, index=False)
        elif kind == "parquet":
            frame.to_parquet(path, index=False)
        else:
            frame.to_json(path, orient="records", lines=True, double_precision=15)
        done = slipway("profile", str(path), "--json", "-")
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        report["columns"] = {c["name"]: c for c in report["columns"]}
        return report

    return run


def awkward() -> pd.DataFrame:
    n = 2000
    frame = pd.DataFrame(
        {
            "normal": random.normal(5, 2, n),
            "ties": random.integers(0, 40, n) / 4,
            "holes": np.where(random.random(n) < 0.2, np.nan, random.gamma(2, 3, n)),
            "large": random.normal(1e12, 1, n),
            "count": random.integers(0, 1000, n),
            "few": random.integers(0, 3, n),
            "flag": random.random(n) < 0.3,
            "city": random.choice(["Köln", "São Paulo", "NYC", "東京"], n),
            "id": [f"row {i}" for i in range(n)],
            "when": pd.date_range("2026-01-01", periods=n, freq="37min"),
            "constant": 1.5,
            "nothing": pd.Series([np.nan] * n, dtype=float),
            "nearly": np.where(np.arange(n) < n * 0.97, 7.0, 8.0),
        }
    )
    frame["again"] = frame["holes"]
    return pd.concat([frame, frame.iloc[:5]], ignore_index=True)


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_numbers_are_those_of_pandas(profile, kind):
    frame = awkward()
    report = profile(frame, kind)
    assert report["rows"] == len(frame)
    for name in ("normal", "ties", "holes", "large", "count", "few", "constant", "nearly"):
        column, got = frame[name], report["columns"][name]
        assert got["count"] == column.count()
        assert got["nulls"] == column.isna().sum()
        assert got["unique"] == column.nunique()
        assert got["min"] == pytest.approx(column.min(), rel=1e-12)
        assert got["max"] == pytest.approx(column.max(), rel=1e-12)
        assert got["mean"] == pytest.approx(column.mean(), rel=1e-12)
        # pandas loses digits of large numbers that lie close together.
        centred = column - column.median()
        assert got["std"] == pytest.approx(centred.std(), rel=1e-9, abs=1e-12)
        for share, value in got["quantiles"].items():
            want = column.quantile(float(share))
            assert value == pytest.approx(want, rel=1e-12), (name, share)


def test_defects_are_those_of_pandas(profile):
    frame = awkward()
    report = profile(frame)
    assert report["duplicate_rows"] == frame.duplicated().sum() == 5
    assert report["missing_cells"] == frame.isna().sum().sum()
    assert report["empty_rows"] == 0
    assert report["empty_columns"] == frame.isna().all().sum() == 1
    assert report["constant_columns"] == (frame.nunique() <= 1).sum() == 2
    almost = [c for c in frame if frame[c].value_counts().max() / len(frame) >= 0.95]
    assert report["findings"]["almost_constant_columns"] == almost
    assert report["duplicate_columns"] == 1
    assert report["findings"]["duplicate_columns"] == [["holes", "again"]]


def test_types_and_common_values(profile):
    frame = awkward()
    columns = profile(frame)["columns"]
    types = {name: column["type"] for name, column in columns.items()}
    assert types == {
        "normal": "numerical",
        "ties": "numerical",
        "holes": "numerical",
        "large": "numerical",
        "count": "numerical",
        "few": "categorical",
        "flag": "categorical",
        "city": "categorical",
        "id": "text",
        "when": "datetime",
        "constant": "numerical",
        "nothing": "unknown",
        "nearly": "numerical",
        "again": "numerical",
    }
    want = frame["city"].value_counts()
    assert sorted(n for _, n in columns["city"]["most_common"]) == sorted(want.tolist())
    assert {v for v, _ in columns["flag"]["most_common"]} == {True, False}
    assert columns["when"]["min"] == "2026-01-01T00:00:00.000Z"
    assert columns["nothing"]["mean"] is None


def cramer(a, b):
    table = pd.crosstab(a, b).to_numpy().astype(float)
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / table.sum()
    chi2 = ((table - expected) ** 2 / expected).sum()
    return math.sqrt(chi2 / table.sum() / (min(table.shape) - 1))


def test_correlations_are_those_of_pandas(profile):
    frame = awkward()
    frame["both"] = np.where(random.random(len(frame)) < 0.3, np.nan, frame["normal"] ** 3)
    frame["city"] = frame["city"].where(random.random(len(frame)) > 0.1)
    report = profile(frame)
    numbers = ["normal", "ties", "holes", "large", "count", "nearly", "again", "both"]
    for kind in ("pearson", "spearman"):
        # pandas loses digits of large numbers that lie close together.
        want = frame[numbers].assign(large=frame["large"] - 1e12).corr(kind)
        got = report["correlations"][kind]
        assert list(got) == numbers
        for a in numbers:
            for b in numbers:
                assert got[a][b] == pytest.approx(want.loc[a, b], rel=1e-9, abs=1e-9)
    got = report["correlations"]["cramer_v"]
    assert list(got) == ["few", "flag", "city"]
    assert got["few"]["city"] == pytest.approx(cramer(frame["few"], frame["city"]), rel=1e-9)
    assert got["flag"]["few"] == pytest.approx(cramer(frame["flag"], frame["few"]), rel=1e-9)


def test_infinities_are_counted_and_left_out(profile):
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0, np.inf, -np.inf, np.nan], "y": [1.0, 2, 4, 5, 6, 7]})
    report = profile(frame)
    got = report["columns"]["x"]
    assert (got["count"], got["infinite"], got["nulls"]) == (5, 2, 1)
    assert (got["min"], got["max"], got["mean"], got["std"]) == (1, 3, 2, 1)
    assert report["correlations"]["pearson"]["x"]["y"] == pytest.approx(0.9819805060619657)


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_tiny_files(profile, rows):
    frame = pd.DataFrame({"x": [1.5, 2.5], "t": ["a", None]}).iloc[:rows]
    report = profile(frame)
    assert report["rows"] == rows
    assert report["duplicate_rows"] == report["empty_rows"] == 0
    assert report["columns"]["x"]["count"] == rows
    if rows < 2:
        assert report["columns"]["x"]["std"] is None


def test_pages_work_offline_and_stay_small(slipway, tmp_path):
    frame = awkward()
    moved = frame.copy()
    moved["normal"] += 3
    moved["when"] += pd.Timedelta(days=60)
    frame.to_parquet(tmp_path / "a.parquet")
    moved.to_parquet(tmp_path / "b.parquet")
    pages = {
        "profile.html": ("profile", str(tmp_path / "a.parquet")),
        "drift.html": (
            "drift",
            "--reference",
            str(tmp_path / "a.parquet"),
            "--current",
            str(tmp_path / "b.parquet"),
        ),
    }
    for name, words in pages.items():
        done = slipway(*words, "--html", str(tmp_path / name))
        assert done.returncode == 0, done.stderr
        text = (tmp_path / name).read_text()
        assert text.startswith("<!doctype html>")
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in text and "src=" not in text
        assert len(text) < 200_000
    data = (tmp_path / "drift.html").read_text().split('id="data">')[1].split("</script>")[0]
    report = json.loads(data)
    assert report["columns"][0]["name"] in ("normal", "when", "nothing", "id")
    drawn = {c["name"]: c for c in report["columns"]}
    assert drawn["normal"]["drifted"]
    assert sum(drawn["normal"]["is"]) == pytest.approx(10_000, abs=32)
    assert report["time"]["column"] == "when"
    assert drawn["normal"]["time"]["is"][-1] == pytest.approx(8, abs=1)


def test_no_text_makes_a_page_long(slipway, tmp_path):
    """Six bytes a character in JSON, long names, many columns: what has no room is left out."""
    random = np.random.default_rng(3)
    words = np.array([f"{k:02d}" + chr(1) * 90 + "<" * 60 for k in range(12)])
    frame = pd.DataFrame({f"{i}" + "\x02" * 150: random.choice(words, 60) for i in range(300)})
    frame.to_parquet(tmp_path / "a.parquet", index=False)
    file, page = str(tmp_path / "a.parquet"), tmp_path / "page.html"
    for command in (["drift", "--reference", file, "--current", file], ["profile", file]):
        done = slipway(*command, "--html", str(page), "--json", str(tmp_path / "out.json"))
        assert done.returncode == 0, done.stderr
        assert 500_000 < page.stat().st_size < 2_000_000, command


def test_says_what_is_wrong(slipway, tmp_path):
    done = slipway("profile", str(tmp_path / "none.csv"))
    assert done.returncode == 2 or done.returncode == 1
    assert "none.csv" in done.stderr
