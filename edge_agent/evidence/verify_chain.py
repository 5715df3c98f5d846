"""Whether statements hang together: each names the one before it, and all of an epoch the same first one."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from edge_agent.evidence.pruning import Mark
from edge_agent.evidence.statement import Statement

ChainName = tuple[str, str, str]
"""Tenant, device, epoch."""


@dataclass(frozen=True, slots=True)
class Link:
    """A statement as its neighbours see it."""

    name: str
    sha256: str
    prev: str | None
    genesis: str | None
    keyid: str
    rotates: bool  # its key signs nothing after it


Links = dict[int, Link]  # by seq


def chain_of(statement: Statement) -> ChainName:
    """The chain that it says it is of."""
    return statement.tenant, statement.device_id, statement.chain.epoch


class ChainCheck:
    """Takes in links in any order, then looks at each chain.

    Args:
        whole: complete chains: a gap in one is a loss.
        let_go: of a complete chain: up to where a gap is none.
    """

    def __init__(self, whole: bool, let_go: Mark) -> None:
        self._whole = whole
        self._let_go = let_go
        self.chains: dict[ChainName, Links] = {}
        self.problems: list[tuple[str, str]] = []  # (where, what)
        self.not_checked: list[str] = []
        self.good = 0  # links

    def place(self, chain: ChainName, seq: int, link: Link) -> str:
        """What is wrong with its place; empty when nothing is."""
        twin = self.chains.setdefault(chain, {}).setdefault(seq, link)
        if twin.sha256 == link.sha256:
            return ""
        return f"equivocation: {twin.name} is another statement at seq {seq}"

    def check(self) -> None:
        """All of them are here."""
        for chain, links in sorted(self.chains.items()):
            self._check_firsts(links)
            self._check_rotations(links)
            if self._let_go.seq >= 0:
                self._check_let_go(links)
            self._check_links(chain, links)

    def _check_firsts(self, links: Links) -> None:
        first = min(links)
        geneses = {link.genesis for seq, link in links.items() if seq > 0}
        if 0 in links:
            geneses.add(links[0].sha256)
        if len(geneses) > 1:
            self.problems.append(
                (links[first].name, "chain: statements of one epoch name different first ones")
            )
        if self._whole and first != 0:
            self.problems.append((links[first].name, f"chain: starts at seq {first}, not at 0"))

    def _check_rotations(self, links: Links) -> None:
        """A key that was rotated away signs nothing after it."""
        away: dict[str, int] = {}
        for seq, link in sorted(links.items()):
            if link.keyid in away:
                what = f"signed by key {link.keyid:.16}, which was rotated away at seq {away[link.keyid]}"
                self.problems.append((link.name, f"chain: {what}"))
            if link.rotates:
                away[link.keyid] = seq

    def _check_let_go(self, links: Links) -> None:
        """As many are gone as were let go, and the chain goes on from the last place that was looked at."""
        mark = self._let_go
        end = links.get(mark.seq)
        here = sum(seq <= mark.seq for seq in links)
        if here + mark.statements != mark.seq + 1:
            what = f"{here} statements up to seq {mark.seq} are here and {mark.statements} were let go"
            self.problems.append(("mark", f"chain: {what}"))
        if end is None or end.sha256 != mark.payload_sha256:
            self.problems.append(
                ("mark", f"chain: seq {mark.seq} is not the statement where what was let go ends")
            )
        gone = f"{mark.statements} statements up to seq {mark.seq}"
        self.not_checked.append(f"{gone}: let go after their receipts, as the store says")

    def _check_links(self, chain: ChainName, links: Links) -> None:
        for before, seq in itertools.pairwise(sorted(links)):
            if seq != before + 1 and seq <= self._let_go.seq:
                continue  # checked as a whole
            if seq != before + 1:
                gap = f"chain {chain[1]}/{chain[2]:.8}: between seq {before} and {seq} nothing is here"
                if self._whole:
                    self.problems.append((links[seq].name, gap))
                else:
                    self.not_checked.append(gap)
            elif links[seq].prev != links[before].sha256:
                self.problems.append((links[seq].name, f"chain: does not follow from seq {before}"))
            else:
                self.good += 1
