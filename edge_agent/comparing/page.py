"""A comparison as one self-contained page: filtered by kind, both sides beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup

from edge_agent.comparing.compare import Comparison, Difference, How
from edge_agent.comparing.describe import HOW, KIND, place_of, rows_of, time_of, what_of
from edge_agent.comparing.shifts import shifts
from edge_agent.comparing.sides import Side
from edge_agent.comparing.text import OTHER_BYTES
from edge_agent.comparing.two import Two, shown
from edge_agent.comparing.wording import Both
from edge_agent.web.templates import environment

# A browser shows so many well; what was concluded otherwise comes before what only shifted.
MOST = 2_000
LONGEST_VALUE = 400


def write_page(out: Path, comparison: Comparison, two: Two) -> None:
    """Write the page to `out`; it links to nothing."""
    concluded = comparison.of(How.ADDED, How.REMOVED, How.CHANGED)
    shifted = comparison.of(How.SHIFTED)
    listed = (concluded + shifted)[:MOST]
    kept = {id(one) for one in listed}
    cards = [_card(one, two) for one in comparison.differences if id(one) in kept]
    template = environment("edge_agent.comparing", ".").get_template("diff.html")
    page = template.render(
        title="两次运行对比 · Two runs compared",
        sides=[_side("A", two.left), _side("B", two.right)],
        notes=[
            *_same_but_not_to_the_byte(comparison, two),
            *(("", note) for note in two.notes),
            *((side.name, note) for side in (two.left, two.right) for note in side.notes),
        ],
        numbers=comparison.numbers(),
        settings=[
            {
                "key": Markup(".<wbr>").join(one.key.split(".")),
                "old": shown(one.old, LONGEST_VALUE),
                "new": shown(one.new, LONGEST_VALUE),
            }
            for one in two.settings
        ],
        hows={how: HOW[how] for how in How if comparison.of(how)},
        kinds={kind: KIND[kind] for kind in KIND if any(one.kind == kind for one in comparison.differences)},
        cards=cards,
        left_out=len(comparison.differences) - len(cards),
        shifts=shifts(comparison),
        HOW=HOW,
        KIND=KIND,
        pair=_pair,
    )
    out.write_text(page, encoding="utf-8")


def _same_but_not_to_the_byte(comparison: Comparison, two: Two) -> list[tuple[str, Both]]:
    if comparison.differences or two.first_other is None:
        return []
    chinese, english = (text.format(number=two.first_other) for text in OTHER_BYTES)
    return [("", (chinese, english))]


def _side(letter: str, side: Side) -> dict[str, Any]:
    return {
        "letter": letter,
        "name": side.name,
        "software": side.software,
        "decisions": side.outcomes.decisions,
        "models": side.models,
    }


def _card(one: Difference, two: Two) -> dict[str, Any]:
    zh, en = place_of(one)
    return {
        "how": str(one.how),
        "kind": one.kind,
        "place": f"{zh.removesuffix(one.place)}{en}" if zh != en else en,
        "time": time_of(one, two),
        "what": what_of(one, two),
        "reasons": one.reasons,
        "rows": rows_of(one, two),
    }


def _pair(both: Both) -> str:
    """A value in both languages; once where they are the same."""
    return both[0] if both[0] == both[1] else f"{both[0]} {both[1]}"
