"""What the service counts about itself, in Prometheus' words. No ids of people or schools are labels."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The figures of one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "driveflow_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self.seconds = Histogram(
            "driveflow_request_seconds",
            "Time until a request's last byte.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.transactions = Counter(
            "driveflow_pushed_transactions",
            "Pushed transactions by their answer.",
            ("status",),
            registry=self._registry,
        )
        self.lock_seconds = Histogram(
            "driveflow_lock_seconds",
            "Time a slice of a push took, the school's lock included.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.retries = Counter(
            "driveflow_transaction_retries", "Transactions run again after a deadlock.", registry=self._registry
        )
        self.streams = Gauge("driveflow_streams", "Open streams.", registry=self._registry)
        self.bugs = Counter("driveflow_bugs", "Requests that failed by our fault.", registry=self._registry)

    def page(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self._registry)
