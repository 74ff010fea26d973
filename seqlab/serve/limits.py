"""What a server accepts: settings whose excess is a status of its own."""

from __future__ import annotations

from pydantic import Field

from seqlab.specs import Spec


class Limits(Spec):
    """Limits of requests, and of how many there may be."""

    body_bytes: int = Field(4 * 2**20, ge=1, description="of a request; more: 413")
    rows: int = Field(1000, ge=1, description="of a request; more: 413")
    positions: int = Field(20_000, ge=1, description="tokens or steps of a row; more: 422")
    tokens: int = Field(1000, ge=1, description="written for a request; more: 422")
    queue: int = Field(256, ge=1, description="requests that wait; more: 503")
    deadline: float = Field(30.0, gt=0, description="seconds until an answer; later: 504")
    body_seconds: float = Field(10.0, gt=0, description="until a request has arrived; later: 408")
    rate: float | None = Field(None, gt=0, description="requests a second of a client; more: 429")
    batch_positions: int = Field(16_384, ge=1, description="of a batch, padding counted")
    sessions: int = Field(1000, ge=1, description="that are open at a time; more: 503")
    session_seconds: float = Field(600.0, gt=0, description="without use until one is closed")
    file_rows: int = Field(100_000, ge=1, description="of an uploaded file; more: 413")
