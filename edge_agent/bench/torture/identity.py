"""K1: a certificate expires. The box goes on, says less than before, loses nothing, and is mended by hand."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge_agent.bench.broker import ADDRESS, Mosquitto
from edge_agent.bench.torture.row import Effort, Outcome, Row
from edge_agent.bench.torture.waiting import came_true
from edge_agent.core.records import UseClass
from edge_agent.demo.broker import MUTUAL_TLS
from edge_agent.demo.pki import Authority
from edge_agent.evidence import dsse
from edge_agent.evidence.certificates import certificates_of_pem, key_certificate, read_certificates
from edge_agent.evidence.enrolment import Purpose, install, request
from edge_agent.evidence.examples import KEY, a_case, a_certificate, an_identity, store_settings
from edge_agent.evidence.identity import Identity
from edge_agent.evidence.keys import P256, FileKey, KeyRing
from edge_agent.evidence.statement import Kind, Statement, parse
from edge_agent.evidence.store import EvidenceStore, Sealed
from edge_agent.evidence.uplink.events import UplinkEvent, UplinkEventKind
from edge_agent.evidence.uplink.settings import UplinkSettings
from edge_agent.evidence.uplink.uplink import Uplink
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material
from edge_agent.ingest.service import Ingest
from edge_agent.ingest.settings import IngestSettings

WAIT_S = 20.0
DAY = timedelta(days=1)
DEVICE = an_identity().settings.device


def tls(effort: Effort, folder: Path) -> Outcome:
    """The broker turns the box away; evidence is kept, and flows once a new certificate is installed."""
    outcome = Outcome()
    with _tls_site(folder) as site:
        for _ in range(effort.times(1, 10)):
            site.expire()
            _one_expiry(site, effort.times(5, 50), outcome)
        _compare(site, outcome)
    return outcome


def evidence(effort: Effort, folder: Path) -> Outcome:
    """Statements go on as `reference`, the incident is told once, and a new certificate ends it."""
    authority = Authority(folder / "pki")
    outcome = Outcome()
    now = datetime.now(UTC)
    sealed: list[Sealed] = []
    for number in range(effort.times(3, 100)):
        box = folder / f"box-{number}"
        outcome.tried += 1
        for ends, wanted in ((now - DAY, UseClass.REFERENCE), (now + DAY, UseClass.ENFORCEMENT)):
            asked = request(KEY.private, DEVICE.device_id, DEVICE.tenant)
            held = key_certificate(certificates_of_pem(authority.certify(asked, now - 2 * DAY, ends)))
            sealed = _seal_over_restarts(box, an_identity(device_certificates={held.keyid: held}), wanted)
            outcome.sealed += len(sealed)
            cases = [_parsed(one) for one in sealed]
            outcome.expect(all(_use(case) is wanted for case in cases), f"{box.name}: not all are {wanted}")
            outcome.expect(
                all(_reasons(case) == ["evidence_certificate_expired"] for case in cases)
                == (wanted is UseClass.REFERENCE),
                f"{box.name}: the reason is not given, or is given in vain",
            )
        report = verify(
            open_material(box), [KEY.public], authorities=read_certificates(authority.certificate)
        )
        outcome.lost += 8 - sum(1 for kind in _kinds(box) if kind is Kind.COMPOSITE)
        outcome.gaps += sum("chain" in what for _, what in report.problems)
        outcome.expect(not report.problems, f"{box.name}: {report.problems[:1]}")
        told = sum(kind is Kind.INCIDENT for kind in _kinds(box))
        outcome.expect(told == 1, f"{box.name}: the incident was told {told} times")
    return outcome


def scale(effort: Effort, folder: Path) -> Outcome:
    """Every case of the lane is `reference` for that reason; nothing is lost."""
    outcome = Outcome()
    expired = an_identity(certificates={"1": a_certificate(valid_until="2026-10-31")})
    for number in range(effort.times(3, 100)):
        box = folder / f"box-{number}"
        outcome.tried += 1
        for identity, wanted in ((expired, UseClass.REFERENCE), (an_identity(), UseClass.ENFORCEMENT)):
            sealed = _seal_over_restarts(box, identity, wanted)
            outcome.sealed += len(sealed)
            for case in map(_parsed, sealed):
                reasons = ["certificate_expired"] if wanted is UseClass.REFERENCE else []
                outcome.expect((_use(case), _reasons(case)) == (wanted, reasons), f"{box.name}: {case.legal}")
        report = verify(open_material(box), [KEY.public])
        outcome.lost += 8 - sum(1 for kind in _kinds(box) if kind is Kind.COMPOSITE)
        outcome.gaps += sum("chain" in what for _, what in report.problems)
        outcome.expect(not report.problems, f"{box.name}: {report.problems[:1]}")
    return outcome


ROWS = (
    Row(
        "K1a",
        "the TLS certificate has expired",
        "a client certificate of yesterday before a real Mosquitto; `identity install` without a restart",
        "the uplink says so, evidence is kept and flows after the renewal",
        tls,
        needs=("mosquitto",),
    ),
    Row(
        "K1b",
        "the evidence key's certificate has expired",
        "a certificate of yesterday over two starts, then a renewed one",
        "use class reference with the reason, told once, no data loss",
        evidence,
    ),
    Row(
        "K1c",
        "the scale's verification certificate (检定) has expired",
        "the lane's certificate ended before the crossing",
        "use class reference with the reason, no data loss",
        scale,
    ),
)


@dataclass(slots=True)
class _Site:
    folder: Path
    authority: Authority
    key: FileKey
    store: EvidenceStore
    ingest: Ingest
    uplink_settings: UplinkSettings
    receipts: KeyRing
    sealed: list[Sealed]
    cases: int = 0

    @property
    def certificate(self) -> Path:
        """Of the box's TLS key."""
        return self.folder / "tls.crt"

    def issue(self, begin: datetime, end: datetime) -> bytes:
        """What the authority makes of the box's request."""
        return self.authority.certify(request(self.key.private, DEVICE.device_id, DEVICE.tenant), begin, end)

    def expire(self) -> None:
        """The installed certificate is one of yesterday."""
        now = datetime.now(UTC)
        self.certificate.write_bytes(self.issue(now - 30 * DAY, now - DAY))

    def renew(self) -> None:
        """What the technician does: request, certificate, `edge-agent identity install`."""
        now = datetime.now(UTC)
        given = self.folder / "given.pem"
        given.write_bytes(self.issue(now - DAY, now + 30 * DAY))
        purpose = Purpose("tls", self.key.keyid, DEVICE.device_id, self.certificate)
        install(given, [purpose], read_certificates(self.authority.certificate), _now_us())

    def seal(self, count: int) -> None:
        """So many cases more."""
        for _ in range(count):
            self.cases += 1
            self.sealed.append(self.store.seal(*a_case(self.cases)))


def _one_expiry(site: _Site, count: int, outcome: Outcome) -> None:
    events: list[UplinkEvent] = []
    site.seal(count)
    uplink = Uplink(
        site.store,
        site.uplink_settings,
        site.receipts,
        tenant=DEVICE.tenant,
        device_id=DEVICE.device_id,
        on_event=events.append,
    )
    uplink.start()
    try:
        tried = came_true(lambda: uplink.counters.connect_failures >= 2, WAIT_S)
        outcome.expect(tried and uplink.counters.connects == 0, "the broker let an expired certificate in")
        outcome.expect("certificate expired" in uplink.trouble, f"the uplink says only {uplink.trouble!r}")
        alarms = sum(event.kind is UplinkEventKind.TLS_CERTIFICATE for event in events)
        outcome.expect(alarms == 1, f"{alarms} alarms of one expiry")
        outcome.tried += 1
        site.seal(count)
        outcome.expect(site.store.stats().pending >= 2 * count, "evidence was not kept")
        renewed_s = time.monotonic()
        site.renew()
        outcome.expect(uplink.wait_idle(WAIT_S), "evidence did not flow after the renewal")
        outcome.expect(not uplink.trouble, f"still {uplink.trouble!r}")
        slowest = max(outcome.measured.get("flows_after_s", 0.0), round(time.monotonic() - renewed_s, 1))
        outcome.measured["flows_after_s"] = slowest
    finally:
        uplink.stop(drain_s=0)


def _compare(site: _Site, outcome: Outcome) -> None:
    """What was called sealed against what the platform has."""
    there = {
        stored.place.seq: stored.payload_sha256
        for stored in site.ingest._store.of_device(DEVICE.device_id, 100_000)  # noqa: SLF001 - its own database
        if stored.complete
    }
    outcome.sealed = len(site.sealed)
    outcome.lost = sum(one.seq not in there for one in site.sealed)
    outcome.differing = sum(
        there.get(one.seq, one.payload_sha256) != one.payload_sha256 for one in site.sealed
    )
    outcome.gaps = len(set(range(max(there, default=-1) + 1)) - there.keys())


@contextlib.contextmanager
def _tls_site(folder: Path) -> Iterator[_Site]:
    pki = folder / "pki"
    authority = Authority(pki)
    authority.server(ADDRESS)
    platform = authority.client("ingest")
    (folder / "devices").mkdir()
    (folder / "devices" / f"{DEVICE.device_id}.pem").write_bytes(KEY.public.pem)
    receipt_key = FileKey.generate(folder / "receipt.pem")
    broker = Mosquitto(folder, MUTUAL_TLS.format(folder=pki)).start()
    with contextlib.ExitStack() as parts:
        parts.callback(broker.stop)
        ingest = Ingest(
            IngestSettings(
                mqtt=broker.settings(
                    "ingest",
                    tls_ca_certs=authority.certificate,
                    tls_client_cert=platform.certificate,
                    tls_client_key=platform.key,
                ),
                tenant=DEVICE.tenant,
                data_dir=folder / "platform",
                devices_dir=folder / "devices",
                receipt_key_file=folder / "receipt.pem",
                need_grace_s=0.2,
            )
        )
        ingest.start()
        parts.callback(ingest.stop)
        ingest.wait_subscribed(WAIT_S)
        key = FileKey.generate(folder / "tls.key", P256)
        box = broker.settings(
            DEVICE.device_id,
            tls_ca_certs=authority.certificate,
            tls_client_cert=folder / "tls.crt",
            tls_client_key=folder / "tls.key",
        )
        store = EvidenceStore.open(store_settings(folder / "box"), KEY, an_identity(), utc_us=_now_us)
        parts.callback(store.close)
        yield _Site(
            folder,
            authority,
            key,
            store,
            ingest,
            UplinkSettings(mqtt=box, resend_min_s=0.5, resend_max_s=2.0),
            KeyRing({dsse.RECEIPT_TYPE: [receipt_key.public]}),
            [],
        )


def _seal_over_restarts(box: Path, identity: Identity, wanted: UseClass) -> list[Sealed]:
    """Two starts, two cases each; other cases for each use class."""
    first = 1 if wanted is UseClass.REFERENCE else 101
    sealed = []
    for number in (first, first + 2):
        with EvidenceStore.open(store_settings(box), KEY, identity, utc_us=_now_us) as store:
            sealed += [store.seal(*a_case(number)), store.seal(*a_case(number + 1))]
    return sealed


def _kinds(box: Path) -> list[Kind]:
    return [parse(dsse.decode(item.envelope)[1]).kind for item in open_material(box).items]


def _parsed(sealed: Sealed) -> Statement:
    return parse(sealed.payload)


def _use(case: Statement) -> UseClass | None:
    return case.legal.use_class if case.legal else None


def _reasons(case: Statement) -> list[str]:
    return case.legal.reasons if case.legal else []


def _now_us() -> int:
    return time.time_ns() // 1000
