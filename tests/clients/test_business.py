# SPDX-License-Identifier: Apache-2.0
"""Business events by request id: told twice, counted once, for the version that answered."""

import mlflow
import pytest
import requests
from test_monitoring import ENDPOINT, Watched, model, traffic


@pytest.fixture
def watched(new_server, tmp_path, monkeypatch):
    server = new_server().start()
    return Watched(server, tmp_path, monkeypatch)


def events(watched, items: list, status: int = 200) -> dict:
    return watched.call("POST", f"/endpoints/{ENDPOINT}/events", {"items": items}, status)


def by_version(watched) -> dict:
    found = watched.call("GET", f"/endpoints/{ENDPOINT}/events")["items"]
    return {one["version"]: one for one in found}


def test_events_are_counted_once_for_the_version_that_answered(watched):
    x, kind = traffic(40)
    for i in range(40):
        watched.predict([x[i]], [kind[i]], f"order-{i}")
    told = [{"request_id": f"order-{i}", "event": "conversion"} for i in range(10)]
    told += [
        {"request_id": "order-3", "event": "revenue", "value": 20.5, "id": "bill-1"},
        {"request_id": "order-3", "event": "revenue", "value": -0.5, "id": "bill-2"},
        {"request_id": "later", "event": "conversion"},
    ]
    assert events(watched, told) == {"accepted": 12, "waiting": 1, "repeated": 0}
    assert events(watched, told) == {"accepted": 0, "waiting": 0, "repeated": 13}
    watched.predict(x[:2], kind[:2], "later")  # a batch: its rows are later/0 and later/1

    def seen():
        one = by_version(watched).get("1")
        return one if one and one["predictions"] == 42 else None

    one = watched.wait("42 predictions", seen)
    got = {e["event"]: e for e in one["events"]}
    assert got["conversion"]["requests"] == 11
    assert got["conversion"]["rate"] == pytest.approx(11 / 42)
    assert got["revenue"] == {
        "event": "revenue",
        "events": 2,
        "requests": 1,
        "value": 20.0,
        "rate": pytest.approx(1 / 42),
        "value_per_prediction": pytest.approx(20 / 42),
    }
    future = watched.call("GET", f"/endpoints/{ENDPOINT}/events?since=2100-01-01T00:00:00Z")
    assert all(not one["events"] for one in future["items"])
    metrics = requests.get(f"{watched.url}/metrics", timeout=5).text
    assert 'slipway_business_total{endpoint="delays",event="conversion"' in metrics


@pytest.mark.parametrize(
    "item, field",
    [
        ({"event": "sale"}, "request_id"),
        ({"request_id": "a"}, "event"),
        ({"request_id": "a", "event": "two words"}, "event"),
        ({"request_id": "a", "event": "sale", "value": "much"}, "value"),
        ({"request_id": "a", "event": "sale", "at": "soon"}, "at"),
        ({"request_id": "a", "event": "sale", "vaule": 3}, "vaule"),
    ],
)
def test_what_is_wrong_is_named(server, item, field, tmp_path, monkeypatch):
    if "delays" not in requests.get(f"{server.url}/api/v1/endpoints", timeout=5).text:
        Watched(server, tmp_path, monkeypatch)
    url = f"{server.url}/api/v1/endpoints/{ENDPOINT}/events"
    answer = requests.post(url, json={"items": [item]}, timeout=5)
    assert answer.status_code == 400
    assert "$.items[0]" in answer.json()["detail"] and field in answer.json()["detail"]


def test_a_challenger_that_sells_less_is_rolled_back_by_that_rule(watched):
    with mlflow.start_run():
        mlflow.onnx.log_model(model(), name="model", registered_model_name="flights")
    rollout = watched.call(
        "POST",
        "/rollouts",
        {
            "endpoint": ENDPOINT,
            "model": "flights",
            "version": "2",
            "steps": [{"weight": 50, "min_requests": 100000}],
            "business": [{"event": "sale"}],
        },
        status=201,
    )
    assert rollout["business"] == [{"event": "sale", "measure": "rate", "tolerance": 0.05}]
    x, kind = traffic(600)
    session = requests.Session()
    for i in range(600):
        answer = session.post(
            f"{watched.url}/endpoints/{ENDPOINT}/invocations",
            json={"dataframe_split": {"columns": ["x", "kind"], "data": [[x[i], kind[i]]]}},
            headers={"x-request-id": f"r{i}"},
            timeout=10,
        )
        assert answer.status_code == 200, answer.text

    def recorded():
        found = watched.items(f"/endpoints/{ENDPOINT}/predictions?limit=1000")
        return found if len(found) >= 600 else None

    rows = watched.wait("all predictions", recorded)
    answered = {row["request_id"]: row["version"] for row in rows}
    assert set(answered.values()) == {"1", "2"}
    # Version 1 sells every third time, version 2 never.
    told = [
        {"request_id": key, "event": "sale"}
        for n, (key, version) in enumerate(sorted(answered.items()))
        if version == "1" and n % 3 == 0
    ]
    events(watched, told)

    def over():
        found = watched.call("GET", f"/rollouts/{rollout['id']}")
        return found if found["state"] != "running" else None

    ended = watched.wait("the end of the rollout", over)
    assert ended["state"] == "rolled_back"
    assert ended["reason"].startswith("business:sale: challenger 0.00 % of")
    evidence = [e for e in ended["evidence"] if e["check"] == "business:sale"]
    assert evidence[-1]["verdict"] == "red" and evidence[-1]["challenger"] == 0
