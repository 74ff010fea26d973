"""What is refused of a cluster, and how much room it has."""

import socket
import sys

import pytest

from seqlab.errors import UserError

pytest.importorskip("ray", reason="Ray is not installed")

from seqlab.study.cluster import connection, facts
from seqlab.study.cluster.connection import Needs, check_alike

HERE = {"host": "head", "python": "3.12.1", "torch": "2.8.0", "seqlab": "1.0"}


def test_nodes_that_are_alike_are_accepted():
    check_alike(HERE, [{**HERE, "host": "other"}, HERE])


@pytest.mark.parametrize(
    ("node", "told"),
    [
        ({"torch": "2.7.0"}, "other: torch 2.7.0 instead of 2.8.0"),
        ({"torch": ""}, "other: torch missing instead of 2.8.0"),
        (
            {"seqlab": "0.9", "python": "3.11.0"},
            "other: python 3.11.0 instead of 3.12.1, seqlab 0.9 instead of 1.0",
        ),
        ({"seqlab": "", "torch": ""}, "other: seqlab is not installed"),
    ],
)
def test_a_node_that_differs_is_named_with_what_differs(node, told):
    with pytest.raises(UserError) as raised:
        check_alike(HERE, [HERE, {**HERE, "host": "other", **node}])
    assert raised.value.message.endswith(f"differ from head, where the command runs: {told}")
    assert "\n" not in raised.value.message


def test_of_many_nodes_that_differ_few_are_named():
    nodes = [{**HERE, "host": f"n{i}", "seqlab": ""} for i in range(9)]
    with pytest.raises(UserError, match=r"n0: .*; n1: .*; n2: .*; and 6 more\n"):
        check_alike(HERE, nodes)


def test_facts_name_what_is_here_and_what_is_missing():
    found = facts.node_facts(["torch", "no-such-package"])
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["torch"]
    assert found["no-such-package"] == ""
    assert found["host"] == socket.gethostname()


@pytest.mark.parametrize(
    ("needs", "resources", "slots"),
    [
        (Needs(), {"CPU": 8.0, "memory": 1.0}, 8),
        (Needs(memory=3), {"CPU": 8.0, "memory": 10.0}, 3),
        (Needs(memory=3), {"CPU": 2.0, "memory": 100.0}, 2),
        (Needs(memory=3), {"CPU": 2.0}, 0),
        (Needs.of("cuda"), {"CPU": 8.0, "GPU": 2.0}, 2),
        (Needs.of("cuda"), {"CPU": 8.0}, 0),
        (Needs.of("cpu"), {}, 0),
    ],
)
def test_a_node_takes_as_many_runs_as_fit(needs, resources, slots):
    assert needs.fit(resources) == slots


def test_nobody_at_the_address_is_said_at_once():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(UserError) as raised, connection.ray_connected(f"127.0.0.1:{port}", None):
        pass
    assert raised.value.message == (
        f"--engine ray:127.0.0.1:{port}: no Ray answers there (connection refused)"
    )
    assert raised.value.hint == f"start one with: ray start --head --port={port}"
