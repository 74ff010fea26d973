"""The Open Inference Protocol: in JSON, in binary, and through Triton's own client."""

import numpy as np
import pandas as pd
import pytest

from seqlab.workbench.predictor import load

TEXTS = ["great fun", "weak 😀"]


def asked(data, shape=None, datatype="BYTES", name="text"):
    return {
        "inputs": [
            {"name": name, "shape": shape or [len(data)], "datatype": datatype, "data": data}
        ]
    }


def test_texts_in_json(serving, trained):
    client = serving()
    response = client.post("/v2/models/gru/infer", json={"id": "7", **asked(TEXTS)})
    told = response.json()
    assert response.status_code == 200
    assert (told["id"], told["model_name"]) == ("7", "gru")
    outputs = {output["name"]: output for output in told["outputs"]}
    shown = load(trained["classify"]).predict(pd.DataFrame({"text": TEXTS}))
    assert outputs["label"]["data"] == shown["predicted"].tolist()
    assert outputs["probabilities"]["shape"] == [2, 2]
    assert outputs["probabilities"]["parameters"] == {"names": '["neg", "pos"]'}
    np.testing.assert_allclose(
        np.reshape(outputs["probabilities"]["data"], (2, 2))[:, 1], shown["p(pos)"], atol=1e-6
    )


def test_series_are_numbers(serving):
    values = np.zeros((2, 12, 2)).ravel().tolist()
    response = serving("series").post(
        "/v2/models/gru/infer", json=asked(values, [2, 12, 2], "FP32", "series")
    )
    assert response.status_code == 200
    assert response.json()["outputs"][0]["shape"] == [2]


def test_what_is_there(serving):
    client = serving()
    assert client.get("/v2").json()["name"] == "seqlab"
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    told = client.get("/v2/models/gru").json()
    assert told["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    assert client.get("/v2/models/gru/ready").json() == {"ready": True}
    assert client.get("/v2/models/other").status_code == 404


BAD = {
    "no inputs": ({"inputs": []}, "inputs: list should have at least 1 item"),
    "no data": (
        {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES"}]},
        'input "text" has no data',
    ),
    "datatype": (asked(["a"], datatype="FP8"), "datatype FP8; accepted: BYTES, BOOL"),
    "shape": (
        asked(["a"], [3]),
        'input "text": its data are not of shape [3], BYTES',
    ),
    "a name": (asked(["a"], name="txt"), "text: field required"),
    "no number": (asked(["a"], datatype="FP32"), 'input "text": its data are not of shape'),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read(serving, name):
    body, told = BAD[name]
    response = serving().post("/v2/models/gru/infer", json=body)
    assert response.status_code == 422
    assert response.json()["error"].startswith(told)


def test_binary_that_is_cut(serving):
    header = b'{"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES",'
    header += b' "parameters": {"binary_data_size": 6}}]}'
    for data, status in ((b"\2\0\0\0ab", 200), (b"\7\0\0\0ab", 422), (b"\2", 422)):
        response = serving().post(
            "/v2/models/gru/infer",
            content=header + data,
            headers={"Inference-Header-Content-Length": str(len(header))},
        )
        assert response.status_code == status


def test_the_client_of_triton(listening_at, trained):
    http = pytest.importorskip("tritonclient.http")
    client = http.InferenceServerClient(listening_at("classify").removeprefix("http://"))
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("gru")
    for binary in (False, True):
        texts = http.InferInput("text", [2], "BYTES")
        texts.set_data_from_numpy(np.array([t.encode() for t in TEXTS], dtype=object), binary)
        result = client.infer("gru", [texts])
        shown = load(trained["classify"]).predict(pd.DataFrame({"text": TEXTS}))
        labels = [v.decode() if isinstance(v, bytes) else v for v in result.as_numpy("label")]
        assert labels == shown["predicted"].tolist()
        assert result.as_numpy("probabilities").shape == (2, 2)
    client.close()
