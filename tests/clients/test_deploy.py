# SPDX-License-Identifier: Apache-2.0
"""The manifests, the chart and the balancers' examples: well-formed, of one mind with each other,
and naming only paths, ports, settings and metrics that the program has."""

import json
import re
import shutil
import subprocess

import pytest
from conftest import ROOT

import yaml

DEPLOY = ROOT / "deploy"


def documents(text):
    return [each for each in yaml.safe_load_all(text) if each]


def render(name, values):
    """What the chart uses of Helm's templates: values, quote, if and end."""
    text = (DEPLOY / "helm/slipway/templates" / name).read_text()
    given = {"Release": {"Name": "test"}, "Values": values}

    def value(path):
        found = given
        for part in path.strip(".").split("."):
            found = found[part]
        return found

    out, kept = [], [True]
    for line in text.splitlines():
        if opened := re.fullmatch(r"\s*\{\{- if (\S+) \}\}", line):
            kept.append(kept[-1] and bool(value(opened[1])))
        elif re.fullmatch(r"\s*\{\{- end \}\}", line):
            kept.pop()
        elif kept[-1]:
            line = re.sub(r"\{\{ (\S+) \| quote \}\}", lambda m: json.dumps(str(value(m[1]))), line)
            out.append(re.sub(r"\{\{ (\S+) \}\}", lambda m: str(value(m[1])), line))
    assert kept == [True], "an if without its end"
    assert "{{" not in "\n".join(out)
    return documents("\n".join(out))


def values(**serving):
    made = yaml.safe_load((DEPLOY / "helm/slipway/values.yaml").read_text())
    made["serving"] |= serving
    return made


def all_sets():
    plain = [
        each
        for name in ("platform.yaml", "serving.yaml")
        for each in documents((DEPLOY / "kubernetes" / name).read_text())
    ]
    chart = render("platform.yaml", values()) + render("serving.yaml", values(enabled=True))
    return {"plain": plain, "chart": chart}


@pytest.mark.parametrize("kind", ["plain", "chart"])
def test_manifests_fit_together(kind, slipway):
    objects = all_sets()[kind]
    by_kind = {}
    for each in objects:
        assert {"apiVersion", "kind", "metadata", "spec"} <= each.keys()
        by_kind.setdefault(each["kind"], []).append(each)
    assert sorted(by_kind) == [
        "Deployment",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
        "Service",
        "StatefulSet",
    ]
    routes = {r["path"] for r in json.loads(slipway("routes", "--json", "-").stdout)}
    workloads = by_kind["Deployment"] + by_kind["StatefulSet"]
    for workload in workloads:
        pod = workload["spec"]["template"]
        labels = pod["metadata"]["labels"]
        assert workload["spec"]["selector"]["matchLabels"].items() <= labels.items()
        (container,) = pod["spec"]["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert ports == {"http": 5800, "grpc": 5801}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            get = container[probe]["httpGet"]
            assert get["path"] in routes and get["port"] in ports
        services = [
            s for s in by_kind["Service"] if s["spec"]["selector"].items() <= labels.items()
        ]
        assert len(services) == 1, "one service selects these pods and no other"
        assert {p["targetPort"] for p in services[0]["spec"]["ports"]} == set(ports)
    assert by_kind["StatefulSet"][0]["spec"]["replicas"] == 1, "the platform is one process"
    (scaler,) = by_kind["HorizontalPodAutoscaler"]
    (deployment,) = by_kind["Deployment"]
    assert scaler["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    assert "replicas" not in deployment["spec"], "the autoscaler decides"
    assert scaler["spec"]["minReplicas"] <= scaler["spec"]["maxReplicas"]
    (budget,) = by_kind["PodDisruptionBudget"]
    pods = deployment["spec"]["template"]["metadata"]["labels"]
    assert budget["spec"]["selector"]["matchLabels"].items() <= pods.items()


def test_the_chart_says_what_the_manifests_say_and_knows_only_settings_that_exist(slipway):
    sets = all_sets()
    assert [o["kind"] for o in sets["plain"]] == [o["kind"] for o in sets["chart"]]
    settings = slipway("config").stdout
    for each in sets["chart"]:
        if each["kind"] == "StatefulSet":
            for variable in each["spec"]["template"]["spec"]["containers"][0]["env"]:
                assert variable["name"][8:].lower() in settings
    assert render("serving.yaml", values()) == [], "off until there is a bundle"
    full = values()
    full["platform"] |= {"store": "postgresql://a@b/c", "traceExport": "http://c:4318"}
    env = render("platform.yaml", full)[0]["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {e["name"] for e in env} == {
        "SLIPWAY_MODEL_MEMORY",
        "SLIPWAY_STORE",
        "SLIPWAY_TRACE_EXPORT",
    }


def test_the_autoscaler_asks_for_the_metric_that_the_adapter_makes(server):
    import requests

    (rule,) = yaml.safe_load((DEPLOY / "prometheus/adapter.yaml").read_text())["rules"]
    scaler = next(o for o in all_sets()["plain"] if o["kind"] == "HorizontalPodAutoscaler")
    asked = scaler["spec"]["metrics"][0]["pods"]["metric"]["name"]
    assert rule["name"]["as"] == asked
    import mlflow
    from serving_models import echo_model, endpoint

    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    with mlflow.start_run():
        mlflow.onnx.log_model(
            echo_model({"X": "FLOAT"}),
            name="model",
            registered_model_name="echo",
            pip_requirements=["onnxruntime"],
        )
    endpoint(server, "echo", [{"model": "echo", "version": "1"}])
    body = {"inputs": [{"name": "X", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]}
    assert requests.post(f"{server.url}/v2/models/echo/infer", json=body).status_code == 200
    metrics = requests.get(f"{server.url}/metrics").text
    for name in set(re.findall(r"slipway_\w+", rule["metricsQuery"] + rule["seriesQuery"])):
        assert re.search(rf"^{name}\b", metrics, re.M), name


def test_balancers_name_ports_and_paths_that_exist(slipway):
    envoy = yaml.safe_load((DEPLOY / "envoy/slipway.yaml").read_text())["static_resources"]
    clusters = {c["name"]: c for c in envoy["clusters"]}
    text = json.dumps(envoy["listeners"])
    assert set(re.findall(r'"cluster": "(\w+)"', text)) == set(clusters)
    assert len({json.dumps(x["address"]) for x in envoy["listeners"]}) == 2
    routes = {r["path"] for r in json.loads(slipway("routes", "--json", "-").stdout)}
    (check,) = clusters["slipway_http"]["health_checks"]
    assert check["http_health_check"]["path"] in routes
    nginx = (DEPLOY / "nginx/slipway.conf").read_text()
    assert nginx.count("{") == nginx.count("}")
    for upstream in re.findall(r"(?:proxy|grpc)_pass \w+://(\w+);", nginx):
        assert f"upstream {upstream} {{" in nginx
    if shutil.which("nginx"):
        whole = f"events {{}} http {{ include {DEPLOY}/nginx/slipway.conf; }}"
        done = subprocess.run(
            ["nginx", "-t", "-c", "/dev/stdin", "-e", "/dev/stderr"],
            input=whole,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0 or "permission" in done.stderr.lower(), done.stderr
