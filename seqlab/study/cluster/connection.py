"""The connection to a Ray cluster: made, checked for nodes that differ, asked for room."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seqlab.errors import UserError
from seqlab.kernels.threads import cores
from seqlab.progress import doing
from seqlab.study.cluster import facts
from seqlab.study.cluster.facts import PACKAGES

if TYPE_CHECKING:
    import ray
else:
    try:
        import ray
    except ImportError:
        raise UserError("--engine ray: Ray is not installed", 'pip install "seqlab[ray]"') from None

REACH_SECONDS = 5.0  # in which a cluster's head takes a call
PROBE_SECONDS = 60.0  # in which a node starts a process and says what it has
OBJECT_STORE_BYTES = 80 * 2**20  # of a Ray on this machine, where nothing travels
MOST_TOLD = 3  # nodes that one message names


@dataclass(frozen=True)
class Needs:
    """What one run takes of a node; memory in bytes, 0 where it is not known."""

    cpus: int = 1
    gpus: int = 0
    memory: int = 0

    @classmethod
    def of(cls, device: str, memory: int = 0) -> Needs:
        """Of a run on a device: an accelerator is not shared."""
        return cls(gpus=int(device == "cuda"), memory=memory)

    def fit(self, resources: Mapping[str, float]) -> int:
        """How many such runs a node takes at once."""
        counts = [resources.get("CPU", 0) // self.cpus]
        if self.gpus:
            counts.append(resources.get("GPU", 0) // self.gpus)
        if self.memory:
            counts.append(resources.get("memory", 0) // self.memory)
        return int(min(counts))


@contextmanager
def ray_connected(address: str | None, workers: int | None) -> Iterator[None]:
    """In which Ray can be used; its cluster is checked to be of nodes that are alike.

    Without an address it is the one that RAY_ADDRESS names, as in a job of Ray's own, or one that
    is started on this machine and ends here. One that this process has is used, and left.
    """
    if ray.is_initialized():
        _check_nodes()
        yield
        return
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    with doing("connecting to Ray" if address != "local" else "starting Ray"):
        _connect(address, workers)
    try:
        with doing("looking at the nodes of the Ray cluster"):
            _check_nodes()
        yield
    finally:
        ray.shutdown()


def _connect(address: str, workers: int | None) -> None:
    _check_reach(address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns
    own: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
    if address == "local":
        own |= {"num_cpus": workers or cores(), "object_store_memory": OBJECT_STORE_BYTES}
        own |= {"include_dashboard": False}
    try:
        with _signals_kept():
            ray.init(address=address, **own)
    except Exception as error:  # of many kinds, and Ray's words are the best there are
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        where = "--engine ray" if address == "local" else f"--engine ray:{address}"
        raise UserError(
            f"{where}: no connection: {reason}",
            "the command is to run on a node of the cluster (ray start --address=HEAD:PORT), with "
            "the same versions of Python and Ray",
        ) from None


def _check_reach(address: str) -> None:
    """Ray itself waits for minutes where nobody answers."""
    host, _, port = address.rpartition(":")
    if not host:
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), REACH_SECONDS).close()
    except (OSError, ValueError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(
            f"--engine ray:{address}: no Ray answers there ({reason.lower()})",
            f"start one with: ray start --head --port={port or 6379}",
        ) from None


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray takes SIGTERM for itself; whoever handled it before goes on to do so."""
    main = threading.current_thread() is threading.main_thread()
    handlers = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)} if main else {}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def nodes() -> list[dict[str, Any]]:
    """The nodes that are alive, as Ray describes them."""
    return [node for node in ray.nodes() if node["Alive"]]


def free_slots(needs: Needs) -> int:
    """How many runs the cluster takes at once, whatever it does now."""
    return sum(needs.fit(node["Resources"]) for node in nodes())


def on_node(node: str) -> dict[str, Any]:
    """Options of a task that is for one node alone, and takes nothing from others there."""
    strategy = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node, soft=False)
    return {"num_cpus": 0, "max_retries": 0, "scheduling_strategy": strategy}


def _check_nodes() -> None:
    """Refuse a cluster that can do nothing, and nodes that would not do what this machine does."""
    ray.cloudpickle.register_pickle_by_value(facts)
    here = facts.node_facts(list(PACKAGES))
    probe = ray.remote(facts.node_facts)
    asked = {probe.options(**on_node(n["NodeID"])).remote(list(PACKAGES)): n for n in nodes()}
    done, late = ray.wait(list(asked), num_returns=len(asked), timeout=PROBE_SECONDS)
    if late:
        raise UserError(
            f"Ray's node {asked[late[0]]['NodeManagerAddress']} does not answer within "
            f"{PROBE_SECONDS:.0f} seconds",
            "look at its state with: ray status",
        )
    check_alike(here, [ray.get(one) for one in done])
    if not free_slots(Needs()):
        raise UserError(
            "--engine ray: no node of the cluster has a CPU to give",
            "add nodes with: ray start --address=HEAD:PORT",
        )


def check_alike(here: Mapping[str, str], there: Sequence[Mapping[str, str]]) -> None:
    """Refuse nodes with other versions than this machine: their runs could not be compared."""
    wrong = [(node, difference(here, node)) for node in there if difference(here, node)]
    if not wrong:
        return
    told = "; ".join(f"{node['host']}: {what}" for node, what in wrong[:MOST_TOLD])
    more = f"; and {len(wrong) - MOST_TOLD} more" if len(wrong) > MOST_TOLD else ""
    raise UserError(
        f"nodes of the Ray cluster differ from {here['host']}, where the command runs: {told}"
        f"{more}",
        "install the same versions on every node and start Ray there again",
    )


def difference(here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """In words what a node has otherwise; nothing for one that is alike."""
    if not there["seqlab"]:
        return "seqlab is not installed"
    return ", ".join(
        f"{name} {there[name] or 'missing'} instead of {version or 'none'}"
        for name, version in here.items()
        if name != "host" and there.get(name) != version
    )
