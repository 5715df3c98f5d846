"""What the pages of `edge-agent report` have in common: one file each, and nothing in it from outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edge_agent.core.decisions import CrossingSeen, Decision, Fault
from edge_agent.core.records import Outcome
from edge_agent.report.explain import Asked, explain
from edge_agent.report.inline import MEGABYTE, Inline
from edge_agent.report.page import InWords, Shown, Tile
from edge_agent.report.sealed import Sealed
from edge_agent.web.words import LANGUAGES

LANGUAGE_NAMES = {"zh": "中文", "en": "English"}


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a page is to be made."""

    picture_bytes: int = 20 * MEGABYTE  # embedded at most
    plates: bool = False  # other people's too
    everything: bool = False  # however many cases


def with_pictures(sealed: Sequence[Sealed], wishes: Wishes) -> tuple[list[Sealed], list[str]]:
    """The statements with their pictures inside the page, and what must be said of those that are not.

    The room goes to the heaviest and the latest first.
    """
    inline = Inline(wishes.picture_bytes)
    taken: dict[int, Sealed] = {}
    for number in sorted(range(len(sealed)), key=lambda n: (-sealed[n].severity, -n)):
        one = sealed[number]
        files, absent = inline.take(one.statement["attachments"], one.data)
        taken[number] = replace(one, files=files, absent=absent, linked=False)
    notes = []
    if inline.left_out:
        notes.append(
            f"有 {inline.left_out} 张图片因总量限制未嵌入（--pictures-mb） · {inline.left_out} pictures are "
            "not "
            "embedded, for the page would be too large (--pictures-mb)"
        )
    return [taken[number] for number in range(len(sealed))], notes


def tiles_of(decisions: Sequence[Decision], sealed: Sequence[Sealed]) -> list[Tile]:
    """Numbers for the top of a recording's page."""
    crossings = [d for d in decisions if isinstance(d, CrossingSeen)]
    over = sum(any(v.outcome is Outcome.OVER for v in d.verdicts) for d in crossings)
    matches = Counter(
        one.statement["recognition"]["status"] for one in sealed if one.statement["recognition"]
    )
    street = {
        (one.statement["storefront"]["case"])
        for one in sealed
        if one.statement["storefront"] and one.statement["storefront"]["phase"] != "inspection"
    }
    faults = sum(d.count for d in decisions if isinstance(d, Fault))
    tiles = []
    if crossings or matches:
        tiles += [
            Tile(str(len(crossings)), "过车", "crossings"),
            Tile(str(over), "超过任一限值", "over a limit", "bad" if over else ""),
            Tile(str(matches["matched"]), "号牌已匹配", "plates matched"),
            Tile(
                f"{matches['ambiguous']} / {matches['unmatched']}", "多候选 / 未匹配", "ambiguous / unmatched"
            ),
        ]
    if street:
        tiles.append(Tile(str(len(street)), "街面案件", "cases of the street"))
    tiles.append(Tile(str(len(sealed)), "记录", "statements"))
    tiles.append(Tile(str(faults), "故障", "faults", "warn" if faults else "good"))
    return tiles


def told_in_words(one: Sealed, *, plates: bool) -> list[InWords]:
    """A statement in both languages."""
    statement = one.parsed()
    return [
        InWords(
            LANGUAGE_NAMES[language],
            explain(
                statement,
                Asked(language, plates, one.rivals, signed=bool(statement.keyid), verified=one.verified),
            ),
        )
        for language in LANGUAGES
    ]


def finished(shown: Shown, wishes: Wishes) -> Shown:
    """The page with its pictures inside and its bounds as wished for."""
    sealed, notes = with_pictures(shown.sealed, wishes)
    masked = (
        []
        if wishes.plates
        else [
            (
                "竞争识读中他人的号牌已遮挡（--plates 显示） · plates of others who competed are masked "
                "(--plates shows them)"
            )
        ]
    )
    return replace(
        shown,
        sealed=sealed,
        plates=wishes.plates,
        everything=wishes.everything,
        foot=[*shown.foot, *notes, *masked],
    )
