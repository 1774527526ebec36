# SPDX-License-Identifier: Apache-2.0
"""Remotes and configuration: the real `dvc` and `slipway data` share data in both directions."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import s3_server
from conftest import binary
from test_data import Repo

SETTINGS = [
    ["remote", "add", "-d", "loc", "../rem"],
    ["remote", "add", "loc", "../other"],
    ["remote", "add", "-f", "loc", "../rem2"],
    ["remote", "add", "--local", "bucket", "s3://buck/pre"],
    ["remote", "modify", "--local", "bucket", "access_key_id", "a,b c"],
    ["remote", "modify", "bucket", "nosuch", "1"],
    ["remote", "modify", "loc", "jobs", "7"],
    ["remote", "list"],
    ["remote", "default", "nosuch"],
    ["remote", "default", "bucket"],
    ["remote", "rename", "loc", "place"],
    ["remote", "default", "place"],
    ["remote", "list"],
    ["remote", "remove", "--local", "bucket"],
    ["config", "core.autostage", "true"],
    ["config", "core.nope", "1"],
    ["config", "cache.type", "hardlink,copy"],
    ["config", "cache.type", "teleport"],
    ["config", "-u", "core.autostage"],
    ["config", "remote.place.url"],
    ["config", "-l", "--local"],
    ["cache", "dir", "../shared cache"],
    ["remote", "modify", "-u", "place", "jobs"],
    ["remote", "default", "-u"],
    ["remote", "remove", "place"],
]


def test_settings_are_changed_as_dvc_changes_them(tmp_path):
    repos = []
    for name in ("mine", "theirs"):
        (tmp_path / name).mkdir()
        repos.append(Repo(tmp_path / name / "repo"))
    mine, theirs = repos
    mine.ours("init")
    theirs.dvc("init")

    def configuration(repo):
        files = [repo.root / ".dvc/config", repo.root / ".dvc/config.local"]
        return [f.read_text().strip() for f in files if f.exists()]

    for command in SETTINGS:
        ours, dvc = mine.ours(*command, ok=False), theirs.dvc(*command, ok=False)
        assert ours.returncode == dvc.returncode, (command, ours.stderr, dvc.stderr)
        same_folder = dvc.stdout.replace("/theirs/", "/mine/")  # dvc wraps its lines
        assert ours.stdout.split() == same_folder.split(), command
        assert configuration(mine) == configuration(theirs), command


def test_comments_of_the_configuration_survive(tmp_path):
    repo = Repo(tmp_path / "repo")
    repo.ours("init")
    config = repo.root / ".dvc/config"
    config.write_text("# shared by all\n[core]\n    autostage = true  \n")
    repo.ours("remote", "add", "-d", "loc", "/elsewhere")
    assert "# shared by all" in config.read_text()
    assert repo.dvc("config", "core.remote").stdout.strip() == "loc"


@pytest.fixture
def pair(tmp_path):
    """A repository with data and a remote, and a clone of it without either tool's cache."""
    repo = Repo(tmp_path / "repo")
    repo.run("git", "config", "user.email", "a@example.org")
    repo.run("git", "config", "user.name", "a")
    repo.ours("init")
    repo.ours("remote", "add", "-d", "loc", str(tmp_path / "remote"))
    repo.fill()
    repo.ours("add", "data.csv", "empty", "folder")
    repo.run("git", "add", "-A")
    repo.run("git", "commit", "-qm", "data")

    def clone(name="clone"):
        repo.run("git", "clone", "-q", repo.root, tmp_path / name)
        out = Repo.__new__(Repo)
        out.root = tmp_path / name
        return out

    return repo, clone, tmp_path / "remote"


def objects(folder: Path) -> dict:
    return {
        str(p.relative_to(folder)): (p.read_bytes(), oct(p.stat().st_mode & 0o777))
        for p in folder.rglob("*")
        if p.is_file()
    }


def script_in(folder: Path) -> Path:
    """The object of folder/run.sh."""
    return next(p for p in folder.rglob("*") if p.is_file() and b"#!" in p.read_bytes())


def content(repo: Repo) -> dict:
    return {
        str(p.relative_to(repo.root)): p.read_bytes()
        for name in ("folder", "data.csv", "empty")
        for p in [repo.root / name, *(repo.root / name).rglob("*")]
        if p.is_file()
    }


@pytest.mark.parametrize("giver,taker", [("ours", "dvc"), ("dvc", "ours"), ("ours", "ours")])
def test_what_one_pushes_the_other_pulls(pair, giver, taker):
    repo, clone, remote = pair
    before = content(repo)
    assert getattr(repo, giver)("push").stdout.endswith("files pushed\n")
    assert objects(remote / "files") == objects(repo.root / ".dvc/cache/files")
    assert repo.ours("status", "-c").stdout == "Cache and remote 'loc' are in sync.\n"

    other = clone()
    pulled = getattr(other, taker)("pull").stdout.split()
    assert content(other) == before
    assert "folder/" in pulled and "data.csv" in pulled and "fetched" in pulled
    assert other.ours("pull").stdout == "Everything is up to date.\n"
    assert "up to date" in other.dvc("status").stdout


def test_both_say_the_same_of_a_remote(pair):
    repo, clone, remote = pair
    for arguments in (["status", "-c", "--json"], ["status", "-c", "--json", "data.csv"]):
        assert json.loads(repo.ours(*arguments).stdout) == json.loads(repo.dvc(*arguments).stdout)
    one = repo.ours("push", "data.csv")
    assert one.stdout == "1 file pushed\n"
    assert repo.ours("push", "data.csv").stdout == "Everything is up to date.\n"
    left = json.loads(repo.ours("status", "-c", "--json").stdout)
    assert left == json.loads(repo.dvc("status", "-c", "--json").stdout)
    assert "data.csv" not in left and left["folder"] == "new"
    other = clone()
    assert other.ours("fetch", "data.csv").stdout == "1 file fetched\n"
    assert not (other.root / "data.csv").exists()
    nothing = other.ours("fetch", "folder", ok=False)
    assert "Missing cache files" in nothing.stderr


def test_part_of_a_folder_is_enough(pair):
    repo, clone, remote = pair
    repo.ours("push")
    other = clone()
    assert other.ours("fetch", "folder/deep").stdout.endswith("files fetched\n")
    have = len(objects(other.root / ".dvc/cache/files"))
    assert 0 < have < len(objects(remote / "files"))


def test_a_manifest_reaches_a_remote_after_its_files_only(pair):
    repo, clone, remote = pair
    victim = next(
        p
        for p in (repo.root / ".dvc/cache/files").rglob("*")
        if p.is_file() and b"#!" in p.read_bytes()
    )
    victim.chmod(0o644)
    victim.write_text("something else")
    refused = repo.ours("push", ok=False)
    assert refused.returncode == 1
    assert "corrupt" in refused.stderr and "folder/run.sh" in refused.stderr
    assert not list(remote.rglob("*.dir")), "a manifest without one of its files"
    assert not (remote / "files/md5" / victim.parent.name / victim.name).exists()

    victim.unlink()
    repo.ours("add", "folder")
    repo.ours("push")
    assert list(remote.rglob("*.dir"))


def test_a_corrupt_object_is_not_delivered(pair):
    repo, clone, remote = pair
    repo.ours("push")
    victim = script_in(remote)
    victim.chmod(0o644)
    victim.write_text("something else")
    other = clone()
    refused = other.ours("pull", ok=False)
    assert refused.returncode == 1 and "corrupt" in refused.stderr
    assert not (other.root / "folder/run.sh").exists()
    here = repo.ours("verify")
    assert here.stdout.endswith("0 corrupt, 0 missing\n")


def test_other_commits_are_shared_and_kept_too(pair):
    repo, clone, remote = pair
    for text in ("of the second commit", "of the third"):
        repo.write("data.csv", text)
        repo.ours("add", "data.csv")
        repo.run("git", "commit", "-qam", text)
    repo.ours("push")
    first = len(objects(remote / "files"))
    repo.ours("push", "-A")
    assert len(objects(remote / "files")) == first + 1

    kept = objects(repo.root / ".dvc/cache/files")
    repo.ours("gc", "-A", "-c", "-f")
    assert objects(repo.root / ".dvc/cache/files") == kept == objects(remote / "files")
    dry = repo.ours("gc", "-w", "-c", "--dry")
    assert "Removing " in dry.stdout and objects(remote / "files") == kept
    refused = repo.ours("gc", "-f", ok=False)
    assert refused.returncode == repo.dvc("gc", "-f", ok=False).returncode == 255

    repo.ours("gc", "-w", "-c", "-f")
    assert len(objects(remote / "files")) == len(objects(repo.root / ".dvc/cache/files")) == first
    assert "No unused 'repo' cache" in repo.dvc("gc", "-w", "-f").stdout
    assert "in sync" in repo.dvc("status", "-c").stdout


def test_nothing_is_removed_while_it_is_unclear_what_stays(pair):
    repo, clone, remote = pair
    repo.ours("push")
    pointer = (repo.root / "data.csv.dvc").read_text()
    repo.write("data.csv.dvc", "outs: {not: a list}\n")
    repo.run("git", "commit", "-qam", "broken")
    repo.write("data.csv.dvc", pointer)
    repo.run("git", "commit", "-qam", "mended")
    before = objects(remote / "files")
    refused = repo.ours("gc", "-A", "-c", "-f", ok=False)
    assert refused.returncode == 255 and "data.csv.dvc" in refused.stderr
    assert objects(remote / "files") == before == objects(repo.root / ".dvc/cache/files")
    repo.ours("gc", "-w", "-c", "-f")
    assert objects(remote / "files") == before


def test_what_a_killed_writer_left_is_collected(pair):
    repo, clone, remote = pair
    cache = repo.root / ".dvc/cache/files/md5"
    left, new = cache / "incoming.0123456789ab.tmp", cache / "incoming.ba9876543210.tmp"
    for path in (left, new):
        path.write_text("half of it")
    os.utime(left, (0, 0))
    repo.ours("gc", "-w", "--dry")
    assert left.exists()
    repo.ours("gc", "-w", "-f")
    assert not left.exists() and new.exists()


def test_what_pipelines_made_is_kept(pair):
    repo, clone, remote = pair
    repo.write(
        "dvc.yaml", "stages:\n  make:\n    cmd: echo made > made.txt\n    outs: [made.txt]\n"
    )
    repo.dvc("repro")
    repo.ours("push")
    repo.ours("gc", "-w", "-c", "-f")
    assert "in sync" in repo.dvc("status", "-c").stdout
    assert "up to date" in repo.dvc("status").stdout


def test_errors_name_what_is_wrong(pair, tmp_path):
    repo, clone, remote = pair
    for command, words in (
        (["push", "-r", "nosuch"], "remote 'nosuch' doesn't exist"),
        (["pull", "nosuch"], "'nosuch' does not exist"),
        (["push", "nosuch"], "'nosuch' does not exist"),
    ):
        mine, theirs = repo.ours(*command, ok=False), repo.dvc(*command, ok=False)
        assert mine.returncode == theirs.returncode == 1
        assert words in mine.stderr and words in theirs.stderr
    repo.ours("remote", "default", "-u")
    mine, theirs = repo.ours("push", ok=False), repo.dvc("push", ok=False)
    assert mine.returncode == theirs.returncode == 1
    assert "no remote specified" in mine.stderr and "no remote specified" in theirs.stderr
    repo.ours("remote", "add", "odd", "ftp://there/data")
    assert "not supported" in repo.ours("push", "-r", "odd", ok=False).stderr


def test_a_killed_push_leaves_a_remote_that_a_second_one_finishes(pair):
    repo, clone, remote = pair
    for i in range(3_000):
        repo.write(f"many/{i}.txt", f"number {i}")
    repo.ours("add", "many")
    for pause in (0.02, 0.05, 0.1):
        push = subprocess.Popen(
            [binary(), "data", "push"], cwd=repo.root, stdout=subprocess.DEVNULL
        )
        time.sleep(pause)
        push.send_signal(signal.SIGKILL)
        push.wait()
        stored = objects(remote / "files") if remote.exists() else {}
        for name, (bytes_, _) in stored.items():
            if not name.endswith(".dir"):
                continue
            for entry in json.loads(bytes_):
                assert f"md5/{entry['md5'][:2]}/{entry['md5'][2:]}" in stored
    repo.ours("push")
    assert repo.ours("status", "-c").stdout == "Cache and remote 'loc' are in sync.\n"
    other = clone()
    shutil.copy(repo.root / "many.dvc", other.root / "many.dvc")
    other.ours("pull", "many.dvc")
    assert len(list((other.root / "many").iterdir())) == 3_000


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    url, stop = s3_server.start(tmp_path_factory.mktemp("s3"))
    client = s3_server.client_of(url)
    client.create_bucket(Bucket="shared")
    yield url, client
    stop()


def keys_of(client, prefix):
    pages = client.get_paginator("list_objects_v2").paginate(Bucket="shared", Prefix=prefix)
    return {one["Key"] for page in pages for one in page.get("Contents", [])}


def test_a_bucket_is_a_remote(pair, bucket, monkeypatch, tmp_path):
    repo, clone, _ = pair
    url, client = bucket
    for i in range(250):
        repo.write(f"folder/more/{i}", f"{i} more")
    repo.write("large", "x" * (20 << 20))
    repo.ours("add", "folder", "large")
    repo.ours("gc", "-w", "-f")  # the folder as it was before
    repo.ours("remote", "add", "-d", "s3", "s3://shared/some/prefix")
    repo.ours("remote", "modify", "s3", "endpointurl", url)
    refused = repo.ours("push", ok=False)
    assert refused.returncode == 1 and "no credentials" in refused.stderr
    repo.ours("remote", "modify", "--local", "s3", "access_key_id", s3_server.KEY)
    repo.ours("remote", "modify", "--local", "s3", "secret_access_key", "wrong")
    refused = repo.ours("push", ok=False)
    assert refused.returncode == 1 and "SignatureDoesNotMatch" in refused.stderr
    repo.ours("remote", "modify", "--local", "s3", "secret_access_key", s3_server.SECRET)

    assert repo.ours("push").stdout.endswith("files pushed\n")
    cache = repo.root / ".dvc/cache"
    assert keys_of(client, "some/prefix/") == {"some/prefix/" + key for key in objects(cache)}
    assert repo.ours("push").stdout == "Everything is up to date.\n"
    assert repo.ours("status", "-c").stdout == "Cache and remote 's3' are in sync.\n"

    repo.run("git", "add", "-A")
    repo.run("git", "commit", "-qm", "more")
    other = clone()
    credentials = tmp_path / "credentials"
    credentials.write_text(
        f"[team]\naws_access_key_id = {s3_server.KEY}\naws_secret_access_key = {s3_server.SECRET}\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_PROFILE", "team")
    other.ours("pull")
    assert content(other) == content(repo)
    assert (other.root / "large").read_bytes() == (repo.root / "large").read_bytes()

    shutil.rmtree(repo.root / "folder/more")
    repo.ours("add", "folder")
    repo.ours("push")
    repo.ours("gc", "-w", "-c", "-f")
    assert keys_of(client, "some/prefix/") == {"some/prefix/" + key for key in objects(cache)}
    assert len(keys_of(client, "some/prefix/")) < 60


def test_credentials_of_the_environment(pair, bucket, monkeypatch):
    repo, clone, _ = pair
    url, client = bucket
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.SECRET)
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    repo.ours("remote", "add", "-fd", "loc", "s3://shared")
    repo.run("git", "commit", "-qam", "a bucket")
    repo.ours("push")
    victim = sorted(k for k in keys_of(client, "files/") if not k.endswith(".dir"))[0]
    client.put_object(Bucket="shared", Key=victim, Body=b"something else")
    other = clone()
    refused = other.ours("pull", ok=False)
    assert refused.returncode == 1 and "corrupt" in refused.stderr
    assert os.environ["AWS_ENDPOINT_URL"] == url
