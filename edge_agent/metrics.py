"""What Prometheus reads of a daemon. Everything is read from the parts' own counters when it is asked for.

Labels are names of the configuration (lane, port, camera) and words of the program: their number is
bounded. docs/observability.md lists every metric; a test compares.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily as Count
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.core import HistogramMetricFamily as Histogram
from prometheus_client.core import InfoMetricFamily as Info
from prometheus_client.core import Metric

from edge_agent import __version__
from edge_agent.core.units import S
from edge_agent.core.weigh.samples import Counters as PortCounters
from edge_agent.devices import clock
from edge_agent.devices.camera.camera import Camera
from edge_agent.devices.camera.sampler import Sampler
from edge_agent.durations import Durations
from edge_agent.evidence.uplink.uplink import Uplink
from edge_agent.health import Health
from edge_agent.journal.black_box import BlackBox
from edge_agent.progress import standing

LEVELS = ("ok", "degraded", "fault")
COMMANDS = (
    "Messages by what was made of them; repeated: the same again; unsigned: no command key signed it; "
    "dropped: too many waited."
)


class Port(Protocol):
    """What a serial line counts itself."""

    @property
    def name(self) -> str:
        """As configured."""

    @property
    def bytes_read(self) -> int:
        """Since the start."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Whose counters are read."""

    health: Health
    quota_bytes: int
    uplink: Uplink | None = None
    commands: Callable[[], Mapping[str, int]] | None = None
    ports: Sequence[Port] = ()
    decoders: Callable[[], Mapping[str, PortCounters]] = dict
    cameras: Mapping[str, Camera] = field(default_factory=dict)
    samplers: Mapping[str, Sampler] = field(default_factory=dict)
    detectors: Mapping[str, Durations] = field(default_factory=dict)
    black_box: BlackBox | None = None


def registry_of(sources: Sources) -> CollectorRegistry:
    """A registry of its own, so that two daemons in one process do not mix."""
    registry = CollectorRegistry()
    registry.register(AgentCollector(sources))
    ProcessCollector(registry=registry)
    return registry


class AgentCollector:
    """Makes the metrics of a daemon, each time anew."""

    def __init__(self, sources: Sources) -> None:
        self._of = sources
        self._began_s = time.monotonic()

    def collect(self) -> Iterator[Metric]:
        """All of them."""
        yield Info(
            "edge_agent_build",
            "What runs.",
            {"version": __version__, "python": platform.python_version()},
        )
        yield Gauge("edge_agent_service_uptime_seconds", "Since the start.", time.monotonic() - self._began_s)
        yield from self._judged()
        yield from self._evidence()
        if self._of.uplink is not None:
            yield from _sent(self._of.uplink)
        if self._of.commands is not None:
            yield _by("commands", COMMANDS, "result", self._of.commands())
        yield from self._clock()
        yield from self._parts()
        yield from self._serial()
        yield from self._video()
        yield from self._detected()
        yield from self._journal()

    def _judged(self) -> Iterator[Metric]:
        health = self._of.health
        yield _by("crossings", "Vehicles weighed.", "lane", health.crossings)
        yield _by("overweight", "Of them, over a limit.", "lane", health.overweight)
        yield _by("match", "Overweight vehicles by what became of their plate.", "result", health.matches)
        yield _durations("match_latency", "From the last axle to the answer.", health.match_s)
        yield _by("faults", "Facts about road and box that somebody should know.", "kind", health.faults)

    def _evidence(self) -> Iterator[Metric]:
        health = self._of.health
        sealed = Count(
            "edge_agent_statements_sealed",
            "Decided by the core and durably in the chain.",
            labels=("kind", "use_class"),
        )
        for labels, number in health.statements.copy().items():
            sealed.add_metric(labels, number)
        yield sealed
        yield Count("edge_agent_statements_refused", "Cases that were not sealed.", health.refused)
        yield _durations("seal_latency", "From the last axle to the durable statement.", health.seal_s)
        glance = health.glance()
        if glance is None:
            return
        yield Count("edge_agent_evidence_lost", "Could not be sealed; since the store was made.", glance.lost)
        yield Gauge("edge_agent_chain_seq", "Place of the newest statement.", glance.head.seq)
        yield Gauge("edge_agent_outbox_messages", "Statements without a receipt.", glance.pending)
        yield Gauge(
            "edge_agent_outbox_oldest_seconds", "Age of the oldest of them.", glance.oldest_pending_s or 0
        )
        pending, stored = health.volumes()
        yield Gauge("edge_agent_evidence_bytes_pending", "Their bytes, pictures included.", pending)
        yield Gauge("edge_agent_evidence_stored_bytes", "Pictures held.", stored)
        yield Gauge("edge_agent_evidence_quota_bytes", "Most that they may take.", self._of.quota_bytes)
        yield Gauge(
            "edge_agent_storage_free_bytes", "Of the disk that evidence is on.", glance.disk_free_bytes
        )
        yield Gauge(
            "edge_agent_evidence_pressure",
            "0: room for all, to 5: for nothing; disk.md.",
            int(glance.pressure),
        )
        pressed = {str(int(step)): number for step, number in glance.pressed.items()}
        yield _by("evidence_pressed", "Cases that lost pictures to a step, or all.", "step", pressed)

    def _clock(self) -> Iterator[Metric]:
        now = self._of.health.clock_status()
        if now is None:
            return
        yield Gauge("edge_agent_clock_synced", "1: somebody vouches for the time.", int(now.synced))
        yield Gauge("edge_agent_clock_offset_seconds", "Still to be added to the clock.", now.offset / S)
        yield Gauge("edge_agent_clock_stratum", "Of the clock; 0 where nobody says.", now.stratum)
        if now.est_error is not None:
            yield Gauge("edge_agent_clock_error_seconds", "Bound of the error beside it.", now.est_error / S)

    def _parts(self) -> Iterator[Metric]:
        health = self._of.health
        yield Gauge(
            "edge_agent_health", "0 ok, 1 degraded, 2 fault; the state topic.", LEVELS.index(health.level())
        )
        up = Gauge("edge_agent_part_up", "1: it is well; of parts that have said so.", labels=("part",))
        for part, well in health.devices.copy().items():
            up.add_metric((part,), int(well))
        yield up
        pulses = list(health.pulses())
        stuck = {one.part for one in standing(pulses)}
        ages = Gauge("edge_agent_round_age_seconds", "Since a part last went round.", labels=("part",))
        stands = Gauge(
            "edge_agent_part_stuck", "1: it has not for longer than it may; the watchdog.", labels=("part",)
        )
        for pulse in pulses:
            age = pulse.age_s
            if age is not None:
                ages.add_metric((pulse.part,), age)
                stands.add_metric((pulse.part,), int(pulse.part in stuck))
        yield from (ages, stands)

    def _serial(self) -> Iterator[Metric]:
        yield _by(
            "serial_bytes", "Bytes read.", "port", {port.name: port.bytes_read for port in self._of.ports}
        )
        frames = Count("edge_agent_serial_frames", "By what they were worth.", labels=("port", "result"))
        sums = Count("edge_agent_serial_crc_errors", "Frames with a bad checksum.", labels=("port",))
        gaps = Count("edge_agent_serial_gaps", "Stretches without samples.", labels=("port",))
        for port, counted in self._of.decoders().items():
            frames.add_metric((port, "good"), counted.frames)
            frames.add_metric((port, "bad"), counted.bad_frame + counted.bad_checksum)
            sums.add_metric((port,), counted.bad_checksum)
            gaps.add_metric((port,), counted.gaps)
        yield from (frames, sums, gaps)

    def _video(self) -> Iterator[Metric]:
        now = clock.monotonic()
        status = {name: camera.status() for name, camera in self._of.cameras.items()}
        held = {name: camera.held() for name, camera in self._of.cameras.items()}
        name = "camera_name"
        yield _gauges("camera_up", "1: video comes.", name, {n: int(s.up) for n, s in status.items()})
        yield _by("camera_frames", "Pictures received.", name, {n: s.packets for n, s in status.items()})
        yield _by("camera_reconnects", "Since the start.", name, {n: s.reconnects for n, s in status.items()})
        lags = {n: (now - newest[1]) / S for n, newest in held.items() if newest is not None}
        yield _gauges("camera_lag_seconds", "Age of the newest picture.", name, lags)
        stats = {n: sampler.stats for n, sampler in self._of.samplers.items()}
        yield _by("process_frames", "Pictures to look at.", name, {n: s.pictures for n, s in stats.items()})
        skipped = {n: s.replaced + s.dropped + s.lost for n, s in stats.items()}
        yield _by("skipped_frames", "Wanted, and not looked at.", name, skipped)
        yield _by("decoded_frames", "Put out by the decoder.", name, {n: s.decoded for n, s in stats.items()})
        yield _by("decode_errors", "Damaged packets.", name, {n: s.errors for n, s in stats.items()})

    def _detected(self) -> Iterator[Metric]:
        speed = Histogram(
            "edge_agent_detector_inference_speed_seconds", "One call of the network.", labels=("detector",)
        )
        for name, taken in self._of.detectors.items():
            speed.add_metric((name,), taken.buckets(), taken.sum_s)
        yield speed

    def _journal(self) -> Iterator[Metric]:
        box = self._of.black_box
        if box is None:
            return
        yield Count("edge_agent_journal_lost_events", "Events that the journal lacks.", box.lost_events)
        yield Gauge("edge_agent_journal_bytes", "Recordings held, as of the last look.", box.held_bytes)
        yield Gauge("edge_agent_journal_queued_bytes", "Waiting for the disk, roughly.", box.queued_bytes)


def _sent(uplink: Uplink) -> Iterator[Metric]:
    counted = uplink.counters
    yield Gauge("edge_agent_uplink_connected", "1: a broker has us.", int(uplink.connected))
    receipts = {
        "receipted": counted.receipted,
        "rejected": counted.rejected,
        "quarantined": counted.quarantined,
        "ignored": counted.receipts_ignored,
    }
    yield _by(
        "receipts",
        "Statements by what the platform said; ignored: receipts not for us, or forged.",
        "status",
        receipts,
    )
    for name, help_text, number in (
        ("connects", "Connections made.", counted.connects),
        ("connect_failures", "Attempts that made none.", counted.connect_failures),
        ("disconnects", "Connections lost.", counted.disconnects),
        ("watchdog", "Connections ended for their silence.", counted.watchdog),
        ("faults", "Connections ended by a bug.", counted.faults),
        ("messages", "MQTT messages published.", counted.messages),
        ("bytes", "Of them, without MQTT's own few.", counted.bytes),
        ("held", "Statements that nobody at the broker listened to.", counted.held),
    ):
        yield Count(f"edge_agent_uplink_{name}", help_text, number)


def _by(name: str, help_text: str, label: str, numbers: Mapping[str, float]) -> Metric:
    metric = Count(f"edge_agent_{name}", help_text, labels=(label,))
    return _filled(metric, numbers.items())


def _gauges(name: str, help_text: str, label: str, numbers: Mapping[str, float]) -> Metric:
    return _filled(Gauge(f"edge_agent_{name}", help_text, labels=(label,)), numbers.items())


def _filled(metric: Count | Gauge, numbers: Iterable[tuple[str, float]]) -> Metric:
    for value, number in tuple(numbers):
        metric.add_metric((value,), number)
    return metric


def _durations(name: str, help_text: str, taken: Durations) -> Metric:
    metric = Histogram(f"edge_agent_{name}_seconds", help_text)
    metric.add_metric((), taken.buckets(), taken.sum_s)
    return metric
