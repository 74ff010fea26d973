"""What docs/serve.md says of the server is so."""

import json
import re
import shlex
from pathlib import Path

import pytest

from seqlab.serve.limits import Limits
from seqlab.serve.predicting import REFUSALS

PAGE = (Path(__file__).parents[2] / "docs" / "serve.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_the_request_is_answered_in_the_form_that_is_shown(serving):
    (line,) = [text for _, text in BLOCKS if text.startswith("curl ")]
    words = shlex.split(line)
    path = words[1].removeprefix("http://127.0.0.1:8000")
    name, _, value = words[words.index("-H") + 1].partition(": ")
    told = serving().post(path, content=words[words.index("-d") + 1], headers={name: value}).json()
    (shown,) = [json.loads(text) for kind, text in BLOCKS if kind == "json"]
    assert told.keys() == shown.keys()
    assert told["answers"][0].keys() == shown["answers"][0].keys()


@pytest.mark.slow  # the client's own import takes seconds
def test_the_client_runs(listening_at, capsys):
    pytest.importorskip("openai")
    (source,) = [text for kind, text in BLOCKS if kind == "python"]
    address = listening_at("language")
    exec(source.replace("http://127.0.0.1:8000", address), {})
    assert capsys.readouterr().out


def test_every_path_that_is_named_is_there(serving):
    named = set(re.findall(r"`(?:GET |POST )?(/[a-z0-9/.]+)`", PAGE)) - {"/v2", "/sessions/"}
    paths = set()
    for task in ("language", "series"):
        paths |= set(serving(task).get("/openapi.json").json()["paths"])
    assert named - {"/openapi.json"} <= paths
    assert len(named) >= 8


def test_every_limit_and_status_that_is_named_is_there():
    rows = re.findall(r"^\| (\d{3}) \|.*\|([^|]*)\|$", PAGE, re.MULTILINE)
    assert {int(status) for status, _ in rows} == set(REFUSALS) - {401}
    named = {name for _, cells in rows for name in re.findall(r"`(\w+)`", cells)}
    assert named | {"batch_positions", "session_seconds"} == set(Limits.model_fields)
