"""What stands before every request, as plain ASGI: keys, rates, bodies that are too large or slow.

Starlette's BaseHTTPMiddleware would hide from a stream that its client has left; this does not.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seqlab.serve.counters import Counters
from seqlab.serve.limits import Limits
from seqlab.serve.refusals import RefusedError, overloaded

OPEN_PATHS = ("/", "/health", "/ready", "/v2/health/live", "/v2/health/ready")  # without a key
HEARTBEAT_SECONDS = 0.05
LATE = 0.25  # of the deadline: when the event loop is later than this, nothing more is begun
BATCH = 32  # requests that wait, from which the model has enough to do
MOST_CLIENTS = 10_000  # whose rates are remembered
BURST_SECONDS = 2.0  # of a client's rate that may come at once
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


class Lag:
    """How late the event loop is; what waits to be read, or refused, is in no queue of ours."""

    def __init__(self, waiting: Callable[[], int]) -> None:
        self.seconds, self._waiting = 0.0, waiting

    def behind(self) -> float:
        """The same; nothing while the model has less to do than a batch, so that it never idles."""
        return self.seconds if self._waiting() >= BATCH else 0.0

    async def watch(self) -> None:
        """Measure it for ever."""
        while True:
            due = time.monotonic() + HEARTBEAT_SECONDS
            await asyncio.sleep(HEARTBEAT_SECONDS)
            self.seconds = max(0.0, time.monotonic() - due)


class Guard:
    """Counts every request, and refuses those that are not to be read at all."""

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        counters: Counters,
        key: str | None,
        behind: Callable[[], float],
    ) -> None:
        self.app, self.limits, self.counters, self.behind = app, limits, counters, behind
        self.key = None if key is None else key.encode()
        self.rates = Rates(limits.rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the lifespan of the server."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 499  # as nginx counts clients that have left

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        self.counters.in_flight.inc()
        try:
            await self._guarded(scope, receive, told)
        finally:
            self.counters.in_flight.dec()
            route = scope.get("route")
            path = getattr(route, "path", "other")
            self.counters.answered(path, status, time.perf_counter() - started)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        try:
            self._check_key(scope, headers)
            behind = self.behind() if scope["method"] == "POST" else 0.0
            if behind > LATE * self.limits.deadline:
                raise overloaded(f"the server is {behind:.1f} seconds behind", behind)
            self.rates.check((scope.get("client") or ("unknown",))[0])
            body = await self._body(headers, receive)
        except RefusedError as refusal:
            await refusal.response(scope["path"])(scope, receive, send)
            return
        if body is not None:  # else the client left before it had said what it wants
            await self.app(scope, replayed(body, receive), send)

    def _check_key(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        if self.key is None or scope["path"] in OPEN_PATHS:
            return
        bearer = headers.get(b"authorization", b"")
        given = headers.get(b"x-api-key", bearer[7:] if bearer[:7].lower() == b"bearer " else b"")
        if not hmac.compare_digest(given, self.key):
            said = "expected the server's API key in Authorization: Bearer … or X-API-Key"
            raise RefusedError(401, said, {"WWW-Authenticate": "Bearer"})

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes | None:
        most = self.limits.body_bytes
        said = headers.get(b"content-length", b"0")
        if said.isdigit() and int(said) > most:
            raise _too_large(most)
        body = bytearray()
        try:
            async with asyncio.timeout(self.limits.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    body += message.get("body", b"")
                    if len(body) > most:
                        raise _too_large(most)
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            raise RefusedError(
                408, f"the request did not arrive within {self.limits.body_seconds:g} seconds"
            ) from None


class Rates:
    """How many requests each client may make: a bucket of tokens that refills with time."""

    def __init__(self, rate: float | None) -> None:
        self.rate = rate
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, client: str) -> None:
        """Refuse a client that asks more often than it may."""
        if self.rate is None:
            return
        now, most = time.monotonic(), max(1.0, self.rate * BURST_SECONDS)
        left, then = self._buckets.pop(client, (most, now))
        left = min(most, left + (now - then) * self.rate)
        self._buckets[client] = (max(left - 1, 0.0) if left >= 1 else left, now)
        if len(self._buckets) > MOST_CLIENTS:
            self._buckets.popitem(last=False)
        if left < 1:
            seconds = (1 - left) / self.rate
            said = f"more than {self.rate:g} requests a second from one client"
            raise RefusedError(429, said, {"Retry-After": str(max(1, round(seconds + 0.5)))})


def replayed(body: bytes, receive: Receive) -> Receive:
    """A body that was read already, and after it whatever else comes from the client."""
    pending = True

    async def next_message() -> Message:
        nonlocal pending
        if pending:
            pending = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return next_message


def _too_large(most: int) -> RefusedError:
    # What is left of the body is not read: the connection cannot be used again.
    return RefusedError(413, f"the body is larger than {most:,} bytes", {"Connection": "close"})
