"""The broker: reachable, trusted, willing, and does its access list really allow our topics?

A running daemon's connection is left alone: brokers end a connection when another with its client id comes.
So where a daemon has the store, only TCP and TLS are tried, and the daemon's own word counts for the rest.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from edge_agent.config.settings import SiteConfig
from edge_agent.doctor.box import DaemonSeen, box_of, utc_us
from edge_agent.doctor.broker_seen import (
    NOBODYS_DIGEST,
    BrokerSeen,
    Question,
    TlsSeen,
    look_from_outside,
    visit,
)
from edge_agent.doctor.finding import Finding, State
from edge_agent.doctor.observed import Eyes
from edge_agent.doctor.push_checks import check_secret
from edge_agent.doctor.store_checks import RECEIPT
from edge_agent.errors import UsageError, VerificationError
from edge_agent.evidence.dsse import RECEIPT_TYPE
from edge_agent.evidence.keys import KeyRing, read_public_keys
from edge_agent.evidence.peek import Peek
from edge_agent.evidence.receipts import open_receipt
from edge_agent.evidence.uplink.port import FIRST_FAILURE, NO_MATCHING_SUBSCRIBERS, Connected, Refused
from edge_agent.evidence.uplink.settings import UplinkSettings
from edge_agent.evidence.uplink.topics import Topics

SUBJECT = "broker"
STEP_S = 5.0
SOON_DAYS = 30
DAY_US = 86_400 * 1_000_000
# Statements are never cut; with certificates, many axles and forty pictures one has some 20 KB.
LARGEST_STATEMENT_BYTES = 32 * 1024
FEWEST_IN_FLIGHT = 4
LOGIN = frozenset({4, 5, 0x86, 0x87, 0x8C})  # bad user or password, not authorised; MQTT 3.1.1 and 5


def broker_findings(config: SiteConfig, eyes: Eyes) -> Iterator[Finding]:
    """Go to the broker."""
    chosen = config.uplink
    if chosen is None:
        yield Finding("broker.none", SUBJECT, State.WARNING)
        return
    if chosen.mqtt.password_file is not None:
        yield from check_secret(chosen.mqtt.password_file, SUBJECT)
    box = box_of(config, eyes)
    daemon = box.daemon()
    timeout_s = min(STEP_S, chosen.mqtt.connect_timeout_s)
    if daemon is not None:
        yield from check(look_from_outside(chosen.mqtt, timeout_s), chosen, utc_us(config))
        yield from check_daemon(daemon)
        return
    seen = visit(
        chosen.mqtt,
        chosen.mqtt.client_id or config.site.device_id,
        Topics(chosen.topic_root, config.site.tenant, config.site.device_id),
        _question(config, box.store().holds),
        commands=config.commands is not None,
        timeout_s=timeout_s,
    )
    yield from check(seen, chosen, utc_us(config))


def _question(config: SiteConfig, holds: Peek | None) -> Question | None:
    """Whose answer would show the whole way there and back; None where no answer could be believed."""
    path = config.uplink.receipt_keys_file if config.uplink else None
    if path is None or holds is None or not holds.question:
        return None
    try:
        ring = KeyRing({RECEIPT_TYPE: read_public_keys(path)})
    except UsageError:  # a line of its own
        return None

    def believed(envelope: bytes) -> bool:
        with contextlib.suppress(VerificationError):
            open_receipt(envelope, ring, config.site.tenant, config.site.device_id)
            return True
        return False

    return Question(holds.question, believed)


def check_daemon(daemon: DaemonSeen) -> Iterator[Finding]:
    """What the daemon knows of its own connection."""
    if not daemon.answers:
        yield Finding("broker.not_tried", SUBJECT, State.UNKNOWN)
    elif daemon.uplink_trouble:
        yield Finding("broker.daemon_stopped", SUBJECT, State.FAULT, {"why": daemon.uplink_trouble})
    elif not daemon.connected:
        yield Finding("broker.daemon_away", SUBJECT, State.FAULT)
    else:
        yield Finding("broker.daemon_connected", SUBJECT, State.OK)


def check(seen: BrokerSeen, chosen: UplinkSettings, now_utc_us: int) -> Iterator[Finding]:
    """What is to be said of a visit."""
    where = {"host": chosen.mqtt.host, "port": chosen.mqtt.port}
    if seen.tcp:
        yield Finding("broker.unreachable", SUBJECT, State.FAULT, where | {"why": seen.tcp})
    if seen.own_files:
        yield Finding("broker.own_files", SUBJECT, State.FAULT, {"why": seen.own_files})
    if seen.tls is not None:
        yield from _tls(seen.tls, where, now_utc_us)
    if seen.refused is not None:
        yield _refused(seen.refused)
    if seen.silent:
        yield Finding("broker.silent", SUBJECT, State.FAULT, where | {"why": seen.silent})
    if seen.connected is not None:
        yield from _limits(seen.connected, chosen)
        yield from _topics(seen, seen.connected)
    if seen.receipt_s is not None:
        yield Finding("receipt.round_trip", RECEIPT, State.OK, {"ms": round(seen.receipt_s * 1000)})
    elif seen.asked:
        yield Finding("receipt.no_answer", RECEIPT, State.FAULT, {"seconds": STEP_S})


def _tls(tls: TlsSeen, where: Mapping[str, object], now_utc_us: int) -> Iterator[Finding]:
    days = None if tls.ends_utc_us is None else (tls.ends_utc_us - now_utc_us) // DAY_US
    values = {**where, "subject": tls.subject, "why": tls.why, "days": days}
    if tls.trouble:
        yield Finding(f"broker.tls_{tls.trouble}", SUBJECT, State.FAULT, values)
    elif days is not None and days <= SOON_DAYS:
        yield Finding("broker.tls_ends_soon", SUBJECT, State.WARNING, values)
    else:
        yield Finding("broker.tls", SUBJECT, State.OK, values)


def _refused(refused: Refused) -> Finding:
    key = "broker.login" if refused.code in LOGIN else "broker.refused"
    return Finding(key, SUBJECT, State.FAULT, {"code": refused.code, "why": refused.text})


def _limits(connected: Connected, chosen: UplinkSettings) -> Iterator[Finding]:
    values = {
        "most_kb": connected.maximum_packet_size // 1024,
        "wanted_kb": chosen.max_packet_bytes // 1024,
        "in_flight": connected.receive_maximum,
    }
    if connected.maximum_packet_size < LARGEST_STATEMENT_BYTES:
        yield Finding("broker.packets_too_small", SUBJECT, State.FAULT, values)
    elif connected.maximum_packet_size < chosen.max_packet_bytes:
        yield Finding("broker.packets_small", SUBJECT, State.WARNING, values)
    if connected.receive_maximum < FEWEST_IN_FLIGHT:
        yield Finding("broker.few_in_flight", SUBJECT, State.WARNING, values)
    if not connected.retains:
        yield Finding("broker.retains_nothing", SUBJECT, State.WARNING)


def _topics(seen: BrokerSeen, connected: Connected) -> Iterator[Finding]:
    denied = [topic for topic, code in {**seen.subscribed, **seen.published}.items() if code >= FIRST_FAILURE]
    if denied:
        yield Finding("broker.not_allowed", SUBJECT, State.FAULT, {"topics": _named(denied)})
    elif not connected.mqtt5:
        yield Finding("broker.allows_unknown", SUBJECT, State.UNKNOWN)
    elif lonely := [topic for topic, code in seen.published.items() if _nobody_hears(topic, code)]:
        yield Finding("broker.nobody_listens", SUBJECT, State.WARNING, {"topics": _named(lonely)})
    else:
        yield Finding("broker.ok", SUBJECT, State.OK, {"topics": len(seen.published) + len(seen.subscribed)})


def _nobody_hears(topic: str, code: int) -> bool:
    """Of the state topic a platform need not hear."""
    return code == NO_MATCHING_SUBSCRIBERS and not topic.endswith("/state")


def _named(topics: list[str]) -> str:
    return ", ".join(topic.replace(NOBODYS_DIGEST, "+") for topic in topics)
