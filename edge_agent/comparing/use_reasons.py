"""Why a record may be used for more, or for less: which reason against it came, which went."""

from __future__ import annotations

from collections.abc import Sequence

from edge_agent.comparing.compare import Reason
from edge_agent.comparing.outcomes import BridgeCase, Look, StreetCase
from edge_agent.comparing.wording import joined, outcome, reason, said
from edge_agent.report.words import why
from edge_agent.web.words import CHINESE, ENGLISH, Words

Used = BridgeCase | StreetCase | Look


def use_reason(left: Used, right: Used, settings: Sequence[str]) -> Reason:
    """The reasons that came and went, by name; the core states them with every record.

    Args:
        left: the record of the left side.
        right: of the right side.
        settings: keys that differ and belong to them.
    """
    came = [word for word in right.reasons if word not in left.reasons]
    went = [word for word in left.reasons if word not in right.reasons]
    parts = [
        *(said("came", what=_named(word)) for word in came),
        *(said("went", what=_named(word)) for word in went),
    ]
    if left.use_class is right.use_class:
        words = said("use_same", old=outcome(left.use_class), parts=joined(parts))
    else:
        words = said("use", old=outcome(left.use_class), new=outcome(right.use_class), parts=joined(parts))
    return reason(words, settings=settings)


def _named(word: str) -> tuple[str, str]:
    return why(word, Words({}, CHINESE)), why(word, Words({}, ENGLISH))
