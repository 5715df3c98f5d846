"""What the verify badge rests on: `evidence.verify` over a statement, its files and its neighbours, now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from edge_agent.errors import VerificationError
from edge_agent.evidence import dsse
from edge_agent.evidence.statement import Statement, parse
from edge_agent.evidence.verify import Material, Report, verify
from edge_agent.evidence.verify_signed import Item
from edge_agent.ingest.attachments import AttachmentReader
from edge_agent.ingest.device_keys import DeviceKeys
from edge_agent.ingest.devices import Devices
from edge_agent.ingest.place import Place
from edge_agent.ingest.store import PlatformStore, Stored
from edge_agent.report.times import to_the_second
from edge_agent.web.words import Words

THIS = "this record"


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of `texts`, with what stands in it."""

    key: str
    values: dict[str, Any] = field(default_factory=dict)

    def in_words(self, words: Words) -> str:
        """For a person."""
        return words(self.key, **self.values)


@dataclass(slots=True)
class Checks:
    """What was checked of one statement, and what was not."""

    checked: list[Said] = field(default_factory=list)
    not_checked: list[Said] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    report: Report = field(default_factory=Report)
    complete: bool = False

    @property
    def verified(self) -> bool:
        """Its signature, its files and its place in the chain are good, as far as they are here."""
        return self.report.good and not self.problems

    @property
    def acceptable(self) -> bool:
        """Whether a person may accept it at all."""
        return self.verified and self.complete


def check(
    store: PlatformStore,
    devices: Devices,
    files: AttachmentReader,
    stored: Stored,
    envelope: bytes,
    words: Words,
) -> Checks:
    """Check one statement as it lies here."""
    place = stored.place
    out = Checks(complete=stored.complete)
    ring = devices.ring(place.device)
    if ring is not None:
        ring = DeviceKeys(store, [place.device]).ring(ring, place.device)
    keys = ring.of_type(dsse.EVIDENCE_TYPE) if ring else ()
    if not keys:
        out.problems.append(words("not_enrolled"))
        _say_always(out, None, words)
        return out
    statement = parse(dsse.decode(envelope)[1])
    before = store.envelope(Place(place.device, place.epoch, place.seq - 1)) if place.seq else None
    after = store.envelope(Place(place.device, place.epoch, place.seq + 1))
    out.report = _verify(statement, envelope, before, after, files, keys)
    out.problems += [f"{where}: {what}" for where, what in out.report.problems]
    if out.verified:
        out.checked.append(Said("check_signature", {"keyid": statement.keyid[:16]}))
        out.checked.append(
            Said("check_attachments", {"count": len({a.sha256 for a in statement.attachments})})
        )
    _say_chain(out, store, stored, before=before is not None, after=after is not None)
    out.checked.append(Said("check_received", {"when": to_the_second(stored.received_utc_us)}))
    _say_always(out, statement, words)
    return out


def _verify(
    statement: Statement,
    envelope: bytes,
    before: bytes | None,
    after: bytes | None,
    files: AttachmentReader,
    keys: tuple[Any, ...],
) -> Report:
    """This one with all of its files; of its neighbours envelope and link alone."""
    mine = {attachment.sha256 for attachment in statement.attachments}
    around = {f"seq {statement.chain.seq - 1}": before, f"seq {statement.chain.seq + 1}": after}
    neighbours = {name: data for name, data in around.items() if data is not None}
    material = Material(
        items=[Item(THIS, envelope), *(Item(name, data) for name, data in neighbours.items())],
        attachment=lambda sha256: files.read(sha256) if sha256 in mine else None,
        released=frozenset(_listed(neighbours.values())) - mine,
    )
    return verify(material, keys)


def _listed(envelopes: Any) -> Iterator[str]:
    for envelope in envelopes:
        try:
            statement = parse(dsse.decode(envelope)[1])
        except VerificationError:
            continue  # `verify` says so
        yield from (attachment.sha256 for attachment in statement.attachments)


def _say_chain(out: Checks, store: PlatformStore, stored: Stored, *, before: bool, after: bool) -> None:
    seq = stored.place.seq
    good = out.verified
    if before and good:
        out.checked.append(Said("check_before", {"seq": seq - 1}))
    elif seq and not before:
        out.not_checked.append(Said("not_before", {"seq": seq - 1}))
    if after and good:
        out.checked.append(Said("check_after", {"seq": seq + 1}))
    elif not after:
        out.not_checked.append(Said("not_after"))
    if before or after:
        out.not_checked.append(Said("not_neighbours"))
    mark = store.watermark(stored.place.device, stored.place.epoch)
    if mark is not None and mark.seq >= seq:
        out.checked.append(Said("check_watermark", {"seq": mark.seq}))
    else:
        out.not_checked.append(Said("not_watermark"))


def _say_always(out: Checks, statement: Statement | None, words: Words) -> None:
    out.not_checked.append(Said("not_receipt"))
    if statement is not None:
        out.not_checked.append(Said("not_time", {"clock": _clock(statement, words)}))
    out.not_checked.append(Said("not_truth"))


def _clock(statement: Statement, words: Words) -> str:
    time = statement.time
    if not time.synced or time.est_error_us is None:
        return f"{time.source.value}, {words('clock_unsynced')}"
    return f"{time.source.value}, {words('clock_synced', ms=-(-time.est_error_us // 1000))}"
