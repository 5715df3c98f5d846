"""Why a re-check or an inspection came out differently, or is there on one side only."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.comparing import wording
from edge_agent.comparing.compare import Difference, How, Reason
from edge_agent.comparing.outcomes import Look, StreetCase
from edge_agent.comparing.pairing import case_span
from edge_agent.comparing.two import Two
from edge_agent.comparing.use_reasons import use_reason
from edge_agent.comparing.wording import listed, reason, said
from edge_agent.config.settings import SiteConfig
from edge_agent.core.scene import Phase
from edge_agent.core.units import S

NEVER = ("从不", "never")


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
        other = two.right if side is two.left else two.left
        if next(two.found(other).cases.meeting(case_span(case)), None) is None:
            time = two.time(side, case.run, case.confirmed_at or case.last_at)
            yield reason(said("follows", time=time))
        else:
            yield _due(case, two)
        return
    keys = two.under("street")
    yield reason(said("look_unknown", listed=listed(keys)), known=False, settings=keys)


def _due(case: StreetCase, two: Two) -> Reason:
    """Both sides have the case, and only one looked again."""
    where = f"street.rules.{case.rule}"
    keys = two.under(
        f"{where}.recheck_s", f"{where}.recheck_after", "street.tiers", f"street.shops.{case.shop}"
    )
    waits = [_wait_s(one.config, case.rule) for one in (two.left, two.right)]
    if None in waits or waits[0] == waits[1]:
        return reason(said("look_unknown", listed=listed(keys)), known=False, settings=keys)
    old, new = (wording.seconds((wait or 0) * S) if wait else NEVER for wait in waits)
    return reason(said("looks_after", old=old, new=new), settings=keys)


def _wait_s(config: SiteConfig | None, rule: str) -> int | None:
    street = config.street if config is not None else None
    chosen = street.rules.get(rule) if street is not None else None
    return chosen.recheck_s if chosen is not None else None
