"""A server in this process, until it is told to stop; what it has begun it finishes."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from seqlab.errors import UserError


class HalfClosed(H11Protocol):
    """A client that has sent its whole request and closed its own side still reads the answer.

    One that does so while it is answered, or before its request was whole, has left.
    """

    def eof_received(self) -> bool:  # type: ignore[override]
        """Whether to keep the other side open."""
        cycle = self.cycle
        return cycle is not None and not cycle.more_body and not cycle.response_started


class Server(uvicorn.Server):
    """Uvicorn's, which stops at a signal without raising it once more."""

    def __init__(self, config: uvicorn.Config, begun: Callable[[], None]) -> None:
        super().__init__(config)
        self._begun = begun

    async def startup(self, sockets: Any = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        if self.started:
            self._begun()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM end it; whoever had them before has them again afterwards."""
        main = threading.current_thread() is threading.main_thread()
        numbers = (signal.SIGINT, signal.SIGTERM) if main else ()
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def listening(host: str, port: int) -> socket.socket:
    """The address, taken; a UserError where that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # TCP by name: only then does asyncio switch off Nagle's delay, which costs 40 ms an answer.
    taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":  # elsewhere it would let two servers have one port
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        reason = (error.strerror or str(error)).lower()
        raise UserError(
            f"--host {host} --port {port}: {reason}",
            "choose another, or end the program that has this one",
        ) from None
    return taken


def serve(
    app: FastAPI, address: socket.socket, grace: float, begun: Callable[[], None] = lambda: None
) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is in flight, within `grace` seconds."""
    asyncio.run(server_of(app, grace, begun).serve(sockets=[address]))


def server_of(app: FastAPI, grace: float, begun: Callable[[], None]) -> Server:
    """The server of an application, which is quiet but for errors."""
    config = uvicorn.Config(
        app,
        http=HalfClosed,
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=max(1, round(grace)),
    )
    return Server(config, begun)
