"""Statements of a replay: the same bytes as on the road but for the chain, the key and the box's state.

Nobody signs them: a replay shows what a rule would have concluded, and is evidence of nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from edge_agent.core.records import JournalSlice
from edge_agent.core.units import US
from edge_agent.evidence.attachments import case_files
from edge_agent.evidence.build import Built, Earlier, build, refusing
from edge_agent.evidence.identity import ChainLink, Identity
from edge_agent.evidence.sealable import Sealable, case_of

KEY = "replay"  # under `ext`
_NOWHERE = "0" * 64
_NO_EPOCH = "0" * 32


class UnsignedChain:
    """Builds statement after statement, each naming the one before, deterministic from end to end."""

    def __init__(
        self, identity: Identity, held: Collection[str] | None = None, marks: Mapping[str, Any] | None = None
    ) -> None:
        """Args.

        identity: the box of the recording; its key id is left out.
        held: digests of pictures whose bytes the recording has; None means all of them.
        marks: what every statement says of this replay under `ext.replay`, where it is not what happened.
        """
        self._marks = dict(marks or {})
        self._identity = replace(identity, keyid="")
        self._held = held
        self._link = ChainLink(_NO_EPOCH, 1, _NOWHERE, _NOWHERE)
        self._cases: dict[str, Earlier] = {}

    def seals_as(self, identity: Identity) -> None:
        """What follows is of another run, perhaps with another configuration; the chain goes on."""
        self._identity = replace(identity, keyid="")

    def statement(
        self, seal: Sealable, raw: bytes | None = None, journal: JournalSlice | None = None
    ) -> Built:
        """The next statement.

        Raises:
            SealRefused: it must not exist.
        """
        sealed_at = seal.at + (seal.clock.utc_minus_mono if seal.clock else 0)
        case = case_of(seal)
        earlier = self._cases.get(case[0]) if case and case[1] else None
        with refusing(seal):  # a recording may be anybody's, its digests anything
            files = case_files(seal, self._held, raw)
        built = build(
            seal,
            self._identity,
            self._link,
            sealed_at // US,
            files,
            earlier=earlier,
            journal=journal,
        )
        if self._marks:
            marked = built.statement.model_copy(update={"ext": {**built.statement.ext, KEY: self._marks}})
            with refusing(seal):
                built = Built(marked, marked.to_bytes())
        self._link = ChainLink(_NO_EPOCH, self._link.seq + 1, built.sha256, _NOWHERE)
        if case:
            name = built.statement.packet_id
            self._cases[case[0]] = Earlier(earlier.first if earlier else name, name)
        return built
