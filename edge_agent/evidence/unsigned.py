"""Statements of a replay: the same bytes as on the road but for the chain, the key and the box's state.

Nobody signs them: a replay shows what a rule would have concluded, and is evidence of nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from edge_agent.core.decisions import Seal
from edge_agent.core.units import US
from edge_agent.evidence.attachments import case_files
from edge_agent.evidence.build import Built, build
from edge_agent.evidence.identity import ChainLink, Identity

_NOWHERE = "0" * 64
_NO_EPOCH = "0" * 32


class UnsignedChain:
    """Builds statement after statement, each naming the one before, deterministic from end to end."""

    def __init__(self, identity: Identity, held: Collection[str] | None = None) -> None:
        """Args.

        identity: the box of the recording; its key id is left out.
        held: digests of pictures whose bytes the recording has; None means all of them.
        """
        self._identity = replace(identity, keyid="")
        self._held = held
        self._link = ChainLink(_NO_EPOCH, 1, _NOWHERE, _NOWHERE)
        self._cases: dict[str, str] = {}

    def statement(self, seal: Seal, raw: bytes | None = None) -> Built:
        """The next statement.

        Raises:
            SealRefused: it must not exist.
        """
        sealed_at = seal.at + (seal.clock.utc_minus_mono if seal.clock else 0)
        built = build(
            seal,
            self._identity,
            self._link,
            sealed_at // US,
            case_files(seal, self._held, raw),
            amends=self._cases.get(seal.case) if seal.revision else None,
        )
        self._link = ChainLink(_NO_EPOCH, self._link.seq + 1, built.sha256, _NOWHERE)
        self._cases[seal.case] = built.statement.packet_id
        return built
