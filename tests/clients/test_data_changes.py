# SPDX-License-Identifier: Apache-2.0
"""What changed, asked of `slipway data` and of the real `dvc` in the same repository."""

import json
import shutil

import pytest
from test_data import Repo

DIFFS = [
    ["diff"],
    ["diff", "--md", "--show-hash"],
    ["diff", "HEAD~1", "--show-hash"],
    ["diff", "HEAD~1", "HEAD"],
    ["diff", "HEAD", "HEAD"],
]
STATUSES = [
    ["data", "status"],
    ["data", "status", "--granular", "--unchanged", "--untracked-files=all"],
    ["data", "status", "--granular", "--not-in-remote"],
]


def commit(repo: Repo, text: str) -> None:
    repo.run("git", "add", "-A")
    repo.run("git", "-c", "user.name=a", "-c", "user.email=a@a", "commit", "-qm", text)


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    """Two commits, and on top of them files that changed, came, went and were renamed."""
    folder = tmp_path_factory.mktemp("changes")
    repo = Repo(folder / "repo")
    repo.dvc("init", "-q")
    repo.dvc("remote", "add", "-q", "-d", "far", str(folder / "far"))
    for i in range(6):
        repo.write(f"d/sub {i % 2}/{i}.txt", f"text {i}")
    repo.write("d/ünï.txt", "x")
    repo.write("one.csv", "1")
    repo.write("same.csv", "same")
    repo.write("old/gone.txt", "gone")
    repo.dvc("add", "-q", "d", "one.csv", "same.csv", "old")
    commit(repo, "one")
    repo.dvc("push", "-q")
    (repo.root / "d/sub 0/0.txt").rename(repo.root / "d/renamed.txt")
    repo.write("d/sub 1/1.txt", "changed")
    repo.dvc("add", "-q", "d")
    repo.dvc("remove", "-q", "old.dvc")
    shutil.rmtree(repo.root / "old")
    repo.write("late.csv", "late")
    repo.dvc("add", "-q", "late.csv")
    commit(repo, "two")
    repo.write("one.csv", "1 and more")
    repo.write("d/fresh.txt", "fresh")
    (repo.root / "d/sub 0/2.txt").unlink()
    repo.write("another.csv", "another")
    repo.dvc("add", "-q", "another.csv")
    repo.write("untracked", "nobody knows it")
    return repo


def lines(text: str) -> list:
    return sorted(line.rstrip() for line in text.splitlines() if line.strip())


def normal(value):
    """Lists in an order of their own: DVC's is that of its sets."""
    if isinstance(value, dict):
        return {key: normal(one) for key, one in value.items()}
    if isinstance(value, list):
        return sorted((normal(one) for one in value), key=json.dumps)
    return value


@pytest.mark.parametrize("arguments", DIFFS + STATUSES, ids=" ".join)
def test_says_what_dvc_says(changed, arguments):
    theirs = changed.dvc(*arguments)
    ours = changed.ours(*arguments)
    assert lines(ours.stdout) == lines(theirs.stdout)
    if "--md" in arguments:
        return
    theirs = json.loads(changed.dvc(*arguments, "--json").stdout or "{}")
    ours = json.loads(changed.ours(*arguments, "--json").stdout or "{}")
    assert normal(ours) == normal(theirs)


def test_what_is_not_in_the_cache(changed, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(changed.root, copy, symlinks=True)
    repo = object.__new__(Repo)
    repo.root = copy
    shutil.rmtree(copy / ".dvc/cache/files")
    for arguments in (["data", "status", "--json"], ["data", "status"]):
        theirs = repo.dvc(*arguments).stdout
        ours = repo.ours(*arguments).stdout
        if "--json" in arguments:
            assert json.loads(ours)["not_in_cache"] == sorted(json.loads(theirs)["not_in_cache"])
        else:
            assert "Not in cache:" in ours and "Not in cache:" in theirs


def test_only_what_is_asked_for(changed):
    out = json.loads(changed.ours("diff", "--json", "--targets", "one.csv").stdout)
    assert [one["path"] for one in out["modified"]] == ["one.csv"] and not out["added"]
    failed = changed.ours("diff", "nope", ok=False)
    assert failed.returncode == 1 and "unknown Git revision 'nope'" in failed.stderr
    hostile = changed.ours("diff", "--", "--output=x", ok=False)
    assert hostile.returncode == 1 and not (changed.root / "x").exists()
