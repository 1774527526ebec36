# SPDX-License-Identifier: Apache-2.0
"""The servers that are compared, with what each needs to serve the same files."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import bodies
from models import Model
from peers import Http, Peer, free_port

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# A folder with an environment for each of mlserver, bentoml and triton; ./dev bench makes them.
VENVS = Path(os.environ.get("SLIPWAY_BENCH_VENVS", ROOT / ".venv"))


def ask(port: int, request: bytes, timeout: float = 30) -> tuple[int, bytes]:
    with socket.create_connection(("127.0.0.1", port), timeout) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.read()


class Server(Peer):
    title = ""
    protocols: dict = {}

    def __init__(self, folder: Path, models: dict[str, Model]):
        super().__init__(self.title, folder, None)
        self.models, self.model = models, models["mlp"]
        self.grpc_port, self.spare_port = free_port(), free_port()
        self.prepared = False

    @classmethod
    def missing(cls) -> str:
        """Why it cannot be measured here; empty when it can."""
        return ""

    def prepare(self) -> None:
        """Writes what it reads at its start."""

    def arguments(self) -> list:
        raise NotImplementedError

    def start(self, patience: float = 120) -> float:
        """Seconds from the start of the process to the first answered prediction."""
        if not self.prepared:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.prepare()
            self.prepared = True
        request = next(iter(self.protocols.values()))(self.model, 1)
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [str(x) for x in self.arguments()], cwd=self.folder, env=self.environment,
            stdout=subprocess.DEVNULL, stderr=(self.folder / "log").open("ab"),
            start_new_session=True,
        )  # fmt: skip
        while True:
            try:
                if ask(self.port, request, 5)[0] == 200:
                    return time.perf_counter() - began
            except (OSError, http.client.HTTPException):
                pass
            if self.process.poll() is not None or time.perf_counter() - began > patience:
                raise RuntimeError(f"{self.name} did not start; see {self.folder}/log")
            time.sleep(0.002)

    def use(self, model: Model) -> "Server":
        """Runs and answers for the model."""
        self.model = model
        if self.process is None or self.process.poll() is not None:
            self.start()
        return self

    def port_of(self, protocol: str) -> int:
        return self.grpc_port if protocol == "gRPC" else self.port


OIP = {"JSON": bodies.oip_json, "binary": bodies.oip_binary, "gRPC": bodies.grpc_message}


class Slipway(Server):
    title = "Slipway"
    protocols = OIP

    def arguments(self) -> list:
        return [Path(os.environ.get("SLIPWAY_BIN", ROOT / "build/slipway")).resolve(), "up",
                "--port", self.port, "--grpc-port", self.grpc_port,
                "--data", self.folder / "data"]  # fmt: skip

    def prepare(self) -> None:
        """Logs the models as users do, with the MLflow client; they come back at each start."""
        import mlflow
        import onnx

        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        self.prepared = True
        command = [str(x) for x in self.arguments()]
        first = Peer("slipway", self.folder, lambda port, folder: command)
        first.port = self.port
        first.start()
        mlflow.set_tracking_uri(f"http://127.0.0.1:{self.port}")
        mlflow.set_registry_uri(f"http://127.0.0.1:{self.port}")
        for model in [*self.models.values(), self.models["mlp"]]:  # of that one two versions
            with mlflow.start_run():
                mlflow.onnx.log_model(
                    onnx.load(model.file), name="model", registered_model_name=model.name,
                    pip_requirements=["onnxruntime"],
                    signature=mlflow.models.infer_signature(model.rows(2)),
                )  # fmt: skip
        for model in self.models.values():
            self.route(model)
        first.stop()

    def route(self, model: Model, version: str = "1") -> None:
        routes = [{"model": model.name, "version": version}]
        Http(self.port).post("/api/v1/endpoints", {"name": model.name, "routes": routes})

    def change(self, model: Model, **fields) -> None:
        """Of the endpoint: routes, sample_rate .."""
        http_ = Http(self.port)
        known = http_.get(f"/api/v1/endpoints/{model.name}")
        body = {"routes": [{"model": r["model"], "version": r["version"]} for r in known["routes"]]}
        http_.connection.request("PUT", f"/api/v1/endpoints/{model.name}",
                                 json.dumps(body | fields),
                                 {"content-type": "application/json"})  # fmt: skip
        http_._answer("PUT", model.name)

    def metric(self, name: str) -> float:
        with_port = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with_port.request("GET", "/metrics")
        lines = with_port.getresponse().read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


class Venv(Server):
    """A peer with an environment of its own."""

    venv = ""

    @classmethod
    def missing(cls) -> str:
        return "" if (VENVS / cls.venv / "bin/python").exists() else f"no {VENVS / cls.venv}"

    @property
    def bin(self) -> Path:
        return VENVS / self.venv / "bin"


class MLServer(Venv):
    title, venv = "MLServer", "mlserver"
    protocols = {"JSON": bodies.oip_json, "gRPC": bodies.grpc_message}

    def prepare(self) -> None:
        shutil.copy(HERE / "peers/mlserver_runtime.py", self.folder / "bench_runtime.py")
        settings = {"host": "127.0.0.1", "http_port": self.port, "grpc_port": self.grpc_port,
                    "metrics_port": self.spare_port, "debug": False}  # fmt: skip
        (self.folder / "settings.json").write_text(json.dumps(settings))
        for name, model in self.models.items():
            (self.folder / name).mkdir(exist_ok=True)
            about = {"name": name, "implementation": "bench_runtime.Onnx",
                     "parameters": {"uri": str(model.file.resolve())}}  # fmt: skip
            (self.folder / name / "model-settings.json").write_text(json.dumps(about))
        self.environment = self.environment | {"PYTHONPATH": str(self.folder)}

    def arguments(self) -> list:
        return [self.bin / "mlserver", "start", self.folder]


class BentoML(Venv):
    title, venv = "BentoML", "bentoml"
    protocols = {"JSON": bodies.bento_json}

    def prepare(self) -> None:
        shutil.copy(HERE / "peers/bento_service.py", self.folder / "bento_service.py")
        served = self.folder / "served"
        served.mkdir()
        for model in self.models.values():
            shutil.copy(model.file, served)
        self.environment = self.environment | {
            "BENCH_MODELS": str(served), "BENTOML_DO_NOT_TRACK": "True",
            "BENTOML_HOME": str(self.folder / "home"),
        }  # fmt: skip

    def arguments(self) -> list:
        return [self.bin / "bentoml", "serve", "bento_service:Models", "--host", "127.0.0.1",
                "--port", self.port]  # fmt: skip


class MlflowServe(Server):
    """One model a process: another model is another start."""

    title = "mlflow models serve"
    protocols = {"JSON": bodies.mlflow_json}

    def prepare(self) -> None:
        import mlflow
        import onnx

        for name, model in self.models.items():
            mlflow.onnx.save_model(
                onnx.load(model.file), str(self.folder / name), pip_requirements=["onnxruntime"],
                signature=mlflow.models.infer_signature(model.rows(2)),
            )  # fmt: skip
        self.environment = self.environment | {"MLFLOW_DISABLE_TELEMETRY": "true"}

    def arguments(self) -> list:
        return [sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local",
                "--host", "127.0.0.1", "--port", self.port,
                "--model-uri", self.folder / self.model.name]  # fmt: skip

    def use(self, model: Model) -> Server:
        if model is not self.model:
            self.stop()
        return super().use(model)


TRITON_CONFIG = """name: "{name}"
backend: "python"
max_batch_size: 1024
input [{{ name: "x" data_type: TYPE_FP32 dims: {dims} }}]
output [{{ name: "{output}" data_type: TYPE_FP32 dims: [-1] }}]
instance_group [{{ count: 1 kind: KIND_CPU }}]
dynamic_batching {{ }}
"""


class Triton(Venv):
    title, venv = "Triton, Python back end", "triton"
    protocols = OIP

    @property
    def package(self) -> Path:
        return next((VENVS / self.venv).glob("lib/python3*/site-packages/pytriton/tritonserver"))

    def prepare(self) -> None:
        for name, model in self.models.items():
            place = self.folder / "models" / name / "1"
            place.mkdir(parents=True)
            shutil.copy(model.file, place / "model.onnx")
            shutil.copy(HERE / "peers/triton_model.py", place / "model.py")
            config = TRITON_CONFIG.format(name=name, dims=list(model.shape), output=model.output)
            (place.parent / "config.pbtxt").write_text(config)
        version = next((VENVS / self.venv).glob("lib/python3*")).name.removeprefix("python")
        shutil.copytree(self.package / "backends", self.folder / "backends")
        stubs = self.package / "python_backend_stubs" / version
        shutil.copy(stubs / "triton_python_backend_stub", self.folder / "backends/python")
        wheel = self.package.parents[1] / "nvidia_pytriton.libs"  # what the wheel brings along
        places = (self.package / "lib", self.package / "external_libs", wheel)
        libraries = ":".join(str(one) for one in places)
        self.environment = self.environment | {
            "LD_LIBRARY_PATH": libraries,
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "VIRTUAL_ENV": str(self.bin.parent),
            "PYTHONPATH": str(next(self.bin.parent.glob("lib/python3*/site-packages"))),
        }

    def arguments(self) -> list:
        return [self.package / "bin/tritonserver", "--model-repository", self.folder / "models",
                "--backend-directory", self.folder / "backends",
                "--http-address", "127.0.0.1", "--http-port", self.port,
                "--grpc-address", "127.0.0.1", "--grpc-port", self.grpc_port,
                "--allow-metrics", "false"]  # fmt: skip


NGINX = """daemon off; worker_processes auto; pid {folder}/pid; error_log {folder}/log;
events {{ worker_connections 1024; }}
http {{
  access_log off; default_type application/json; keepalive_requests 1000000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 '{body}'; }} }}
}}
"""


class Nginx(Server):
    """Says the same to everything: what HTTP alone costs."""

    title = "static reply (nginx)"
    protocols = {"JSON": bodies.oip_json}

    @classmethod
    def missing(cls) -> str:
        return "" if cls.binary() else "nginx is not installed"

    @staticmethod
    def binary() -> str | None:
        places = (f"{ROOT}/.deps/nginx/usr/sbin", os.environ["PATH"], "/usr/sbin")
        return shutil.which("nginx", path=":".join(places))

    def prepare(self) -> None:
        body = json.dumps({"model_name": "mlp", "outputs": [{"data": [0.1234567] * 10}]})
        text = NGINX.format(folder=self.folder, port=self.port, body=body)
        (self.folder / "nginx.conf").write_text(text)

    def arguments(self) -> list:
        return [self.binary(), "-c", self.folder / "nginx.conf"]


KINDS = (Slipway, Triton, MLServer, BentoML, MlflowServe, Nginx)


class Servers:
    """Each started when it is first asked for; all stay until the end."""

    def __init__(self, folder: Path, models: dict[str, Model], wanted: list[str], say):
        self.folder, self.models, self.made = folder, models, {}
        self.kinds = []
        for kind in KINDS:
            why = kind.missing()
            if why:
                say(f"{kind.title} is left out: {why}")
            elif not wanted or kind.__name__.lower() in wanted:
                self.kinds.append(kind)

    def get(self, kind, label: str = "", models: dict | None = None) -> Server:
        name = kind.__name__ + label
        if name not in self.made:
            self.made[name] = kind(self.folder / name.lower(), models or self.models)
        return self.made[name]

    def drop(self, kind, why) -> None:
        """It does not start here: the others are still worth measuring."""
        self.kinds.remove(kind)
        print(f"{kind.title} is left out: {why}", flush=True)

    def ready(self, model: Model) -> list[Server]:
        out = []
        for kind in list(self.kinds):
            try:
                out.append(self.get(kind).use(model))
            except (RuntimeError, OSError, StopIteration) as why:
                self.drop(kind, why)
        return out

    def stop(self) -> None:
        for server in self.made.values():
            server.stop()
