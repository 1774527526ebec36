# SPDX-License-Identifier: Apache-2.0
"""The life of `slipway up`: starting, refusing to start, stopping, dying and coming back."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest
import requests
from conftest import binary


def test_probes_answer_once_it_is_ready(server):
    assert requests.get(f"{server.url}/health").json() == {"status": "ok"}
    about = requests.get(f"{server.url}/version").json()
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", about["version"])


def test_metrics_pass_promtool(server):
    requests.get(f"{server.url}/health")
    text = requests.get(f"{server.url}/metrics").text
    assert 'slipway_requests_total{code="200",route="/health",wire="api"}' in text
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    check = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_openmetrics_is_served_to_those_who_ask(server):
    accept = {"accept": "application/openmetrics-text; version=1.0.0"}
    answer = requests.get(f"{server.url}/metrics", headers=accept)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_errors_are_problem_documents(server):
    answer = requests.get(f"{server.url}/api/v1/nothing", headers={"x-request-id": "abc"})
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["code"]) == (404, 404, "not_found")
    assert "/api/v1/nothing" in problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"] == "abc"
    wrong = requests.post(f"{server.url}/health")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")


def test_openapi_describes_every_route_of_the_api(server, slipway):
    document = requests.get(f"{server.url}/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    routes = json.loads(slipway("routes", "--json", "-").stdout)
    for route in routes:
        if route["wire"] == "api":
            path = route["path"].replace("...}", "}")
            assert route["method"].lower() in document["paths"][path], route


def test_the_page_and_its_security_fields(server):
    page = requests.get(f"{server.url}/some/page")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    again = requests.get(f"{server.url}/", headers={"if-none-match": page.headers["etag"]})
    assert again.status_code == 304


def test_events_stream_what_happens(server):
    lines: list[str] = []

    def listen():
        with requests.get(f"{server.url}/api/v1/events", stream=True, timeout=20) as stream:
            for line in stream.iter_lines(decode_unicode=True):
                lines.append(line)
                if line.startswith("data:"):
                    return

    listener = threading.Thread(target=listen)
    listener.start()
    deadline = time.monotonic() + 10
    while not lines and time.monotonic() < deadline:
        time.sleep(0.01)
    api = f"{server.url}/api/2.0/mlflow"
    made = requests.post(f"{api}/registered-models/create", json={"name": "events"})
    assert made.status_code == 200, made.text
    run = {"experiment_id": "0"}
    run_id = requests.post(f"{api}/runs/create", json=run).json()["run"]["info"]["run_id"]
    requests.post(f"{api}/runs/update", json={"run_id": run_id, "status": "FINISHED"})
    listener.join(15)
    events = [line for line in lines if line.startswith("event: ")]
    assert events, lines
    data = json.loads(next(line for line in lines if line.startswith("data: "))[6:])
    assert data["type"] == events[0].removeprefix("event: ")


def test_the_overview_tells_what_happened_newest_first(server):
    api = f"{server.url}/api/2.0/mlflow"
    for name in ("first", "second"):
        requests.post(f"{api}/registered-models/create", json={"name": name}).raise_for_status()
    overview = requests.get(f"{server.url}/api/v1/overview").json()
    assert overview["endpoints"] == []
    told = [(one["subject"], one["link"]) for one in overview["timeline"]]
    assert told.index(("second", "/models/second")) < told.index(("first", "/models/first"))
    assert all(
        set(one) == {"at", "kind", "subject", "text", "link"} for one in overview["timeline"]
    )


def run_up(*arguments, **options):
    return subprocess.run(
        [binary(), "up", "--port", "0", "--grpc-port", "0", *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        **options,
    )


def test_a_port_in_use_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = run_up("--port", port, "--data", str(tmp_path / "data"))
    assert ended.returncode == 1
    assert f"port {port} is in use" in ended.stderr
    assert "hint:" in ended.stderr


def test_a_data_folder_that_cannot_be_made_is_named():
    ended = run_up("--data", "/proc/slipway-data")
    assert ended.returncode == 1
    assert "/proc/slipway-data" in ended.stderr and "--data" in ended.stderr


def test_a_read_only_data_folder_is_named(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0:
        folder.chmod(0o555)
    elif subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a file system is not allowed here")
    try:
        ended = run_up("--data", str(folder))
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", "-l", str(folder)], check=True)
    assert ended.returncode == 1
    assert str(folder) in ended.stderr and "--data" in ended.stderr


def test_a_data_folder_of_a_newer_version_is_refused_untouched(new_server):
    server = new_server().start()
    assert server.stop() == 0
    version = server.folder / "data/version"
    version.write_text("99\n")
    ended = run_up("--data", str(server.folder / "data"))
    assert ended.returncode == 1
    assert "format 99" in ended.stderr and "newer" in ended.stderr
    assert version.read_text() == "99\n"


def test_two_servers_do_not_share_a_data_folder(new_server):
    server = new_server().start()
    ended = run_up("--data", str(server.folder / "data"))
    assert ended.returncode == 1
    assert "another server uses the data folder" in ended.stderr
    assert server.healthy()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--port", "99999"], "--port: '99999' is not a number between 0 and 65535"),
        (["--port", "http"], "--port: 'http'"),
        (["--log-level", "loud"], "--log-level: 'loud' is none of debug|info|warn|error|off"),
        (["--nonsense"], "--nonsense"),
        (["--config", "missing.toml"], "missing.toml"),
        (["--host", "not-an-address"], "not-an-address"),
        (["--tls-key", "k.pem"], "tls_certificate"),
    ],
)
def test_bad_usage_is_exit_code_2_and_names_it(tmp_path, arguments, says):
    ended = run_up("--data", str(tmp_path / "data"), *arguments, cwd=tmp_path)
    assert ended.returncode == 2, ended.stderr
    assert says in ended.stderr


def test_settings_come_from_flag_environment_and_file_in_that_order(tmp_path, slipway):
    (tmp_path / "slipway.toml").write_text('workers = 3 # few\nhost = "0.0.0.0"\nport = 1\n')
    plain = {k: v for k, v in os.environ.items() if not k.startswith("SLIPWAY_")}
    env = plain | {"SLIPWAY_PORT": "2"}
    shown = slipway("config", "--json", "-", cwd=tmp_path, env=env)
    settings = {row["name"]: (row["value"], row["source"]) for row in json.loads(shown.stdout)}
    assert settings["port"] == ("2", "environment")
    assert settings["workers"] == ("3", "file")
    assert settings["host"] == ("0.0.0.0", "file")
    assert settings["data"] == ("./slipway-data", "default")
    (tmp_path / "slipway.toml").write_text("wrokers = 3\n")
    refused = slipway("config", cwd=tmp_path, env=plain)
    assert refused.returncode == 2 and "unknown setting 'wrokers'" in refused.stderr


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_stops(new_server, how):
    server = new_server().start()
    body = json.dumps({"name": "drained"}).encode()
    with socket.create_connection(("127.0.0.1", server.port)) as half:
        half.sendall(
            b"POST /api/2.0/mlflow/experiments/create HTTP/1.1\r\nHost: t\r\n"
            b"Content-Type: application/json\r\n"
            + f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body[:5]
        )
        time.sleep(0.1)
        server.process.send_signal(how)
        time.sleep(0.2)
        half.sendall(body[5:])
        answer = b""
        while piece := half.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 200"), "a request under way is finished"
    assert server.process.wait(20) == 0
    server.start()
    found = requests.get(
        f"{server.url}/api/2.0/mlflow/experiments/get-by-name?experiment_name=drained"
    )
    assert found.status_code == 200


def test_kill_9_loses_nothing_that_was_acknowledged(new_server):
    server = new_server().start()
    kept: list[str] = []

    def write(worker: int) -> None:
        session = requests.Session()
        for i in range(10_000):
            name = f"e-{worker}-{i}"
            try:
                answer = session.post(
                    f"{server.url}/api/2.0/mlflow/experiments/create", json={"name": name}
                )
            except requests.RequestException:
                return
            if answer.status_code == 200:
                kept.append(name)

    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for writer in writers:
        writer.start()
    time.sleep(1)
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    for writer in writers:
        writer.join()
    server.start()
    assert len(kept) > 20
    for name in kept:
        found = requests.get(
            f"{server.url}/api/2.0/mlflow/experiments/get-by-name",
            params={"experiment_name": name},
        )
        assert found.status_code == 200, name


def test_a_command_without_a_server_says_so(slipway):
    env = os.environ | {"SLIPWAY_URL": "http://127.0.0.1:9"}
    ended = slipway("endpoint", "list", env=env)
    assert ended.returncode == 3
    assert "no server answers at http://127.0.0.1:9" in ended.stderr and "hint:" in ended.stderr


def test_every_command_has_help_with_an_example(slipway):
    listed = slipway("--help")
    assert listed.returncode == 0
    names = re.findall(r"^  (\S+) +\S", listed.stdout, re.M)
    assert {"up", "data", "doctor", "version"} <= set(names)
    for name in names:
        shown = slipway(name, "--help")
        assert shown.returncode == 0, shown.stderr
        assert "Example:" in shown.stdout or "example" in shown.stdout.lower(), name
    assert slipway("no-such-command").returncode == 2
    assert slipway().returncode == 2


def test_completion_scripts_are_valid(slipway):
    script = slipway("completion", "bash").stdout
    for shell in ("bash", "zsh", "fish"):
        text = slipway("completion", shell).stdout
        assert "slipway" in text
        if shutil.which(shell):
            check = subprocess.run([shell, "-n"], input=text, capture_output=True, text=True)
            assert check.returncode == 0, check.stderr
    probe = script + (
        "\nCOMP_WORDS=(slipway d); COMP_CWORD=1; _slipway; echo ${COMPREPLY[@]}"
        "\nCOMP_WORDS=(slipway up --da); COMP_CWORD=2; _slipway; echo ${COMPREPLY[@]}\n"
    )
    path = os.path.dirname(binary()) + ":" + os.environ["PATH"]
    shown = subprocess.run(
        ["bash"], input=probe, capture_output=True, text=True, env=os.environ | {"PATH": path}
    )
    assert shown.stdout.splitlines()[0].split()[0] == "data"
    assert "--data" in shown.stdout.splitlines()[1]


def test_doctor_tells_what_is_missing_and_how_to_get_it(slipway, tmp_path):
    healthy = slipway("doctor", "--json", "-", "--data", str(tmp_path))
    findings = {row["what"]: row for row in json.loads(healthy.stdout)}
    assert findings["data folder"]["state"] == "ok"
    assert all(row["fix"] for row in findings.values() if row["state"] != "ok")
    sick = slipway("doctor", "--data", "/proc/nowhere")
    assert sick.returncode == 1
