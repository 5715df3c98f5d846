"""Whether a receipt of the platform covers a statement: by an item, or by its watermark.

    7 <── prev ── 8 <── prev ── 9    watermark: seq 9 and its hash

One hash speaks for everything before it, as far back as the chain that is here leads without a break.
"""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.errors import VerificationError
from edge_agent.evidence.keys import KeyRing
from edge_agent.evidence.receipts import Receipt, ReceiptStatus, Watermark, open_receipt
from edge_agent.evidence.verify_chain import ChainName, Link, Links

_COVERED = frozenset({ReceiptStatus.ACCEPTED, ReceiptStatus.DUPLICATE})


class ReceiptCheck:
    """Opens each receipt once; a bad one is a problem once.

    Args:
        ring: the platform's keys.
        chains: all that is here.
    """

    def __init__(self, ring: KeyRing, chains: Mapping[ChainName, Links]) -> None:
        self._ring = ring
        self._chains = chains
        self._opened: dict[tuple[bytes, str, str], Receipt | None] = {}
        self._unbroken = {name: _unbroken(links) for name, links in chains.items()}
        self.problems: list[tuple[str, str]] = []  # (where, what)

    def covers(self, receipts: tuple[bytes, ...], chain: ChainName, seq: int, link: Link) -> bool:
        """Whether one of the receipts that came with a statement covers it."""
        opened = (self._open(envelope, chain, link.name) for envelope in receipts)
        return any(self._covers(receipt, chain, seq, link) for receipt in opened if receipt)

    def _open(self, envelope: bytes, chain: ChainName, name: str) -> Receipt | None:
        tenant, device, _ = chain
        key = (envelope, tenant, device)
        if key not in self._opened:
            try:
                self._opened[key] = open_receipt(envelope, self._ring, tenant, device)
            except VerificationError as error:
                self.problems.append((name, f"its receipt: {error}"))
                self._opened[key] = None
        return self._opened[key]

    def _covers(self, receipt: Receipt, chain: ChainName, seq: int, link: Link) -> bool:
        if receipt.epoch != chain[2]:
            return False
        if any(i.payload_sha256 == link.sha256 and i.status in _COVERED for i in receipt.items):
            return True
        mark = receipt.watermark
        return mark is not None and self._leads_back(mark, chain, seq, link)

    def _leads_back(self, mark: Watermark, chain: ChainName, seq: int, link: Link) -> bool:
        if mark.seq <= seq:
            return mark.seq == seq and mark.payload_sha256 == link.sha256
        links, unbroken = self._chains[chain], self._unbroken[chain]
        if mark.seq not in links or links[mark.seq].sha256 != mark.payload_sha256:
            return False
        return unbroken[mark.seq] <= seq + 1 and links[seq + 1].prev == link.sha256


def _unbroken(links: Links) -> dict[int, int]:
    """For each place the lowest one that the hashes lead back to from there."""
    lowest: dict[int, int] = {}
    for seq in sorted(links):
        follows = seq - 1 in links and links[seq].prev == links[seq - 1].sha256
        lowest[seq] = lowest[seq - 1] if follows else seq
    return lowest
