# SPDX-License-Identifier: Apache-2.0
"""Several servers of one store: what is refused, and what holds."""

import os
import subprocess
import time

import pytest
import requests
from conftest import Server, binary, free_port
from serving_models import echo_model, endpoint
from test_database_faults import postgres  # noqa: F401 (a fixture)


def up(folder, *arguments):
    """A server that is expected not to come up."""
    return subprocess.run(
        [binary(), "up", "--port", str(free_port()), "--grpc-port", "0"]
        + ["--data", str(folder), *arguments],
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_a_second_server_of_one_data_folder_or_sqlite_store_is_refused(new_server, tmp_path):
    server = new_server().start()
    data = server.folder / "data"
    again = up(data)
    assert again.returncode == 1
    assert "another server uses the data folder" in again.stderr
    other = up(tmp_path / "other", "--store", f"sqlite:///{data}/slipway.db")
    assert other.returncode == 1
    assert "another server looks after the store" in other.stderr and "SQLite" in other.stderr
    assert requests.get(server.url + "/health").status_code == 200
    server.kill()
    server.start()  # nothing of the one that was killed is in the way


def infer(server, value=1.0, name="echo", **headers):
    body = {"inputs": [{"name": "X", "shape": [1, 2], "datatype": "FP32", "data": [value, value]}]}
    return requests.post(f"{server.url}/v2/models/{name}/infer", json=body, headers=headers)


def eventually(check, seconds=120):
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def pair(tmp_path, postgres):  # noqa: F811
    """One that looks after the store, and one that only answers."""
    made = []
    for name, role in (("home", "all"), ("replica", "serve")):
        folder = tmp_path / name
        folder.mkdir()
        artifacts = tmp_path / "home" / "artifacts"
        arguments = ["--store", postgres.url, "--artifacts", str(artifacts), "--role", role]
        made.append(Server(folder, *arguments).start())
    yield made
    for server in made:
        server.kill()


def log_echo(server, times):
    import mlflow

    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    for _ in range(times):
        with mlflow.start_run():
            mlflow.onnx.log_model(
                echo_model({"X": "FLOAT"}),
                name="model",
                registered_model_name="echo",
                pip_requirements=["onnxruntime"],
            )


def test_replicas_of_one_postgresql(pair, postgres, tmp_path):  # noqa: F811
    home, replica = pair
    second = up(tmp_path / "third", "--store", postgres.url)
    assert second.returncode == 1
    assert "--role serve" in second.stderr and "looks after the store" in second.stderr

    log_echo(home, 2)
    endpoint(home, "echo", [{"model": "echo", "version": "1"}])
    eventually(lambda: infer(replica).status_code == 200)
    assert infer(replica).json()["model_version"] == "1"

    # A change made on either is seen by the other.
    for changer, other, version in ((home, replica, "2"), (replica, home, "1")):
        spec = {"name": "echo", "routes": [{"model": "echo", "version": version}]}
        changed = requests.put(f"{changer.url}/api/v1/endpoints/echo", json=spec)
        assert changed.status_code == 200, changed.text
        eventually(lambda o=other, v=version: infer(o).json()["model_version"] == v)
        time.sleep(1.5)  # and nobody takes it back
        assert [infer(s).json()["model_version"] for s in pair] == [version, version]

    # An alias that moves on one moves on the other.
    spec = {"name": "follows", "routes": [{"model": "echo", "alias": "best"}]}
    import mlflow

    client = mlflow.MlflowClient()
    client.set_registered_model_alias("echo", "best", "1")
    made = requests.post(f"{replica.url}/api/v1/endpoints", json=spec)
    assert made.status_code == 201, made.text
    url = "/v2/models/follows"
    eventually(lambda: requests.get(home.url + url).status_code == 200)
    client.set_registered_model_alias("echo", "best", "2")
    eventually(lambda: requests.get(replica.url + url).json()["versions"] == ["2"])

    # Predictions of both are kept, and counted together: nothing collides.
    endpoint(home, "watched", [{"model": "echo", "version": "1"}])
    eventually(lambda: infer(replica, name="watched").status_code == 200)
    watched = f"{home.url}/api/v1/endpoints/watched/monitor"
    settings = {"window_rows": 50, "min_rows": 20}
    assert requests.put(watched, json=settings).status_code == 200
    for i in range(30):
        for server in pair:
            answer = infer(server, i, "watched", **{"x-request-id": f"{server.port}-{i}"})
            assert answer.status_code == 200

    def labelled(server, ids):
        body = {"items": [{"request_id": one, "label": 1} for one in ids]}
        got = requests.post(f"{server.url}/api/v1/endpoints/watched/feedback", json=body)
        assert got.status_code == 200, got.text
        return got.json()["accepted"]

    ids = [f"{server.port}-{i}" for server in pair for i in range(10)]
    eventually(lambda: labelled(home, ids) == 20)
    eventually(lambda: labelled(replica, ids) == 20)
    reports = f"{home.url}/api/v1/endpoints/watched/drift"
    eventually(lambda: len(requests.get(reports).json()["items"]) >= 1)
    first = requests.get(reports).json()["items"][-1]
    assert first["rows"] >= 50  # of both: one alone has made 30
    assert not [x for x in home.log.read_text().splitlines() if "store_failed" in x]
    assert not [x for x in replica.log.read_text().splitlines() if "store_failed" in x]

    gone = requests.delete(f"{replica.url}/api/v1/endpoints/follows")
    assert gone.status_code in (200, 204)
    eventually(lambda: requests.get(home.url + url).status_code == 404)
    replica.kill()
    assert infer(home).status_code == 200
    assert os.path.exists(home.folder)


def test_what_a_replica_answers_is_judged(pair):
    home, replica = pair
    log_echo(home, 2)
    endpoint(home, "judged", [{"model": "echo", "version": "1"}])
    eventually(lambda: infer(replica, name="judged").status_code == 200)

    def api(server, method, path, body=None, status=200):
        answer = requests.request(method, f"{server.url}/api/v1{path}", json=body, timeout=30)
        assert answer.status_code == status, answer.text
        return answer.json()

    # Labels that the replica was told close windows, once, and on the server that judges.
    settings = {"quality": {"metric": "mae", "max": 5, "window_rows": 20}}
    api(home, "PUT", "/endpoints/judged/monitor", settings)
    for i in range(25):
        answer = infer(replica, 1.0, "judged", **{"x-request-id": f"q-{i}"})
        assert answer.status_code == 200
    items = [{"request_id": f"q-{i}", "label": 10.5} for i in range(25)]

    def accepted():
        body = {"items": items}
        return api(replica, "POST", "/endpoints/judged/feedback", body)["accepted"] == 25

    eventually(accepted)
    quality = "/endpoints/judged/quality"

    def windows(server):
        found = api(server, "GET", quality)["items"]
        return sorted((one["open"], one["labelled"]) for one in found)

    for server in pair:
        eventually(lambda s=server: windows(s) == [(False, 20), (True, 5)])
    alerts = api(home, "GET", "/alerts?state=open")["items"]
    assert [one["kind"] for one in alerts] == ["quality"], alerts

    # A rollout counts what the replica answers, and goes on by it alone.
    steps = [{"weight": 50, "min_requests": 30}, {"weight": 100, "min_requests": 30}]
    spec = {"endpoint": "judged", "model": "echo", "version": "2", "steps": steps}
    identity = api(home, "POST", "/rollouts", spec, 201)["id"]
    deadline = time.monotonic() + 120
    while api(home, "GET", f"/rollouts/{identity}")["state"] == "running":
        assert time.monotonic() < deadline, api(home, "GET", f"/rollouts/{identity}")
        assert infer(replica, 2.0, "judged").status_code == 200
        time.sleep(0.005)
    assert api(home, "GET", f"/rollouts/{identity}")["state"] == "promoted"


def psql(cluster, statement):
    return [*cluster.user, str(cluster.bin / "psql"), "-qAt", "-h", "127.0.0.1", "-p"] + [
        *(str(cluster.port), "-U", "slipway", "-c", statement, "postgres")
    ]


HOLDERS = "SELECT {} FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = {}"
HOLD = 7236837200159 & 0xFFFFFFFF


def test_one_whose_hold_another_took_ends(pair, postgres):  # noqa: F811
    home, replica = pair

    def sql(text):
        command = psql(postgres, text)
        return subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=postgres.folder
        ).stdout

    def holders():
        return sql(HOLDERS.format("pid", HOLD)).split()

    (first,) = holders()
    sql(f"SELECT pg_terminate_backend({first})")
    eventually(lambda: len(holders()) == 1 and holders() != [first])  # it takes it again
    assert home.process.poll() is None and infer(home).status_code != 500

    # Another is faster: it waits for the lock, so it has it as soon as the holder's session ends.
    (second,) = holders()
    taken = psql(postgres, "SELECT pg_advisory_lock(7236837200159), pg_sleep(60)")
    waits = subprocess.Popen(taken, cwd=postgres.folder, stdout=subprocess.DEVNULL)
    try:
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        eventually(lambda: int(sql(waiting)) >= 1)
        sql(f"SELECT pg_terminate_backend({second})")
        assert home.process.wait(30) == 1
        assert "store.hold_lost" in home.log.read_text()
        assert replica.process.poll() is None
    finally:
        waits.kill()
        waits.wait()
