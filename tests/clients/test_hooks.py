# SPDX-License-Identifier: Apache-2.0
"""Webhooks of Alertmanager and Grafana start pipelines, once an alert, for who has the secret."""

import hashlib
import hmac
import json
import shutil
import socket
import subprocess
import time

import pytest
import requests

PIPELINE = """
name: retrain
params: {month: 1}
steps: [{name: work, run: "echo {{ params.month }}"}]
"""


def alert(fingerprint="f1", starts="2026-03-01T10:00:00Z", status="firing", **labels) -> dict:
    """As both senders write it; Grafana's has more fields."""
    return {
        "status": status,
        "labels": {"alertname": "SlowModel", **labels},
        "annotations": {"summary": "it is slow"},
        "startsAt": starts,
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": fingerprint,
    }


def message(*alerts: dict) -> dict:
    return {
        "version": "4",
        "groupKey": '{}:{alertname="SlowModel"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "slipway",
        "groupLabels": {"alertname": "SlowModel"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager",
        "alerts": list(alerts),
    }


@pytest.fixture
def hook(server):
    api = server.url + "/api/v1"
    registered = {"yaml": PIPELINE, "folder": str(server.folder), "file": "retrain.yaml"}
    assert requests.post(f"{api}/pipelines", json=registered, timeout=10).status_code == 201
    body = {"name": "page", "pipeline": "retrain", "params": {"month": 4}, "cooldown_s": 0}
    made = requests.post(f"{api}/hooks", json=body, timeout=10)
    assert made.status_code == 201, made.text
    yield made.json()
    requests.delete(f"{api}/hooks/page", timeout=10)


def executions(server) -> list:
    found = requests.get(f"{server.url}/api/v1/executions", timeout=10).json()["items"]
    return [e for e in found if e["trigger"]["kind"] == "alertmanager"]


def ended(server, execution_id: str):
    for _ in range(200):
        found = requests.get(f"{server.url}/api/v1/executions/{execution_id}", timeout=10).json()
        if found["status"] not in ("queued", "running"):
            return found
        time.sleep(0.05)
    pytest.fail(f"still {found['status']}")


def test_only_who_knows_the_secret_starts_anything(server, hook):
    url = server.url + hook["path"]
    text = json.dumps(message(alert("locked"))).encode()
    secret = hook["secret"]
    sign = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    stamped = hmac.new(secret.encode(), b"17:" + text, hashlib.sha256).hexdigest()
    before = len(executions(server))
    for headers in (
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Bearer {secret}x"},
        {"x-slipway-signature": "sha256=" + "0" * 64},
        {"x-grafana-alerting-signature": stamped},
    ):
        assert requests.post(url, data=text, headers=headers, timeout=10).status_code == 401
    nowhere = url.replace("/page/", "/other/")
    bearer = {"authorization": f"Bearer {secret}"}
    assert requests.post(nowhere, data=text, headers=bearer, timeout=10).status_code == 401
    assert len(executions(server)) == before
    assert secret not in requests.get(server.url + "/api/v1/hooks", timeout=10).text
    answers = [
        requests.post(url, data=text, timeout=10, **how)
        for how in (
            {"headers": bearer},
            {"auth": ("slipway", secret)},
            {"headers": {"x-slipway-signature": f"sha256={sign}"}},
            {"headers": {"x-grafana-alerting-signature": sign}},
            {
                "headers": {
                    "x-grafana-alerting-signature": stamped,
                    "x-grafana-alerting-timestamp": "17",
                }
            },
        )
    ]
    assert [a.status_code for a in answers] == [200] * 5
    items = [a.json()["items"][0] for a in answers]
    assert [i["started"] for i in items] == [True, False, False, False, False]
    assert len({i["execution_id"] for i in items}) == 1


def test_an_alert_starts_its_pipeline_once(server, hook):
    def tell(*alerts):
        headers = {"authorization": f"Bearer {hook['secret']}"}
        body = message(*alerts)
        answer = requests.post(server.url + hook["path"], json=body, headers=headers, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    first = tell(alert("once"))["items"][0]
    assert first["started"]
    done = ended(server, first["execution_id"])
    assert done["status"] == "succeeded" and done["params"] == {"month": 4}
    assert done["trigger"]["kind"] == "alertmanager"
    assert tell(alert("once"))["items"][0]["execution_id"] == first["execution_id"]
    over = tell(alert("once", status="resolved"))
    assert over == {"items": [], "resolved": 1}
    again = tell(alert("once", starts="2026-03-02T10:00:00Z"))["items"][0]
    assert again["started"] and again["execution_id"] != first["execution_id"]
    bad = requests.post(
        server.url + hook["path"],
        json={"alerts": [{"status": "firing", "labels": {}}]},
        headers={"authorization": f"Bearer {hook['secret']}"},
        timeout=10,
    )
    assert bad.status_code == 400 and "startsAt" in bad.json()["error"]


def alertmanager() -> str | None:
    return shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")


@pytest.mark.skipif(alertmanager() is None, reason="no Alertmanager here")
def test_a_real_alertmanager_is_understood(server, hook, tmp_path):
    config = tmp_path / "alertmanager.yml"
    config.write_text(
        f"""
route: {{receiver: slipway, group_wait: 0s, group_interval: 1s, repeat_interval: 1s}}
receivers:
  - name: slipway
    webhook_configs:
      - url: {server.url}{hook["path"]}
        http_config: {{authorization: {{credentials: {hook["secret"]}}}}}
"""
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [alertmanager(), f"--config.file={config}", f"--storage.path={tmp_path}/data"]
        + [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        before = len(executions(server))
        told = False
        for _ in range(300):
            try:
                if not told:
                    url = f"http://127.0.0.1:{port}/api/v2/alerts"
                    told = requests.post(
                        url, json=[{"labels": {"alertname": "Real"}}], timeout=2
                    ).ok
            except requests.ConnectionError:
                pass
            if len(executions(server)) > before:
                break
            time.sleep(0.1)
        time.sleep(2.5)  # it repeats itself every second
        assert len(executions(server)) == before + 1
    finally:
        process.terminate()
        process.wait(10)
