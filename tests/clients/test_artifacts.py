# SPDX-License-Identifier: Apache-2.0
"""The artifact proxy, hard cases: names, ranges, validators, and every way out of the folder."""

import http.client
import urllib.parse

import pytest
import requests

PROXY = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture(scope="module")
def run(server):
    made = requests.post(
        server.url + "/api/2.0/mlflow/runs/create", json={"experiment_id": "0"}, timeout=10
    ).json()["run"]["info"]
    return made["run_id"], f"0/{made['run_id']}/artifacts"


def raw(server, method, target, body=None, headers=None):
    """Sends the target as it is: no client may tidy it up."""
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        link.request(method, target, body=body, headers=headers or {})
        answer = link.getresponse()
        return (
            answer.status,
            answer.read(),
            {name.lower(): value for name, value in answer.getheaders()},
        )
    finally:
        link.close()


@pytest.mark.parametrize(
    "name",
    ["größer 🙂.txt", "a b+c&d=e.txt", "100%.txt", "q?x.txt", "x" * 255, "deep/" * 20 + "f"],
)
def test_a_name_comes_back_as_it_was(server, run, name):
    path = f"{PROXY}/{run[1]}/names/" + urllib.parse.quote(name)
    assert raw(server, "PUT", path, name.encode())[0] == 200
    status, body, headers = raw(server, "GET", path)
    assert (status, body) == (200, name.encode())
    folder, _, last = ("names/" + name).rpartition("/")
    listed = requests.get(
        server.url + "/api/2.0/mlflow/artifacts/list",
        params={"run_id": run[0], "path": folder},
        timeout=10,
    ).json()["files"]
    assert f"{folder}/{last}" in {f["path"] for f in listed}
    assert raw(server, "DELETE", path)[0] == 200
    assert raw(server, "GET", path)[0] == 404


# What a name becomes when the client sends it and the server decodes it, once and for all: as
# recorded from the original.
DECODED = {
    "a%20b.txt": "a b.txt",
    "100%.txt": "100%.txt",
    "100%20%.txt": "100 %.txt",
    "%25.txt": "%.txt",
    "%2525.txt": "%.txt",
    "a%zz%41.txt": "a%zzA.txt",
    "a%2": "a%2",
    "%%": "%%",
    "größe 🙂.txt": "größe 🙂.txt",
    "é" * 127: "é" * 127,
    "a;b+c&d=e:f.txt": "a;b+c&d=e:f.txt",
    "[x] ~.txt": "[x] ~.txt",
    "back\\slash.txt": "back\\slash.txt",
    "end\x7f.txt": "end%7f.txt",
    "composed-\u00e9.txt": "composed-\u00e9.txt",  # unicode is not normalised:
    "composed-e\u0301.txt": "composed-e\u0301.txt",  # these two are different names
    "\u05e9\u05dc\u05d5\u05dd \u0645.txt": "\u05e9\u05dc\u05d5\u05dd \u0645.txt",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "trailing ": "trailing ",
    ".hidden": ".hidden",
    "dots...": "dots...",
    "-rf *": "-rf *",
    "CON": "CON",
    "quote'\"`$(x).txt": "quote'\"`$(x).txt",
}


@pytest.mark.parametrize("name", DECODED)
def test_names_are_decoded_as_by_the_original(server, mlflow, tmp_path, name):
    (tmp_path / name).write_text("hello " + name)
    client = mlflow.MlflowClient()
    run_id = client.create_run("0").info.run_id
    client.log_artifact(run_id, str(tmp_path / name), "d")
    (listed,) = client.list_artifacts(run_id, "d")
    assert listed.path == "d/" + DECODED[name]
    local = client.download_artifacts(run_id, listed.path, str(tmp_path))
    with open(local) as file:
        assert file.read() == "hello " + name


def test_names_of_one_letter_in_two_unicode_forms_are_two_files(server, run):
    for name in ("\u00e9", "e\u0301"):
        path = f"{PROXY}/{run[1]}/forms/" + urllib.parse.quote(name)
        assert raw(server, "PUT", path, name.encode())[0] == 200
    for name in ("\u00e9", "e\u0301"):
        path = f"{PROXY}/{run[1]}/forms/" + urllib.parse.quote(name)
        assert raw(server, "GET", path)[1] == name.encode()
    listed = requests.get(
        server.url + "/api/2.0/mlflow/artifacts/list",
        params={"run_id": run[0], "path": "forms"},
        timeout=10,
    ).json()["files"]
    assert len(listed) == 2


def test_a_deep_path_comes_back_and_one_too_deep_is_refused(server, mlflow, run, tmp_path):
    client = mlflow.MlflowClient()
    deep = "/".join(["folder-" + "x" * 40] * 55) + "/f.txt"
    client.log_text(run[0], "at the bottom", deep)
    local = client.download_artifacts(run[0], deep, str(tmp_path))
    assert open(local).read() == "at the bottom"
    (found,) = client.list_artifacts(run[0], deep.rpartition("/")[0])
    assert found.path == deep
    path = f"{PROXY}/{run[1]}/" + "d/" * 2000 + "f"
    assert raw(server, "PUT", path, b"x")[0] == 400


def test_a_name_that_is_no_utf8_is_refused(server, run):
    """No client sends one: Python's refuses to, and the original stores a replacement character."""
    for name in ("%ff.txt", "a%c3(", "%ed%a0%80"):
        status, body, _ = raw(server, "PUT", f"{PROXY}/{run[1]}/{name}", b"x")
        assert status == 400, body


def test_an_empty_file_and_a_folder_that_is_not_there(server, run):
    path = f"{PROXY}/{run[1]}/empty.bin"
    assert raw(server, "PUT", path, b"")[0] == 200
    status, body, headers = raw(server, "GET", path)
    assert (status, body, headers["content-length"]) == (200, b"", "0")
    assert raw(server, "GET", path, headers={"Range": "bytes=0-0"})[0] == 416
    listed = raw(server, "GET", f"{PROXY}?path={run[1]}/nothing")
    assert listed[0] == 200 and listed[1] == b"{}"
    assert raw(server, "GET", f"{PROXY}/{run[1]}")[0] == 400


def test_a_name_that_is_too_long_is_refused(server, run):
    status, body, _ = raw(server, "PUT", f"{PROXY}/{run[1]}/" + "x" * 256, b"x")
    assert status == 400, body


def test_ranges_and_validators(server, run):
    path = f"{PROXY}/{run[1]}/ten.txt"
    assert raw(server, "PUT", path, b"0123456789")[0] == 200
    status, body, headers = raw(server, "GET", path)
    etag = headers["etag"]
    assert headers["accept-ranges"] == "bytes"

    def ranged(spec, **more):
        status, body, headers = raw(server, "GET", path, headers={"Range": spec} | more)
        return status, body, headers.get("content-range")

    assert ranged("bytes=2-4") == (206, b"234", "bytes 2-4/10")
    assert ranged("bytes=7-") == (206, b"789", "bytes 7-9/10")
    assert ranged("bytes=-3") == (206, b"789", "bytes 7-9/10")
    assert ranged("bytes=5-99") == (206, b"56789", "bytes 5-9/10")
    assert ranged("bytes=10-")[0::2] == (416, "bytes */10")
    assert ranged("bytes=0-1,4-5")[0::2] == (416, "bytes */10")
    assert ranged("lines=1-2")[:2] == (200, b"0123456789")
    assert ranged("bytes=2-4", **{"If-Range": etag})[0] == 206
    assert ranged("bytes=2-4", **{"If-Range": '"other"'})[:2] == (200, b"0123456789")
    assert raw(server, "GET", path, headers={"If-None-Match": etag})[:2] == (304, b"")
    status, body, headers = raw(server, "HEAD", path)
    assert (status, body, headers["content-length"]) == (200, b"", "10")
    assert raw(server, "PUT", path, b"other")[0] == 200
    assert raw(server, "GET", path, headers={"If-None-Match": etag})[1] == b"other"


@pytest.mark.parametrize(
    "hop",
    [
        *("..", "%2e%2e", "%2E%2e", ".%2e", "%252e%252e", "%25252e%25252e", "..%2f..", "%2e%2e%2f"),
        *("..%5c..", "..\\..", "%5c..%5c", "C:%5cwindows"),
        *("..%00", "x%00y", "%c0%ae%c0%ae", "%c0%af", "..%c0%af..", "a%23b"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_no_way_leads_out(server, run, method, hop):
    status, body, _ = raw(server, method, f"{PROXY}/{run[1]}/{hop}/passwd", b"x")
    assert status in (400, 404), (status, body)
    if method == "PUT":
        assert status == 400, body
    query = f"/api/2.0/mlflow/artifacts/list?run_id={run[0]}&path={hop}"
    assert raw(server, "GET", query)[0] in (200, 400)
    assert b"root:" not in body
    for start in ("C:/windows", "%2fetc", "%252fetc", "file:%2f%2f%2fetc"):
        assert raw(server, method, f"{PROXY}/{start}/passwd", b"x")[0] == 400, start
    outside = server.folder / "passwd"
    assert not outside.exists() and not list((server.folder / "data").rglob("passwd"))


def test_a_link_that_leads_out_is_not_followed(server, run):
    path = f"{PROXY}/{run[1]}/linked/inside.txt"
    assert raw(server, "PUT", path, b"inside")[0] == 200
    folder = next(p.parent for p in (server.folder / "data").rglob("inside.txt"))
    secret = server.folder / "secret.txt"
    secret.write_text("secret")
    (folder / "out.txt").symlink_to(secret)
    (folder / "up").symlink_to(server.folder)
    for target in ("linked/out.txt", "linked/up/secret.txt"):
        status, body, _ = raw(server, "GET", f"{PROXY}/{run[1]}/{target}")
        assert status in (400, 403, 404) and b"secret" not in body.split(b":")[0:1], (target, body)
        assert body != b"secret"
    status, body, _ = raw(server, "GET", f"{PROXY}?path={run[1]}/linked")
    assert b"inside.txt" in body


@pytest.mark.parametrize("verb", ["create", "complete", "abort"])
def test_multipart_uploads_are_declined_as_by_a_local_store(server, run, verb):
    answer = requests.post(
        f"{server.url}/api/2.0/mlflow-artifacts/mpu/{verb}/{run[1]}/x",
        json={"path": "x", "num_parts": 2, "upload_id": "u", "parts": []},
        timeout=10,
    )
    assert answer.status_code == 501
    assert answer.json()["error_code"] == "NOT_IMPLEMENTED"
