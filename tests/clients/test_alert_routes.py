# SPDX-License-Identifier: Apache-2.0
"""Alerts reach a mailbox, a chat and an Alertmanager; silences hold them back."""

import email
import http.server
import json
import socketserver
import threading
import time
from email.policy import default

import pytest
import requests
from test_monitoring import ENDPOINT, Watched, traffic


class Mailbox(socketserver.ThreadingTCPServer):
    """An SMTP server that keeps what it is given."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        self.mails = []
        super().__init__(("127.0.0.1", 0), Talk)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class Talk(socketserver.StreamRequestHandler):
    def say(self, text: str):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.say("220 here")
        sender, receivers = None, []
        for raw in self.rfile:
            line = raw.decode().strip()
            word = line.split(" ")[0].upper()
            if word in ("EHLO", "HELO", "RSET", "NOOP"):
                self.say("250 fine")
            elif word == "MAIL":
                sender = line
                self.say("250 fine")
            elif word == "RCPT":
                receivers.append(line)
                self.say("250 fine")
            elif word == "DATA":
                self.say("354 go on")
                lines = []
                for data in self.rfile:
                    if data == b".\r\n":
                        break
                    lines.append(data[1:] if data.startswith(b"..") else data)
                self.server.mails.append((sender, receivers, b"".join(lines)))
                self.say("250 kept")
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("500 what?")


class Receiver(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        self.posts = []
        super().__init__(("127.0.0.1", 0), Post)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class Post(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.posts.append((self.path, json.loads(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def mailbox():
    server = Mailbox()
    yield server
    server.shutdown()


@pytest.fixture
def receiver():
    server = Receiver()
    yield server
    server.shutdown()


@pytest.fixture
def watched(new_server, tmp_path, monkeypatch, mailbox, receiver):
    server = new_server("--smtp-url", mailbox.url, "--smtp-from", "slipway@example.org")
    watched = Watched(server.start(), tmp_path, monkeypatch)
    settings = watched.watch(
        stakes="high",
        owner="flights team",
        window_rows=500,
        min_rows=100,
        webhooks=[
            {"url": receiver.url("/chat"), "format": "slack"},
            {"url": receiver.url("/api/v2/alerts"), "format": "alertmanager"},
            "mailto:team@example.org",
        ],
    )
    assert settings["drift_threshold"] == 0.05
    return watched


def test_everybody_is_told_in_his_own_words(watched, mailbox, receiver):
    watched.predict(*traffic(500, shift=15, seed=1), "warm")
    sender, receivers, text = watched.wait("a mail", lambda: mailbox.mails)[0]
    watched.wait("both posts", lambda: len(receiver.posts) == 2)
    posts = dict(receiver.posts)
    assert posts["/chat"]["attachments"][0]["color"] == "#c62f3b"
    assert "delays: drift of version 1" in posts["/chat"]["text"]
    (alert,) = posts["/api/v2/alerts"]
    assert alert["labels"]["severity"] == "critical"
    assert alert["labels"]["owner"] == "flights team"
    assert alert["startsAt"] < alert["endsAt"]

    assert "slipway@example.org" in sender and "team@example.org" in receivers[0]
    message = email.message_from_bytes(text, policy=default)
    assert message["from"] == "Slipway <slipway@example.org>"
    assert message["subject"].startswith("[critical] delays: drift of version 1")
    body = message.get_content()
    assert "flights team" in body
    assert watched.items("/alerts")[0]["id"] in body

    watched.predict(*traffic(500, seed=2), "calm")
    watched.wait("the second mail", lambda: len(mailbox.mails) == 2)
    watched.wait("all posts", lambda: len(receiver.posts) == 4)
    later = email.message_from_bytes(mailbox.mails[1][2], policy=default)
    assert "is over" in later["subject"]
    ended = [body for path, body in receiver.posts if path == "/api/v2/alerts"][1][0]
    assert ended["labels"] == alert["labels"]
    assert ended["endsAt"] < alert["endsAt"]


def test_a_silence_holds_back_and_ends(watched, mailbox, receiver):
    words = {"endpoint": ENDPOINT, "minutes": 30, "reason": "moving"}
    made = watched.call("POST", "/silences", words, status=201)
    watched.predict(*traffic(500, shift=15, seed=1), "warm")
    watched.wait("an alert", lambda: watched.items("/alerts?state=open"))
    time.sleep(1)
    assert not mailbox.mails and not receiver.posts
    assert [silence["reason"] for silence in watched.items("/silences")] == ["moving"]
    watched.call("DELETE", f"/silences/{made['id']}")
    watched.wait("what was held back", lambda: mailbox.mails and len(receiver.posts) == 2)
    assert watched.items("/silences") == []


def test_a_mailbox_needs_a_mail_server(new_server, tmp_path, monkeypatch):
    watched = Watched(new_server().start(), tmp_path, monkeypatch)
    answer = requests.put(
        f"{watched.url}/api/v1/endpoints/{ENDPOINT}/monitor",
        json={"webhooks": ["mailto:a@example.org"]},
        timeout=30,
    )
    assert answer.status_code == 422
    assert "no mail server is set" in answer.json()["detail"]
