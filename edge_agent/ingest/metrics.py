"""What Prometheus reads of the platform's side."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from edge_agent.ingest.intake import Stats

HELP = {
    "messages": "Messages received.",
    "accepted": "Statements stored complete for the first time.",
    "duplicates": "Statements that were stored before.",
    "needs": "Answers that asked for missing bytes.",
    "rejected": "Messages refused for good.",
    "unverified": "Of them, not signed by an enrolled key of that box.",
    "unknown_device": "Of them, of a box that is not enrolled.",
    "frozen": "Withheld because the box is frozen.",
    "bad_topic": "Of no known topic.",
    "bad_chunks": "Chunks that are none.",
    "wrong_digests": "Attachments that are not what their name says.",
    "chunks": "Chunks received.",
    "heads": "Heads received.",
    "receipts": "Receipts signed.",
}


class IngestCollector:
    """Makes the metrics of an ingest, each time anew."""

    def __init__(self, stats: Callable[[], Stats], subscribed: Callable[[], bool]) -> None:
        self._stats = stats
        self._subscribed = subscribed

    def collect(self) -> Iterator[Metric]:
        """All of them."""
        yield GaugeMetricFamily(
            "edge_agent_ingest_subscribed", "1: the broker hands us what comes.", int(self._subscribed())
        )
        for name, number in self._stats().as_dict().items():
            yield CounterMetricFamily(f"edge_agent_ingest_{name}", HELP.get(name, name), number)


def registry_of(stats: Callable[[], Stats], subscribed: Callable[[], bool]) -> CollectorRegistry:
    """A registry of its own."""
    registry = CollectorRegistry()
    registry.register(IngestCollector(stats, subscribed))
    ProcessCollector(registry=registry)
    return registry
