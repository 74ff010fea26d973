"""Where a study's runs are done: by processes of this machine, or on the nodes of a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from seqlab.errors import UserError
from seqlab.kernels.threads import cores

LOCAL, RAY = "local", "ray"
RAY_PORT = 6379  # Ray's own default


def read_engine(engine: str) -> tuple[str, str | None]:
    """An engine's name and the address of its cluster; None: one of its own, on this machine."""
    name, given, address = engine.partition(":")
    if name not in (LOCAL, RAY) or (name == LOCAL and given) or (given and not address):
        raise UserError(
            f'--engine "{engine}": accepted are local, ray (on this machine) and ray:ADDRESS',
            "the address is that of the cluster's head, such as ray:10.0.0.1:6379; ray:auto finds "
            "the one that runs on this machine",
        )
    if address.startswith("//"):
        raise UserError(
            f'--engine "{engine}": a client of a cluster is not one of its nodes',
            f"run the command on a node of the cluster, with --engine ray:HEAD:{RAY_PORT}",
        )
    if address and address != "auto" and ":" not in address:
        address = f"{address}:{RAY_PORT}"
    return name, address or None


@contextmanager
def connected(engine: str, workers: int | None) -> Iterator[None]:
    """In which the cluster of an engine can be used, if it has one.

    Raises: UserError if there is none at the address, or if its nodes are not all alike.
    """
    name, address = read_engine(engine)
    if name == LOCAL:
        yield
        return
    from seqlab.study.cluster.connection import ray_connected

    with ray_connected(address, workers):
        yield


def slots(engine: str, device: str) -> int:
    """How many runs are done at once.

    On a CPU small models are fastest on one thread each, so there are as many processes as cores;
    an accelerator is not shared.
    """
    if read_engine(engine)[0] == RAY:
        from seqlab.study.cluster.connection import Needs, free_slots

        return free_slots(Needs.of(device))
    return 1 if device == "cuda" else cores()
