# SPDX-License-Identifier: Apache-2.0
"""The way to the server: the address that the mlflow client has, and its credentials."""

import base64
import json
import os
import urllib.error
import urllib.parse
import urllib.request


class ServerError(RuntimeError):
    """What the server refused: `status`, `code` and `hint` as it said them."""

    def __init__(self, status: int, code: str, detail: str, hint: str):
        super().__init__(f"{detail} ({hint})" if hint else detail)
        self.status, self.code, self.hint = status, code, hint


def base_url() -> str:
    """`SLIPWAY_URL`, else the tracking server of the mlflow client."""
    url = os.environ.get("SLIPWAY_URL", "").strip()
    if not url:
        import mlflow

        url = mlflow.get_tracking_uri()
    if not url.startswith(("http://", "https://")):
        raise RuntimeError(
            f"'{url}' is no server: set SLIPWAY_URL or mlflow.set_tracking_uri('http://..')"
        )
    return url.rstrip("/")


def active_run(run_id=None) -> str:
    if run_id is not None:
        return run_id
    import mlflow

    run = mlflow.active_run()
    if run is None:
        raise RuntimeError(
            "there is no active run: call this inside mlflow.start_run(), or give run_id="
        )
    return run.info.run_id


def _authorization() -> dict:
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    if token:
        return {"Authorization": f"Bearer {token}"}
    name = os.environ.get("MLFLOW_TRACKING_USERNAME")
    if name:
        pair = f"{name}:{os.environ.get('MLFLOW_TRACKING_PASSWORD', '')}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    return {}


def call(
    method: str, path: str, body=None, *, query=None, content_type="application/json", url=None
):
    """Sends a JSON value, or bytes as they are; answers what the server's JSON says."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    address = (url or base_url()) + path
    if query:
        given = {key: value for key, value in query.items() if value is not None}
        address += "?" + urllib.parse.urlencode(given)
    headers = {"Content-Type": content_type} | _authorization()
    request = urllib.request.Request(address, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        try:
            said = json.loads(error.read())
        except ValueError:
            said = {}
        raise ServerError(
            error.code,
            said.get("code", ""),
            said.get("detail", f"the server answered {error.code}"),
            said.get("hint", ""),
        ) from None
    return json.loads(text) if text else None


def quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="/")
