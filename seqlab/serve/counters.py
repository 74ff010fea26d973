"""What Prometheus reads at /metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Counters:
    """The counts of one server; `Worker` tells it of batches and of its queue."""

    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        self.requests = Counter(
            "seqlab_requests", "Requests by path and status", ("path", "status"), registry=own
        )
        self.seconds = Histogram(
            "seqlab_request_seconds",
            "From a request's arrival to the end of its answer",
            ("path",),
            buckets=SECONDS,
            registry=own,
        )
        self.rejected = Counter(
            "seqlab_rejected", "Requests without an answer, by status", ("status",), registry=own
        )
        self.in_flight = Gauge("seqlab_in_flight", "Requests being answered", registry=own)
        self.waiting = Gauge("seqlab_queue_length", "Requests that wait", registry=own)
        self.batch_requests = Histogram(
            "seqlab_batch_requests", "Requests in a batch", buckets=SIZES, registry=own
        )
        self.batch_rows = Histogram(
            "seqlab_batch_rows", "Rows in a batch", buckets=SIZES, registry=own
        )
        self.tokens = Counter("seqlab_tokens", "Positions read, about", registry=own)
        self.written = Counter("seqlab_written_tokens", "Tokens written", registry=own)

    def batch(self, requests: int, rows: int, positions: int) -> None:
        """A batch is about to be computed."""
        self.batch_requests.observe(requests)
        self.batch_rows.observe(rows)
        self.tokens.inc(positions)

    def queue(self, waiting: int) -> None:
        """So many requests wait."""
        self.waiting.set(waiting)

    def answered(self, path: str, status: int, seconds: float) -> None:
        """A request has its answer, or was refused."""
        self.requests.labels(path, str(status)).inc()
        self.seconds.labels(path).observe(seconds)
        if status >= 400:
            self.rejected.labels(str(status)).inc()

    def text(self) -> bytes:
        """All of it in Prometheus' format."""
        return generate_latest(self.registry)
