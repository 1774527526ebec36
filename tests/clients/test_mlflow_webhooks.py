# SPDX-License-Identifier: Apache-2.0
"""Webhooks through the unmodified client: what is sent, how it is signed, and that it arrives."""

import base64
import hashlib
import hmac
import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests
from conftest import free_port
from mlflow import MlflowClient
from mlflow.entities.webhook import WebhookEvent, WebhookStatus
from mlflow.exceptions import MlflowException

OPEN = ("--webhook-schemes", "http,https", "--webhook-private", "yes")


class Receiver:
    """Keeps what it is sent; answers with `statuses` first, then with 200."""

    def __init__(self, port=0, statuses=()):
        self.got: queue.Queue = queue.Queue()
        self.statuses = list(statuses)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.got.put((dict(self.headers), body))
                self.send_response(outer.statuses.pop(0) if outer.statuses else 200)
                self.end_headers()
                self.wfile.write(b"thanks")

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/in"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self):
        headers, body = self.got.get(timeout=30)
        return headers, json.loads(body), body

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def client(new_server):
    return MlflowClient(new_server(*OPEN).start().url)


def is_signed(secret, headers, body):
    version, signature = headers["X-MLflow-Signature"].split(",", 1)
    text = f"{headers['X-MLflow-Delivery-Id']}.{headers['X-MLflow-Timestamp']}.{body}"
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return version == "v1" and hmac.compare_digest(signature, base64.b64encode(digest).decode())


def test_a_webhooks_life(client, receiver):
    made = client.create_webhook(
        "models", receiver.url, ["registered_model.created", "model_version_alias.created"]
    )
    assert (made.name, made.status) == ("models", WebhookStatus.ACTIVE)
    assert client.get_webhook(made.webhook_id).url == receiver.url
    changed = client.update_webhook(
        made.webhook_id, description="what it is for", events=["model_version.created"]
    )
    assert changed.description == "what it is for"
    assert [str(event) for event in changed.events] == ["model_version.created"]
    assert [w.webhook_id for w in client.list_webhooks()] == [made.webhook_id]
    client.delete_webhook(made.webhook_id)
    assert list(client.list_webhooks()) == []
    with pytest.raises(MlflowException, match="not found"):
        client.get_webhook(made.webhook_id)


def test_what_happens_is_told_and_signed(client, receiver):
    events = [
        "registered_model.created",
        "model_version.created",
        "model_version_tag.set",
        "model_version_tag.deleted",
        "model_version_alias.created",
        "model_version_alias.deleted",
    ]
    client.create_webhook("all", receiver.url, events, secret="s3cret")
    client.create_registered_model("pilot", tags={"a": "b"}, description="brings ships in")
    client.create_model_version("pilot", "s3://bucket/m", tags={"k": "v"})
    client.set_model_version_tag("pilot", "1", "x", "y")
    client.delete_model_version_tag("pilot", "1", "x")
    client.set_registered_model_alias("pilot", "champion", 1)
    client.delete_registered_model_alias("pilot", "champion")
    told = {}
    for _ in events:
        headers, body, text = receiver.next()
        assert is_signed("s3cret", headers, text), headers
        told[f"{body['entity']}.{body['action']}"] = body["data"]
    assert told == {
        "registered_model.created": {
            "name": "pilot",
            "tags": {"a": "b"},
            "description": "brings ships in",
        },
        "model_version.created": {
            "name": "pilot",
            "version": "1",
            "source": "s3://bucket/m",
            "run_id": None,
            "tags": {"k": "v"},
            "description": None,
        },
        "model_version_tag.set": {"name": "pilot", "version": "1", "key": "x", "value": "y"},
        "model_version_tag.deleted": {"name": "pilot", "version": "1", "key": "x"},
        "model_version_alias.created": {"name": "pilot", "alias": "champion", "version": "1"},
        "model_version_alias.deleted": {"name": "pilot", "alias": "champion"},
    }


def test_prompts_have_events_of_their_own(client, receiver):
    events = ["prompt.created", "prompt_version.created", "prompt_alias.created", "prompt_tag.set"]
    client.create_webhook("prompts", receiver.url, [*events, "registered_model.created"])
    client.register_prompt("greeting", "Hello {{name}}", tags={"lang": "en"})
    client.set_prompt_alias("greeting", "live", 1)
    client.set_prompt_tag("greeting", "team", "a")
    told = {}
    for _ in events:
        _, body, _ = receiver.next()
        told.setdefault(f"{body['entity']}.{body['action']}", body["data"])
    assert set(told) == set(events)
    assert told["prompt_version.created"]["template"] == "Hello {{name}}"
    assert told["prompt_version.created"]["tags"]["lang"] == "en"
    assert told["prompt_alias.created"] == {"name": "greeting", "alias": "live", "version": "1"}


def test_trying_a_webhook_out(client, receiver):
    made = client.create_webhook("try", receiver.url, ["registered_model.created"])
    result = client.test_webhook(made.webhook_id)
    assert (result.success, result.response_status, result.response_body) == (True, 200, "thanks")
    assert receiver.next()[1]["data"]["name"] == "example_model"
    receiver.statuses = [500]
    result = client.test_webhook(made.webhook_id, WebhookEvent.from_str("prompt.created"))
    assert (result.success, result.response_status) == (False, 500)
    receiver.close()
    result = client.test_webhook(made.webhook_id)
    assert not result.success and result.error_message


def test_a_disabled_webhook_is_not_told(client, receiver):
    made = client.create_webhook("off", receiver.url, ["registered_model.created"])
    client.update_webhook(made.webhook_id, status="DISABLED")
    client.create_registered_model("unheard")
    client.update_webhook(made.webhook_id, status="ACTIVE")
    client.create_registered_model("heard")
    assert receiver.next()[1]["data"]["name"] == "heard"


def test_what_was_not_taken_comes_again(client, receiver):
    receiver.statuses = [503]
    client.create_webhook("again", receiver.url, ["registered_model.created"])
    client.create_registered_model("pilot")
    first, second = receiver.next(), receiver.next()
    assert first[0]["X-MLflow-Delivery-Id"] == second[0]["X-MLflow-Delivery-Id"]
    assert first[2] == second[2]


def test_kill_9_between_the_change_and_its_delivery_loses_nothing(new_server):
    server = new_server(*OPEN).start()
    client = MlflowClient(server.url)
    port = free_port()
    client.create_webhook("later", f"http://127.0.0.1:{port}/in", ["registered_model.created"])
    client.create_registered_model("pilot")
    server.kill()
    receiver = Receiver(port)
    server.start()
    assert receiver.next()[1]["data"]["name"] == "pilot"
    receiver.close()


def test_addresses_in_our_own_network_are_refused_unless_allowed(new_server):
    url = new_server().start().url + "/api/2.0/mlflow/webhooks"
    events = [{"entity": "REGISTERED_MODEL", "action": "CREATED"}]
    for address in (
        "http://example.com/in",
        "https://127.0.0.1/in",
        "https://localhost/in",
        "https://[::1]/in",
        "https://169.254.169.254/latest/meta-data",
        "https://2130706433/in",
        "ftp://example.com",
        "https://",
        " ",
    ):
        answer = requests.post(url, json={"name": "w", "url": address, "events": events})
        assert answer.status_code == 400, address
        assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"


def test_a_secret_is_never_answered(client, receiver, new_server):
    made = client.create_webhook("w", receiver.url, ["prompt.created"], secret="hush-hush")
    base = f"{client.tracking_uri}/api/2.0/mlflow/webhooks"
    for url in (base, f"{base}/{made.webhook_id}"):
        assert "hush-hush" not in requests.get(url).text
