# SPDX-License-Identifier: Apache-2.0
"""`drift`, `profile`, `evaluate` and `check` of objects: the same answers as of files."""

import json
import os

import numpy as np
import pandas as pd
import pytest
import s3_server


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    folder = tmp_path_factory.mktemp("objects")
    url, end = s3_server.start(folder)
    client = s3_server.client_of(url)
    client.create_bucket(Bucket="rows")
    random = np.random.default_rng(5)
    for name, shift in (("a", 0.0), ("b", 0.6)):
        n = 4000
        frame = pd.DataFrame(
            {
                "x": random.normal(shift, 1, n),
                "c": random.choice(["u", "v", "w"], n),
                "y": random.integers(0, 2, n),
                "said": random.integers(0, 2, n),
            }
        )
        frame.to_parquet(folder / f"{name}.parquet", index=False)
        frame.to_csv(folder / f"{name}.csv.gz", index=False)
        for kind in ("parquet", "csv.gz"):
            body = (folder / f"{name}.{kind}").read_bytes()
            client.put_object(Bucket="rows", Key=f"day 1/{name}.{kind}", Body=body)
    yield folder, url
    end()


@pytest.fixture
def run(bucket, slipway, tmp_path, monkeypatch):
    _, url = bucket
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    for name, value in (
        ("AWS_ENDPOINT_URL", url),
        ("AWS_ACCESS_KEY_ID", s3_server.KEY),
        ("AWS_SECRET_ACCESS_KEY", s3_server.SECRET),
        ("AWS_REGION", s3_server.REGION),
        ("TMPDIR", str(temporary)),
    ):
        monkeypatch.setenv(name, value)
    yield slipway
    assert not os.listdir(temporary)  # nothing is left behind


@pytest.mark.parametrize("kind", ["parquet", "csv.gz"])
def test_answers_are_those_of_files(bucket, run, kind):
    folder, _ = bucket

    def both(*words: str) -> list:
        found = []
        for place in (str(folder), "s3://rows/day 1"):
            done = run(*[word.replace("@", place) for word in words], "--json", "-")
            assert done.returncode == 0, done.stderr
            found.append(json.loads(done.stdout))
        return found

    here, there = both("drift", "--reference", f"@/a.{kind}", "--current", f"@/b.{kind}")
    assert here == there and here["columns"][0]["drifted"]
    here, there = both("profile", f"@/a.{kind}")
    assert here == there and here["rows"] == 4000
    words = ["--task", "classification", "--target", "y", "--prediction", "said"]
    here, there = both("evaluate", f"@/b.{kind}", *words)
    assert here == there and here["rows"] == 4000
    mixed = run("drift", "--reference", str(folder / f"a.{kind}"), "--current",
                f"s3://rows/day 1/a.{kind}", "--json", "-")  # fmt: skip
    assert json.loads(mixed.stdout)["dataset_drift"] is False


def test_a_suite_is_made_of_an_object_and_run_on_one(run, tmp_path):
    suite = tmp_path / "suite.yaml"
    made = run("profile", "s3://rows/day 1/a.parquet", "--suggest", str(suite))
    assert made.returncode == 0, made.stderr
    assert run("check", "s3://rows/day 1/a.parquet", "--suite", str(suite)).returncode == 0


def test_what_is_wrong_names_the_url(run, monkeypatch):
    gone = run("profile", "s3://rows/none.parquet")
    assert gone.returncode != 0 and "none.parquet" in gone.stderr
    nothing = run("profile", "s3://rows/day 1/")
    assert nothing.returncode == 2 and "s3://" in nothing.stderr
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    denied = run("profile", "s3://rows/day 1/a.parquet")
    assert denied.returncode != 0 and "slipway-s3" not in denied.stderr
