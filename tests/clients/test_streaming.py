# SPDX-License-Identifier: Apache-2.0
"""Models that answer piece by piece, logged by the unmodified mlflow client."""

import json
import sys
import time

import cloudpickle
import mlflow.pyfunc
import pytest
import requests
from conftest import Server
from serving_models import endpoint

cloudpickle.register_pickle_by_value(sys.modules[__name__])


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    arguments = ["--python", sys.executable, "--python-timeout", "5", "--python-workers", "1"]
    running = Server(tmp_path_factory.mktemp("server"), *arguments).start()
    yield running
    assert running.stop() == 0


class Teller(mlflow.pyfunc.PythonModel):
    """Says the words of its prompt one by one."""

    def predict(self, context, model_input: list[str], params=None):
        return [text.upper() for text in model_input]

    def predict_stream(self, context, model_input, params=None):
        text = model_input[0] if isinstance(model_input, list) else model_input
        for word in str(text).split():
            if word == "raise":
                raise ValueError("no such word")
            if word == "wait":
                time.sleep(0.2)
            if word == "forever":
                while True:
                    yield "more"
                    time.sleep(0.01)
            if word == "nan":
                yield {"score": float("nan")}
                continue
            yield word


@pytest.fixture(scope="module")
def teller(server):
    import mlflow

    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    with mlflow.start_run():
        mlflow.pyfunc.log_model(
            name="model",
            python_model=Teller(),
            registered_model_name="teller",
            pip_requirements=["mlflow"],
            streamable=True,
        )
    endpoint(server, "teller", [{"model": "teller", "version": "1"}])


def events(answer):
    for line in answer.iter_lines():
        if line.startswith(b"data: "):
            yield line[6:].decode()


def tell(server, text, **more):
    return requests.post(
        f"{server.url}/endpoints/teller/invocations",
        json={"inputs": [text]} | more,
        stream=True,
        timeout=30,
        headers=more.pop("headers", None),
    )


def test_pieces_come_as_events_as_the_model_says_them(server, teller):
    answer = tell(server, "once wait upon a time", stream=True)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    times, said = [], []
    for event in events(answer):
        times.append(time.monotonic())
        said.append(event)
    assert said == ['"once"', '"wait"', '"upon"', '"a"', '"time"', "[DONE]"]
    assert times[1] - times[0] > 0.1, "the first word does not wait for the second"


def test_accept_asks_for_events_too_and_without_it_the_answer_is_whole(server, teller):
    url = f"{server.url}/endpoints/teller/invocations"
    body = {"inputs": ["so it is"]}
    streamed = requests.post(url, json=body, headers={"accept": "text/event-stream"})
    assert list(events(streamed)) == ['"so"', '"it"', '"is"', "[DONE]"]
    assert requests.post(url, json=body).json() == {"predictions": ["SO IT IS"]}
    typed = requests.post(
        f"{server.url}/endpoints/teller/predict",
        json=["so it is"],
        headers={"accept": "text/event-stream"},
    )
    assert list(events(typed)) == ['"so"', '"it"', '"is"', "[DONE]"]


def test_an_error_before_the_first_piece_is_a_status_and_later_an_event(server, teller):
    early = tell(server, "raise", stream=True)
    assert early.status_code == 400
    assert "no such word" in early.text

    said = [e for e in events(tell(server, "well raise", stream=True))]
    assert said[0] == '"well"'
    assert "no such word" in json.loads(said[1])["error"]["message"]
    assert "[DONE]" not in said


def test_nan_in_a_piece_is_null(server, teller):
    assert list(events(tell(server, "nan", stream=True))) == ['{"score": null}', "[DONE]"]


def test_a_client_that_goes_away_frees_the_process(server, teller):
    for _ in range(3):
        answer = tell(server, "forever", stream=True)
        assert next(events(answer)) == '"more"'
        answer.close()
        # The only process is free again, without being killed.
        assert list(events(tell(server, "next", stream=True))) == ['"next"', "[DONE]"]
    assert server.log.read_text().count("python.worker_ready") == 1


def test_generate_and_generate_stream(server, teller):
    url = f"{server.url}/v2/models/teller"
    whole = requests.post(f"{url}/generate", json={"text_input": "so it is", "parameters": {}})
    assert whole.json() == {
        "model_name": "teller",
        "model_version": "1",
        "text_output": "SO IT IS",
    }
    streamed = requests.post(f"{url}/generate_stream", json={"text_input": "so it is"})
    said = [json.loads(event)["text_output"] for event in events(streamed)]
    assert said == ["so", "it", "is"]
    assert requests.post(f"{url}/generate", json=[1]).status_code == 400
    assert requests.post(f"{server.url}/v2/models/none/generate", json={}).status_code == 404


def test_grpc_streams_answer_each_request_with_many(server, teller):
    import queue

    import numpy as np
    import tritonclient.grpc as triton

    said: queue.Queue = queue.Queue()
    client = triton.InferenceServerClient(server.grpc)
    client.start_stream(lambda result, error: said.put((result, error)))
    text = triton.InferInput("text_input", [1], "BYTES")
    text.set_data_from_numpy(np.array([b"so it is"], dtype=object))
    client.async_stream_infer("teller", [text], enable_empty_final_response=True, request_id="q")
    words = []
    while True:
        result, error = said.get(timeout=10)
        assert error is None, error
        response = result.get_response()
        assert response.id == "q"
        if response.parameters["triton_final_response"].bool_param:
            break
        words.append(result.as_numpy("text_output")[0].decode())
    assert words == ["so", "it", "is"]
    text.set_data_from_numpy(np.array([b"raise"], dtype=object))
    client.async_stream_infer("teller", [text])
    _, error = said.get(timeout=10)
    assert "no such word" in str(error)
    client.stop_stream()
