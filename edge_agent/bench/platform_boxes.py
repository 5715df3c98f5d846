"""Simulated boxes: each with a key, a chain and statements of its own, signed before anything is measured.

The statements are those of a truck over the limit (`evidence.examples`), sealed once by a real store and
then varied: what the platform checks (signature, schema, chain, digests) holds for every one of them.
"""

from __future__ import annotations

import copy
import hashlib
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from edge_agent.bench.platform_site import TENANT
from edge_agent.evidence import dsse, strict_json
from edge_agent.evidence.examples import a_case, a_store
from edge_agent.evidence.keys import FileKey
from edge_agent.evidence.statement import parse
from edge_agent.evidence.uplink.chunks import Chunk, encode_chunk
from edge_agent.evidence.uplink.topics import Topics


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement that waits to be sent."""

    seq: int
    payload_sha256: str
    envelope: bytes
    picture: str | None  # digest of its attachment


class Box:
    """One simulated box.

    Args:
        number: which; its name, key, chain and pictures follow from it and the seed.
        picture_bytes: size of an attachment; it goes in one chunk.
        with_picture_permille: how many of a thousand statements have one.
    """

    def __init__(self, number: int, seed: int, picture_bytes: int, with_picture_permille: int) -> None:
        self.device = f"box-{number:05d}"
        self.key = box_key(number, seed)
        self.topics = Topics("ea/v1", TENANT, self.device)
        self._seed = f"{seed} {number}"
        self.epoch = hashlib.sha256(f"epoch {self._seed}".encode()).hexdigest()[:32]
        self._picture_bytes = picture_bytes
        self._permille = with_picture_permille
        self._genesis: str | None = None
        self._prev: str | None = None
        self.case = "1-1"
        self.signed = 0

    def sign_next(self) -> Signed:
        """The next of the chain."""
        seq = self.signed
        fields = _payload(self._genesis is not None)
        fields["device_id"], fields["keyid"] = self.device, self.key.keyid
        fields["packet_id"] = _packet_id(f"{self._seed} {seq}")
        chain = {"epoch": self.epoch, "seq": seq, "prev": self._prev, "store_genesis": self._genesis}
        fields["chain"] = {**fields["chain"], **chain}
        picture = None
        if fields["measurement"] is not None:
            fields["measurement"]["case"] = self.case
        if self._genesis is None:
            fields["record"]["public_key_spki"] = self.key.public.spki.hex()
        elif random.Random(f"{self._seed} {seq}").randrange(1000) < self._permille:  # noqa: S311 - simulated
            picture = hashlib.sha256(self._picture(seq)).hexdigest()
            file = {**fields["attachments"][0], "sha256": picture, "size": self._picture_bytes}
            fields["attachments"] = [file]
        else:
            fields["attachments"] = []
        payload = strict_json.dumps(fields)
        if seq <= 1:
            parse(payload)  # a bench of messages that are refused would measure nothing
        sha256 = hashlib.sha256(payload).hexdigest()
        self._genesis, self._prev, self.signed = self._genesis or sha256, sha256, seq + 1
        return Signed(seq, sha256, dsse.sign(dsse.EVIDENCE_TYPE, payload, [self.key]), picture)

    def messages(self, signed: Signed) -> Iterator[tuple[str, bytes]]:
        """Topic and payload, attachment first, as a box sends them."""
        if signed.picture is not None:
            body = self._picture(signed.seq)
            yield self.topics.attachment(signed.picture), encode_chunk(Chunk(0, len(body), body))
        yield self.topics.statement, signed.envelope

    def _picture(self, seq: int) -> bytes:
        name = f"picture {self._seed} {seq}"
        return random.Random(name).randbytes(self._picture_bytes)  # noqa: S311 - stands for a picture


def box_key(number: int, seed: int) -> FileKey:
    """Its signing key."""
    return FileKey.from_seed(hashlib.sha256(f"key {seed} {number}".encode()).digest())


def _payload(case: bool) -> dict[str, Any]:
    return copy.deepcopy(_sealed()[case])


@cache
def _sealed() -> tuple[dict[str, Any], dict[str, Any]]:
    """A genesis and a case as a real store seals them."""
    with tempfile.TemporaryDirectory() as folder, a_store(Path(folder)) as store:
        seq = store.seal(*a_case()).seq
        genesis, case = (
            strict_json.loads(dsse.decode(packet.envelope)[1])
            for packet in (store.packet(0), store.packet(seq))
            if packet is not None
        )
    case["missing"] = []
    for fields in (genesis, case):
        fields["health"]["disk_free_bytes"] = (
            0  # the only thing in it that another process would see otherwise
        )
    return genesis, case


def _packet_id(name: str) -> str:
    """Of the form of a UUID version 7."""
    text = hashlib.sha256(name.encode()).hexdigest()
    return f"{text[:8]}-{text[8:12]}-7{text[12:15]}-8{text[15:18]}-{text[18:30]}"
