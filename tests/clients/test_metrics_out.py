# SPDX-License-Identifier: Apache-2.0
"""Metrics for others: rules and dashboards name what is there, OpenMetrics is valid, and DogStatsD
agents and OpenTelemetry collectors are sent to."""

import http.server
import json
import math
import re
import shutil
import socket
import subprocess
import threading

import numpy as np
import pandas as pd
import pytest
import requests
from test_monitoring import ENDPOINT, Watched, traffic

import yaml

NAME = re.compile(r"\b(?:slipway|nv)_[a-z0-9_]+\b")
SAMPLE = re.compile(
    r'^([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*\})? '
    r"(-?\d[\d.eE+-]*|NaN|[+-]Inf)$"
)


@pytest.fixture(scope="module")
def rules(request) -> str:
    return exported("prometheus-rules")


def exported(what: str) -> str:
    from conftest import binary

    done = subprocess.run([binary(), "export", what], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def expressions(dashboard: dict) -> list[str]:
    found = [t["expr"] for p in dashboard["panels"] for t in p.get("targets", [])]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            found.append(variable["query"]["query"])
    return found


def families(text: str) -> dict:
    return {m[1]: m[2] for m in re.finditer(r"^# TYPE (\S+) (\S+)$", text, re.M)}


def series_of(text: str) -> set:
    return {line.split("{")[0].split(" ")[0] for line in text.splitlines() if line[:1] not in "#"}


@pytest.fixture
def busy(new_server, tmp_path, monkeypatch):
    """A server that has done a bit of everything."""
    watched = Watched(new_server().start(), tmp_path, monkeypatch)
    watched.watch(window_rows=200, min_rows=100, drift_threshold=0.5)
    suite = "rules:\n  - {column: x, max: 60}\n"
    path = f"{watched.url}/api/v1/endpoints/{ENDPOINT}/expectations"
    assert requests.put(path, data=suite, timeout=5).ok
    x, kind = traffic(300, shift=40)
    watched.predict(x, kind, "many")
    watched.label({f"many/{i}": i % 2 for i in range(300)})
    events = [{"request_id": "many/1", "event": "sale"}]
    watched.call("POST", f"/endpoints/{ENDPOINT}/events", {"items": events})
    watched.watch(quality={"metric": "accuracy", "min": 0.0, "window_rows": 10})
    watched.label({f"many/{i}": (i + 1) % 2 for i in range(30)})
    y, kinds = traffic(20)
    watched.predict(y, kinds, "more")
    watched.label({f"more/{i}": 1 for i in range(20)})
    watched.wait("an alert", lambda: watched.items("/alerts?state=open"))
    watched.wait("a report", lambda: watched.items(f"/endpoints/{ENDPOINT}/drift"))
    return watched


def test_rules_and_dashboards_name_metrics_that_are_there(busy, rules):
    dashboard = json.loads(exported("grafana"))
    text = requests.get(f"{busy.url}/metrics", timeout=5).text
    there = series_of(text)
    used = set(NAME.findall(" ".join(expressions(dashboard))))
    for group in yaml.safe_load(rules)["groups"]:
        for rule in group["rules"]:
            used |= set(NAME.findall(rule["expr"]))
    # The words of /metrics: a counter without a request yet is there with its first use.
    assert used - there == set(), sorted(used - there)
    assert len(used) > 15
    recorded = {
        r["record"] for g in yaml.safe_load(rules)["groups"] for r in g["rules"] if "record" in r
    }
    in_rules = set(re.findall(r"slipway:[a-z0-9_:]+", rules))
    assert in_rules == recorded


def test_the_dashboard_can_be_provisioned():
    dashboard = json.loads(exported("grafana"))
    assert dashboard["uid"] == "slipway-endpoints" and "__inputs" not in dashboard
    assert dashboard["templating"]["list"][0]["type"] == "datasource"
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            continue
        assert panel["datasource"]["uid"] == "${datasource}" and panel["targets"]
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= 24


def test_the_rules_say_what_they_should(rules, tmp_path):
    for group in yaml.safe_load(rules)["groups"]:
        for rule in group["rules"]:
            assert ("record" in rule) != ("alert" in rule)
            if "alert" in rule:
                assert rule["annotations"]["summary"] and rule["labels"]["severity"]
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    (tmp_path / "rules.yaml").write_text(rules)
    (tmp_path / "test.yaml").write_text(
        """
rule_files: [rules.yaml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - series: 'slipway_drift_share{endpoint="delays",model="f",version="2"}'
        values: '0.4x20'
      - series: 'slipway_drift_threshold{endpoint="delays"}'
        values: '0.1x20'
      - series: 'slipway_serving_requests_total{LABELS,outcome="failed"}'
        values: '0+10x20'
      - series: 'slipway_serving_requests_total{LABELS,outcome="answered"}'
        values: '0+30x20'
    alert_rule_test:
      - eval_time: 10m
        alertname: SlipwayDrift
        exp_alerts:
          - exp_labels: {severity: warning, endpoint: delays, model: f, version: "2"}
            exp_annotations:
              summary: "delays: 40% of the columns drifted"
              description: "Version 2; the report is at /api/v1/endpoints/delays/drift."
      - eval_time: 12m
        alertname: SlipwayRequestsFail
        exp_alerts:
          - exp_labels: {severity: critical, endpoint: delays, model: f, version: "2"}
            exp_annotations:
              summary: "delays: 25% of the requests fail"
              description: "Version 2 of f."
""".replace("LABELS", 'endpoint="delays",model="f",version="2"')
    )
    for words in (["check", "rules", "rules.yaml"], ["test", "rules", "test.yaml"]):
        done = subprocess.run([promtool, *words], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_openmetrics_is_what_its_text_says(busy):
    accept = {"accept": "application/openmetrics-text; version=1.0.0"}
    text = requests.get(f"{busy.url}/metrics", headers=accept, timeout=5).text
    assert text.endswith("\n# EOF\n") and text.count("# EOF") == 1
    family, kind, seen = None, None, set()
    cumulated: dict = {}
    for line in text.splitlines()[:-1]:
        if line.startswith("# TYPE "):
            family, kind = line.split(" ")[2:]
            assert family not in seen, f"{family} comes twice"
            seen.add(family)
            assert kind in ("counter", "gauge", "histogram")
            continue
        if line.startswith("#"):
            assert re.match(r"^# (HELP|UNIT) \S+ ", line), line
            continue
        sample = SAMPLE.match(line)
        assert sample, line
        name, labels, value = sample.groups()
        suffix = name[len(family) :]
        wanted = {
            "counter": {"_total", "_created"},
            "gauge": {""},
            "histogram": {"_bucket", "_sum", "_count", "_created"},
        }
        assert name.startswith(family) and suffix in wanted[kind], line
        if kind != "gauge" and suffix != "_sum":
            assert float(value) >= 0
        if suffix == "_bucket":
            le = re.search(r'le="([^"]*)"', labels)[1]
            others = labels.replace(f'le="{le}"', "")
            assert le == "+Inf" or "." in le or "e" in le
            before = cumulated.get((family, others), (-math.inf, 0.0))
            now = (float(le.replace("+Inf", "inf")), float(value))
            assert now[0] > before[0] and now[1] >= before[1], line
            cumulated[family, others] = now
        if suffix == "_count":
            same = [
                v
                for (f, o), v in cumulated.items()
                if f == family and o[1:-1].strip(",") == (labels or "{}")[1:-1]
            ]
            assert not same or same[0][1] == float(value)
    assert len(seen) > 30


def test_a_real_prometheus_takes_it(busy, tmp_path, rules):
    prometheus = shutil.which("prometheus")
    if prometheus is None:
        pytest.skip("Prometheus is not installed")
    (tmp_path / "rules.yaml").write_text(rules)
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\nrule_files: [rules.yaml]\nscrape_configs:\n"
        f"  - {{job_name: s, static_configs: [{{targets: ['{busy.url[7:]}']}}]}}\n"
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            prometheus,
            f"--config.file={tmp_path}/prometheus.yml",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        + [f"--storage.tsdb.path={tmp_path}/tsdb"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:

        def up():
            try:
                url = f"http://127.0.0.1:{port}/api/v1/query?query=up"
                found = requests.get(url, timeout=2).json()["data"]["result"]
                return found and found[0]["value"][1] == "1"
            except requests.ConnectionError:
                return False

        busy.wait("up == 1", up, 30)
    finally:
        process.terminate()
        process.wait(20)


class Collector(http.server.ThreadingHTTPServer):
    def __init__(self):
        self.bodies = []
        super().__init__(("127.0.0.1", 0), Take)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Take(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.bodies.append((self.path, self.headers["content-type"], body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args):
        pass


def test_agents_and_collectors_are_sent_to(new_server):
    agent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    agent.bind(("127.0.0.1", 0))
    agent.settimeout(20)
    collector = Collector()
    server = new_server(
        "--statsd", f"127.0.0.1:{agent.getsockname()[1]}",
        "--metrics-export", f"http://127.0.0.1:{collector.server_port}",
        "--metrics-seconds", "1",
    ).start()  # fmt: skip
    for _ in range(5):
        requests.get(f"{server.url}/version", timeout=5)
    line = re.compile(r"^[a-z_.]+:-?[\d.e+-]+\|[cg](\|#[^|]+)?$")
    counted = 0.0
    while counted < 5:
        packet = agent.recv(65536)
        assert len(packet) <= 1432
        for text in packet.decode().split("\n"):
            assert line.match(text), text
            if text.startswith("slipway_requests_total:") and "/version" in text:
                counted += float(text.split(":")[1].split("|")[0])
    assert counted == 5
    server.stop()  # sends once more
    path, kind, body = collector.bodies[-1]
    assert (path, kind) == ("/v1/metrics", "application/json")
    scope = json.loads(body)["resourceMetrics"][0]["scopeMetrics"][0]
    metrics = {m["name"]: m for m in scope["metrics"]}
    points = metrics["slipway_requests_total"]["sum"]
    assert points["isMonotonic"] and points["aggregationTemporality"] == 2
    asked = [
        p["asDouble"]
        for p in points["dataPoints"]
        if {"key": "route", "value": {"stringValue": "/version"}} in p["attributes"]
    ]
    assert sum(asked) == 5
    took = metrics["slipway_request_duration_seconds"]["histogram"]["dataPoints"][0]
    assert len(took["bucketCounts"]) == len(took["explicitBounds"]) + 1
    assert sum(map(int, took["bucketCounts"])) == int(took["count"])
    collector.shutdown()


@pytest.mark.parametrize(
    "words, message",
    [
        (("--statsd", "nowhere"), "--statsd: 'nowhere' is not HOST:PORT"),
        (("--metrics-export", "ftp://x"), "is not an http or https URL"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused(slipway, tmp_path, words, message):
    done = slipway("up", "--port", "0", "--grpc-port", "0", "--data", str(tmp_path), *words)
    assert done.returncode == 2 and message in done.stderr


def test_profiles_have_whylogs_names_too(slipway, tmp_path):
    frame = pd.DataFrame(
        {"x": [1.0, 2.0, np.nan, 4.0], "city": ["a", "b", "a", None], "n": [1, 2, 3, 4]}
    )
    frame.to_parquet(tmp_path / "d.parquet")
    done = slipway("profile", str(tmp_path / "d.parquet"), "--whylogs", "-")
    assert done.returncode == 0, done.stderr
    columns = json.loads(done.stdout)["columns"]
    assert columns["x"]["counts/n"] == 4 and columns["x"]["counts/null"] == 1
    assert columns["x"]["types/fractional"] == 3 and columns["n"]["types/integral"] == 4
    assert columns["x"]["distribution/mean"] == pytest.approx(7 / 3)
    assert columns["x"]["distribution/stddev"] == pytest.approx(frame["x"].std())
    assert columns["x"]["distribution/median"] == 2
    assert columns["city"]["cardinality/est"] == 2 and "distribution/mean" not in columns["city"]
    assert columns["city"]["frequent_items/frequent_strings"][0] == {
        "value": "a",
        "est": 2,
        "upper": 2,
        "lower": 2,
    }
