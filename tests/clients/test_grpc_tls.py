# SPDX-License-Identifier: Apache-2.0
"""gRPC over TLS: one certificate for both ports, real clients, and those who should not get in."""

import datetime
import ipaddress
import queue
import socket
import ssl

import grpc
import numpy as np
import pytest
import requests
import tritonclient.grpc as triton
from conftest import Server
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from serving_models import ONNX_TYPES, echo_model
from tritonclient.utils import InferenceServerException


def make_certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "chain.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "chain.pem", folder / "key.pem"


class TlsServer(Server):
    """Asked by its certificate."""

    def __init__(self, folder):
        self.chain, key = make_certificate(folder)
        super().__init__(folder, "--tls-certificate", str(self.chain), "--tls-key", str(key))
        self.url = f"https://127.0.0.1:{self.port}"

    def healthy(self):
        try:
            return requests.get(self.url + "/health", verify=self.chain, timeout=2).ok
        except requests.RequestException:
            return False


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = TlsServer(tmp_path_factory.mktemp("server")).start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def echo(server):
    import mlflow

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(server.chain))
        mlflow.set_tracking_uri(server.url)
        mlflow.set_registry_uri(server.url)
        with mlflow.start_run():
            mlflow.onnx.log_model(
                echo_model({name: ONNX_TYPES[name] for name in ("FP32", "BYTES")}),
                name="model",
                registered_model_name="echo",
                pip_requirements=["onnxruntime"],
            )
    body = {"name": "echo", "routes": [{"model": "echo", "version": "1"}]}
    made = requests.post(f"{server.url}/api/v1/endpoints", json=body, verify=server.chain)
    assert made.status_code == 201, made.text


@pytest.fixture
def client(server, echo):
    with triton.InferenceServerClient(
        server.grpc, ssl=True, root_certificates=str(server.chain)
    ) as made:
        yield made


def inputs(rows):
    numbers = np.arange(2 * rows, dtype=np.float32).reshape(rows, 2)
    texts = np.array([[b"a", b"\x00\xff"]] * rows, np.object_)
    out = []
    for name, value in (("FP32", numbers), ("BYTES", texts)):
        one = triton.InferInput(name, list(value.shape), name)
        one.set_data_from_numpy(value)
        out.append(one)
    return out, numbers, texts


@pytest.mark.parametrize("rows", [1, 200_000])
def test_answers_are_the_same_as_in_the_clear(client, rows):
    asked, numbers, texts = inputs(rows)
    answer = client.infer("echo", asked)
    assert np.array_equal(answer.as_numpy("out_FP32"), numbers)
    assert np.array_equal(answer.as_numpy("out_BYTES"), texts)


def test_many_calls_at_once_share_the_connection(client):
    answers = queue.Queue()
    asked, numbers, _ = inputs(3)
    for _ in range(100):
        client.async_infer("echo", asked, lambda result, error: answers.put((result, error)))
    for _ in range(100):
        result, error = answers.get(timeout=30)
        assert error is None
        assert np.array_equal(result.as_numpy("out_FP32"), numbers)


def test_streams_work_too(client):
    answers = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    asked, numbers, _ = inputs(2)
    for number in range(10):
        client.async_stream_infer("echo", asked, request_id=str(number))
    ids = set()
    for _ in range(10):
        result, error = answers.get(timeout=30)
        assert error is None
        assert np.array_equal(result.as_numpy("out_FP32"), numbers)
        ids.add(result.get_response().id)
    client.stop_stream()
    assert ids == {str(number) for number in range(10)}


def test_who_does_not_know_the_certificate_is_not_answered(server, echo):
    with triton.InferenceServerClient(server.grpc, ssl=True) as stranger:
        with pytest.raises(InferenceServerException):
            stranger.is_server_live(client_timeout=5)


def test_a_client_in_the_clear_gets_nothing(server, echo):
    with grpc.insecure_channel(server.grpc) as channel:
        with pytest.raises(grpc.FutureTimeoutError):
            grpc.channel_ready_future(channel).result(timeout=1)
    with socket.create_connection(("127.0.0.1", server.grpc_port), timeout=10) as plain:
        plain.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
        said = plain.recv(100)
        assert not said.startswith(b"\0\0")  # no frame of HTTP/2; an alert of TLS, or the end


def shake(server, **options):
    context = ssl.create_default_context(cafile=str(server.chain))
    for name, value in options.items():
        setattr(context, name, value)
    return context, socket.create_connection(("127.0.0.1", server.grpc_port), timeout=10)


def test_http2_is_agreed_on_in_the_handshake(server, echo):
    context, plain = shake(server)
    context.set_alpn_protocols(["http/1.1", "h2"])
    with context.wrap_socket(plain, server_hostname="localhost") as connection:
        assert connection.selected_alpn_protocol() == "h2"
        assert connection.version() in ("TLSv1.2", "TLSv1.3")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_refused(server, echo):
    context, plain = shake(server)
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with plain, pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(plain, server_hostname="localhost")


def test_a_handshake_that_is_never_finished_harms_nobody(server, client):
    silent = [socket.create_connection(("127.0.0.1", server.grpc_port)) for _ in range(20)]
    for one in silent:
        one.sendall(b"\x16\x03\x01\x02\x00")  # a record is announced and does not come
    asked, numbers, _ = inputs(1)
    assert np.array_equal(client.infer("echo", asked).as_numpy("out_FP32"), numbers)
    for one in silent:
        one.close()
