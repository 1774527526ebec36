# SPDX-License-Identifier: Apache-2.0
"""Slipway's own HTTP API in forty lines, for scripts that have no client library."""

import json
import os
import urllib.error
import urllib.request


class Refused(Exception):
    """An answer other than 2xx, with the problem document that came with it."""

    def __init__(self, method: str, path: str, status: int, body: str):
        super().__init__(f"{method} {path}: {status} {body[:500]}")
        self.status = status
        self.body = body


class Slipway:
    def __init__(self, url: str | None = None):
        self.url = (url or os.environ.get("SLIPWAY_URL", "http://127.0.0.1:5800")).rstrip("/")

    def call(self, method: str, path: str, body=None, timeout: float = 60):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data, {"content-type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                text = answer.read().decode()
                kind = answer.headers.get_content_type()
        except urllib.error.HTTPError as error:
            raise Refused(method, path, error.code, error.read().decode()) from None
        return json.loads(text) if text and "json" in kind else text

    def get(self, path: str):
        return self.call("GET", path)

    def api(self, method: str, path: str, body=None):
        return self.call(method, "/api/v1" + path, body)

    def items(self, path: str) -> list:
        return self.api("GET", path)["items"]
