"""The folder for a container: what stands in it, and a build where there is an engine."""

import re
import shlex
import shutil
import subprocess

import pytest

from seqlab import __version__
from seqlab.cli import run
from seqlab.errors import UserError
from seqlab.serve.docker import write_docker
from seqlab.workbench.predictor import load

KNOWN = "FROM ARG RUN COPY ENV USER EXPOSE HEALTHCHECK ENTRYPOINT".split()  # noqa: SIM905


@pytest.fixture(scope="module")
def folder(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("docker") / "image"
    assert run(["serve", str(trained["classify"]), "--write-docker", str(folder)]) == 0
    return folder


def instructions(folder):
    """(instruction, the rest) of the Dockerfile, continued lines joined."""
    text = (folder / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [line.split(maxsplit=1) for line in lines]


def test_the_model_goes_along_and_loads(folder):
    assert load(folder / "model").card["candidate"] == "gru"
    assert (folder / ".dockerignore").read_text() == "*\n!model\n"


def test_the_dockerfile(folder):
    steps = instructions(folder)
    names = [name for name, _ in steps]
    assert set(names) <= set(KNOWN)
    assert names[0] == "FROM"
    assert re.fullmatch(r"python:3\.\d+-slim", steps[0][1])
    rest = dict(steps)
    assert rest["USER"].isdigit()
    assert int(rest["USER"]) > 0
    assert f"--uid {rest['USER']} " in rest["RUN"]
    assert names.index("RUN") < names.index("USER") < names.index("ENTRYPOINT")
    assert "/ready" in rest["HEALTHCHECK"]
    assert f"=={__version__}" in dict(s[1].split("=", 1) for s in steps if s[0] == "ARG")["SEQLAB"]
    assert "--no-cache-dir" in rest["RUN"]
    command = re.findall(r'"([^"]+)"', rest["ENTRYPOINT"])
    assert command[:3] == ["seqlab", "serve", "/model"]
    assert run([*command[1:], "--help"]) == 0  # its options are there
    check = re.findall(r'"((?:[^"])+)"', rest["HEALTHCHECK"].partition("CMD")[2])
    compile(check[-1], "check", "exec")
    assert rest["EXPOSE"] in command
    shlex.split(rest["RUN"])


def test_compose(folder):
    yaml = pytest.importorskip("yaml")
    (service,) = yaml.safe_load((folder / "compose.yaml").read_text())["services"].values()
    assert service["ports"] == ["127.0.0.1:8000:8000"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert set(service) <= {
        *("build", "ports", "environment", "read_only", "tmpfs", "cap_drop", "security_opt"),
        *("mem_limit", "stop_grace_period", "restart"),
    }


def test_a_folder_with_something_in_it_is_left_alone(trained, tmp_path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(UserError, match="there is something already"):
        write_docker(trained["classify"], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_names_are_no_instructions(trained, tmp_path):
    best = shutil.copytree(trained["classify"], tmp_path / "best")
    card = (best / "best.json").read_text()
    (best / "best.json").write_text(card.replace('"gru"', '"gru\\nRUN evil"', 1))
    write_docker(best, tmp_path / "image")
    assert all("evil" not in rest for _, rest in instructions(tmp_path / "image"))


def engine():
    """A container engine that works, or nothing."""
    for name in ("docker", "podman"):
        if (
            shutil.which(name)
            and not subprocess.run([name, "info"], capture_output=True).returncode
        ):
            return name
    return None


@pytest.mark.slow
def test_the_image_is_built(folder):
    name = engine()
    if name is None:
        pytest.skip("no container engine: the RUN line was not executed")
    built = subprocess.run([name, "build", str(folder)], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr[-2000:]


def test_hadolint(folder):
    if shutil.which("hadolint") is None:
        pytest.skip("no hadolint")
    said = subprocess.run(["hadolint", folder / "Dockerfile"], capture_output=True, text=True)
    assert said.returncode == 0, said.stdout
