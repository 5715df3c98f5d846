"""Why a re-check or an inspection came out differently, or is there on one side only."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.comparing import wording
from edge_agent.comparing.compare import Difference, How, Reason
from edge_agent.comparing.outcomes import Look
from edge_agent.comparing.two import Two
from edge_agent.comparing.use_reasons import use_reason
from edge_agent.comparing.wording import listed, reason, said
from edge_agent.core.scene import Phase


def look_reasons(difference: Difference, two: Two) -> Iterator[Reason]:
    """Every reason for one re-check's or inspection's difference."""
    left, right = difference.left, difference.right
    if isinstance(left, Look) and isinstance(right, Look):
        keys = two.under("street")
        if left.judged_at != right.judged_at:
            yield reason(
                said(
                    "looked",
                    old=two.time(two.left, left.run, left.judged_at),
                    new=two.time(two.right, right.run, right.judged_at),
                    by=wording.sooner(right.judged_at - left.judged_at),
                ),
                settings=keys,
                by=right.judged_at - left.judged_at,
                unit="ns",
            )
        elif left.finding is not right.finding:
            yield reason(said("look_unknown", listed=listed(keys)), known=False, settings=keys)
        if any(
            change.field in ("use_class", "reasons") and change.concluded for change in difference.changes
        ):
            yield use_reason(left, right, two.under("site.legal"))
        return
    look, side = (right, two.right) if difference.how is How.ADDED else (left, two.left)
    assert isinstance(look, Look)
    stays = two.found(side).by_case.get(look.case)
    if look.phase is Phase.RECHECK and stays:
        case = max(
            (stay for stay in stays if (stay.confirmed_at or 0) <= look.judged_at),
            key=lambda stay: stay.confirmed_at or 0,
            default=stays[0],
        )
        time = two.time(side, case.run, case.confirmed_at or case.last_at)
        yield reason(said("follows", time=time))
        return
    keys = two.under("street")
    yield reason(said("look_unknown", listed=listed(keys)), known=False, settings=keys)
