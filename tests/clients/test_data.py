# SPDX-License-Identifier: Apache-2.0
"""`slipway data` and the real `dvc` in one repository, each judging what the other did."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import binary

DVC = Path(sys.executable).parent / "dvc"
ODD_NAMES = [
    "null",
    "1e5",
    "it's",
    "a #b",
    "- dash",
    "ünï ✓",
    "a'b\"c",
    "2013-04-01",
    "[x]!*",
    "yes",
]


class Repo:
    def __init__(self, root: Path):
        self.root = root
        root.mkdir()
        self.run("git", "init", "-q", ".")

    def run(self, *command, ok: bool = True) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=self.root,
            capture_output=True,
            text=True,
            env=os.environ
            | {"DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(self.root) + ".site"},
        )
        assert not ok or done.returncode == 0, done.stdout + done.stderr
        return done

    def ours(self, *arguments, ok: bool = True):
        return self.run(binary(), "data", *arguments, ok=ok)

    def dvc(self, *arguments, ok: bool = True):
        return self.run(DVC, *arguments, ok=ok)

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def fill(self) -> None:
        self.write("data.csv", "a,b\n1,2\n")
        self.write("empty", "")
        for i in range(20):
            self.write(f"folder/deep/{i}.txt", str(i) * i)
        self.write("folder/run.sh", "#!/bin/sh\n")
        (self.root / "folder/run.sh").chmod(0o755)
        (self.root / "folder/link").symlink_to("../data.csv")
        for name in ODD_NAMES:
            self.write(f"folder/{name}", name)

    def tracked_files(self) -> dict:
        """Everything that is committed or shared: pointers, git files, the cache."""
        wanted = {}
        for path in sorted(self.root.rglob("*")):
            name = str(path.relative_to(self.root))
            if name.startswith((".git/", ".dvc/tmp")) or not path.is_file():
                continue
            if name.endswith((".dvc", ".gitignore", ".dvcignore")) or name.startswith(".dvc/"):
                wanted[name] = (path.read_bytes(), oct(path.stat().st_mode & 0o777))
        return wanted


@pytest.fixture
def repo(tmp_path):
    repo = Repo(tmp_path / "repo")
    repo.ours("init")
    repo.fill()
    return repo


def test_twin_repositories_are_equal_byte_for_byte(tmp_path):
    mine, theirs = Repo(tmp_path / "mine"), Repo(tmp_path / "theirs")
    mine.ours("init")
    theirs.dvc("init")
    for repo, add in ((mine, mine.ours), (theirs, theirs.dvc)):
        repo.fill()
        add("add", "data.csv", "empty", "folder")
    assert mine.tracked_files() == theirs.tracked_files()
    staged = [repo.run("git", "status", "--short").stdout for repo in (mine, theirs)]
    assert staged[0] == staged[1]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_file_names_are_pointed_at_equally(tmp_path, name):
    mine, theirs = Repo(tmp_path / "mine"), Repo(tmp_path / "theirs")
    mine.ours("init")
    theirs.dvc("init")
    for repo, add in ((mine, mine.ours), (theirs, theirs.dvc)):
        repo.write("sub/" + name, "content of " + name)
        add("add", "sub/" + name)
    assert mine.tracked_files() == theirs.tracked_files()


def test_both_tools_see_the_same_status(repo):
    repo.ours("add", "data.csv", "folder")
    assert repo.dvc("status").stdout == repo.ours("status").stdout
    assert "up to date" in repo.ours("status").stdout

    repo.write("data.csv", "changed")
    shutil.rmtree(repo.root / "folder/deep")
    for arguments in (["status", "--json"], ["status", "--json", "data.csv.dvc"]):
        assert json.loads(repo.ours(*arguments).stdout) == json.loads(repo.dvc(*arguments).stdout)
    assert (
        repo.ours("status", "-q", ok=False).returncode
        == repo.dvc("status", "-q", ok=False).returncode
        == 1
    )

    (repo.root / "data.csv").unlink()
    shutil.rmtree(repo.root / ".dvc/cache/files/md5")
    assert json.loads(repo.ours("status", "--json").stdout) == json.loads(
        repo.dvc("status", "--json").stdout
    )


@pytest.mark.parametrize("adder,taker", [("ours", "dvc"), ("dvc", "ours")])
def test_what_one_adds_the_other_checks_out(repo, adder, taker):
    getattr(repo, adder)("add", "data.csv", "folder")
    before = {p: p.read_bytes() for p in repo.root.glob("folder/**/*") if p.is_file()}
    shutil.rmtree(repo.root / "folder")
    (repo.root / "data.csv").unlink()
    out = getattr(repo, taker)("checkout").stdout
    assert {p: p.read_bytes() for p in repo.root.glob("folder/**/*") if p.is_file()} == before
    assert (repo.root / "data.csv").read_text() == "a,b\n1,2\n"
    assert sorted(line.split()[0] for line in out.splitlines()) == ["A", "A"]


def test_checkout_brings_back_what_was_changed_removed_or_added(repo):
    repo.ours("add", "folder")
    repo.write("folder/deep/1.txt", "changed")
    (repo.root / "folder/deep/2.txt").unlink()
    repo.write("folder/new/file", "mine")
    refused = repo.ours("checkout", ok=False)
    assert refused.returncode == 255 and "unsaved" in refused.stderr
    assert (repo.root / "folder/new/file").read_text() == "mine"

    repo.ours("checkout", "--force")
    assert not (repo.root / "folder/new").exists()
    assert (repo.root / "folder/deep/2.txt").read_text() == "22"
    assert "up to date" in repo.dvc("status").stdout


def test_a_part_of_a_folder_can_be_added(repo):
    repo.ours("add", "folder")
    repo.write("folder/deep/1.txt", "changed")
    repo.write("folder/deep/2.txt", "also changed")
    repo.ours("add", "folder/deep/1.txt")
    assert "modified" in repo.dvc("status").stdout
    repo.ours("add", "folder/deep")
    assert "up to date" in repo.dvc("status").stdout


def test_comments_and_user_keys_survive_an_update(repo):
    repo.ours("add", "data.csv")
    pointer = repo.root / "data.csv.dvc"
    pointer.write_text("# from the warehouse\n" + pointer.read_text() + "meta:\n  owner: me\n")
    repo.write("data.csv", "new content")
    repo.ours("add", "data.csv")
    assert pointer.read_text().startswith("# from the warehouse\n")
    assert "owner: me" in pointer.read_text()
    assert "up to date" in repo.dvc("status").stdout


def test_a_corrupt_object_is_never_delivered(repo):
    repo.ours("add", "data.csv")
    (repo.root / "data.csv").unlink()
    [found] = [p for p in (repo.root / ".dvc/cache").rglob("*") if p.is_file()]
    found.chmod(0o644)
    found.write_text("evil,b\n")
    found.chmod(0o444)
    done = repo.ours("checkout", ok=False)
    assert done.returncode == 255 and "corrupt" in done.stderr
    assert not (repo.root / "data.csv").exists()


def test_mistakes_are_named(repo, tmp_path):
    for arguments, word in [
        (["add", "nope"], "nope"),
        (["add", "../outside"], "outside"),
        (["add", "."], "repository"),
        (["status", "nope"], "nope"),
        (["checkout", "nope"], "nope"),
    ]:
        done = repo.ours(*arguments, ok=False)
        assert done.returncode != 0 and word in done.stderr, arguments
    repo.run("git", "add", "-f", "data.csv")
    assert "tracked by git" in repo.ours("add", "data.csv", ok=False).stderr
    repo.write("bad.dvc", "outs:\n- md5: zz\n  pth: x\n")
    assert "bad.dvc:" in repo.ours("status", ok=False).stderr
    outside = subprocess.run([binary(), "data", "status"], cwd=tmp_path, capture_output=True)
    assert outside.returncode == 253


def test_a_hostile_manifest_writes_nothing_outside(repo):
    repo.ours("add", "folder")
    text = json.dumps([{"md5": "d41d8cd98f00b204e9800998ecf8427e", "relpath": "../../escaped"}])
    import hashlib

    oid = hashlib.md5(text.encode()).hexdigest()
    target = repo.root / f".dvc/cache/files/md5/{oid[:2]}/{oid[2:]}.dir"
    target.parent.mkdir(exist_ok=True)
    target.write_text(text)
    repo.write(
        "folder.dvc",
        f"outs:\n- md5: {oid}.dir\n  size: 0\n  nfiles: 1\n  hash: md5\n  path: folder\n",
    )
    done = repo.ours("checkout", "--force", ok=False)
    assert done.returncode == 255 and "escaped" in done.stderr
    assert not (repo.root.parent / "escaped").exists()


def test_a_link_out_of_the_repository_is_not_followed(repo, tmp_path):
    repo.ours("add", "folder")
    shutil.rmtree(repo.root / "folder")
    (tmp_path / "elsewhere").mkdir()
    (repo.root / "folder").symlink_to(tmp_path / "elsewhere")
    assert repo.ours("checkout", "--force", ok=False).returncode == 255
    assert not list((tmp_path / "elsewhere").iterdir())


def test_the_lock_of_dvc_is_honoured(repo):
    import fcntl

    (repo.root / ".dvc/tmp").mkdir(exist_ok=True)
    with (repo.root / ".dvc/tmp/lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = repo.ours("add", "data.csv", ok=False)
    assert done.returncode == 1 and "lock" in done.stderr
    repo.ours("add", "data.csv")


@pytest.mark.parametrize("kind", ["hardlink", "symlink"])
def test_links_are_what_dvc_makes_of_them(tmp_path, kind):
    repo = Repo(tmp_path / "repo")
    repo.fill()
    repo.ours("init")
    repo.ours("config", "cache.type", f"{kind},copy")
    repo.ours("add", "folder", "data.csv")
    objects = {path.stat().st_ino: path for path in (repo.root / ".dvc/cache/files").rglob("*/*/*")}
    linked = repo.root / "folder/deep/7.txt"
    assert linked.stat().st_ino in objects
    assert linked.is_symlink() == (kind == "symlink")
    assert not (repo.root / "folder/run.sh").is_symlink()
    assert "up to date" in repo.ours("status").stdout
    assert "up to date" in repo.dvc("status").stdout

    shutil.rmtree(repo.root / "folder")
    repo.ours("checkout")
    assert linked.stat().st_ino in objects
    assert "up to date" in repo.dvc("status").stdout

    repo.ours("unprotect", "folder", "data.csv")
    assert linked.stat().st_ino not in objects and os.access(linked, os.W_OK)
    assert linked.stat().st_mode & 0o200
    repo.ours("checkout", "--relink")
    assert linked.stat().st_ino in objects
    repo.ours("config", "cache.type", "copy")
    repo.ours("checkout", "--relink", "folder")
    assert linked.stat().st_ino not in objects and not linked.is_symlink()
    assert "up to date" in repo.ours("status").stdout
    assert "up to date" in repo.dvc("status").stdout


def test_a_corrupt_object_stops_a_whole_folder(tmp_path):
    repo = Repo(tmp_path / "repo")
    repo.fill()
    repo.ours("init")
    repo.ours("add", "folder")
    broken = next(
        path
        for path in (repo.root / ".dvc/cache/files/md5").glob("*/*")
        if path.suffix != ".dir" and path.stat().st_size > 0
    )
    broken.chmod(0o644)
    broken.write_bytes(b"evil")
    shutil.rmtree(repo.root / "folder")
    done = repo.ours("checkout", ok=False)
    assert done.returncode == 255 and "corrupt" in done.stderr
    assert not (repo.root / "folder").exists()  # all of it or nothing
    assert not list((repo.root / ".dvc/tmp").glob("checkout-*"))


def test_links_never_touch_what_is_elsewhere(tmp_path):
    repo = Repo(tmp_path / "repo")
    repo.fill()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    key = elsewhere / "key"
    key.write_text("secret")
    key.chmod(0o400)
    (repo.root / "folder/away").symlink_to(elsewhere)
    repo.ours("init")
    repo.ours("config", "cache.type", "hardlink,copy")
    before = key.stat()
    repo.ours("add", "folder")
    repo.ours("unprotect", "folder")
    after = key.stat()
    assert (after.st_ino, after.st_mode, after.st_nlink) == (before.st_ino, before.st_mode, 1)
    assert os.access(repo.root / "folder/deep/7.txt", os.W_OK)
