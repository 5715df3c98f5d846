"""A comparison for a terminal: the summary first, then one block a difference."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from edge_agent.comparing.compare import Comparison, Difference, How
from edge_agent.comparing.describe import HOW, KIND, MARK, place_of, rows_of, time_of, what_of
from edge_agent.comparing.shifts import shifts
from edge_agent.comparing.two import Two, shown
from edge_agent.comparing.wording import Both

STYLE = {How.ADDED: "green", How.REMOVED: "red", How.CHANGED: "yellow", How.SHIFTED: "dim"}
CONCLUDED = (How.ADDED, How.REMOVED, How.CHANGED)
OTHER_BYTES = (
    "仅结论相同：自第 {number} 条决定起并非逐字节相同（--exact 显示）",
    "the outcomes alone are: from decision {number} on it is not the same bytes (--exact shows it)",
)
LONGEST_VALUE = 40  # letters of a setting's value


def lines(comparison: Comparison, two: Two, *, language: str, limit: int, shifted: bool) -> Iterator[Text]:
    """Line by line.

    Args:
        comparison: with its reasons.
        two: both sides.
        language: zh or en.
        limit: at most so many differences are shown; 0: all.
        shifted: those that only shifted one by one as well, not as a summary.
    """
    pick = 0 if language == "zh" else 1
    yield Text(_summary(comparison)[pick], style="bold")
    for letter, side in (("A", two.left), ("B", two.right)):
        yield Text(f"  {letter}  {side.name}" + (f"  ({side.software})" if side.software else ""))
        yield from (Text(f"     {note[pick]}", style="yellow") for note in side.notes)
    yield from (Text(f"  {note[pick]}", style="yellow") for note in two.notes)
    if not comparison.differences and two.first_other is not None:
        yield Text(f"  {OTHER_BYTES[pick].format(number=two.first_other)}", style="yellow")
    yield from _models(two, pick)
    yield from _settings(two, pick)
    every = comparison.of(*CONCLUDED, *((How.SHIFTED,) if shifted else ()))
    listed = every if limit == 0 else every[:limit]
    wide = _widths(listed, two, pick)
    for one in listed:
        yield from _block(one, two, pick, wide)
    if len(listed) < len(every):
        more = len(every) - len(listed)
        yield Text((f"还有 {more} 项：--limit 0 全部列出", f"{more} more: --limit 0 shows all")[pick])
    if not shifted:
        yield from _shifts(comparison, pick)


def _summary(comparison: Comparison) -> Both:
    numbers = comparison.numbers()
    parts = [
        ", ".join(f"{count} {HOW[how][k]}" for how, count in numbers.items() if count or how == "same")
        for k in (0, 1)
    ]
    if not comparison.differences:
        return f"相同：{parts[0]}", f"the same: {parts[1]}"
    return f"不同：{parts[0]}", f"they differ: {parts[1]}"


def _models(two: Two, pick: int) -> Iterator[Text]:
    """Networks that differ, where both sides say which they had."""
    old, new = dict(two.left.models), dict(two.right.models)
    for name in sorted({*old, *new}) if old and new else ():
        if old.get(name) != new.get(name):
            digests = [digest[:12] if digest else "–" for digest in (old.get(name), new.get(name))]
            yield Text(f"  {('模型', 'model')[pick]} {name}: {digests[0]} -> {digests[1]}", style="yellow")


def _settings(two: Two, pick: int) -> Iterator[Text]:
    if not two.settings:
        return
    yield Text(f"\n{('不同的设置', 'settings that differ')[pick]} ({len(two.settings)})", style="bold")
    wide = max(len(one.key) for one in two.settings)
    for one in two.settings:
        yield Text(f"  {one.key:<{wide}}  {shown(one.old, LONGEST_VALUE)} -> {shown(one.new, LONGEST_VALUE)}")


def _head(one: Difference, two: Two, pick: int) -> tuple[str, str, str]:
    return KIND[one.kind][pick], place_of(one)[pick], time_of(one, two)


def _widths(listed: tuple[Difference, ...], two: Two, pick: int) -> list[int]:
    heads = [_head(one, two, pick) for one in listed]
    return [max((cell_len(head[k]) for head in heads), default=0) for k in range(3)]


def _block(one: Difference, two: Two, pick: int, wide: list[int]) -> Iterator[Text]:
    cells = [
        text + " " * (width - cell_len(text)) for text, width in zip(_head(one, two, pick), wide, strict=True)
    ]
    line = Text("\n")
    line.append(f"{MARK[one.how]} {HOW[str(one.how)][pick]}", style=STYLE[one.how])
    line.append(f"  {'  '.join(cells)}  {what_of(one, two)[pick]}")
    yield line
    for reason in one.reasons:
        said = reason.known or "未知" in reason.zh
        unknown = "" if said else ("未知：", "not known: ")[pick]
        yield Text(
            f"    {unknown}{reason.zh if pick == 0 else reason.en}", style="" if reason.known else "dim"
        )
    if one.how is How.SHIFTED or not one.reasons:
        for row in rows_of(one, two):
            by = f" ({row.by})" if row.by else ""
            yield Text(f"    {row.name[pick]} {row.old[pick]} -> {row.new[pick]}{by}", style="dim")


def _shifts(comparison: Comparison, pick: int) -> Iterator[Text]:
    known = shifts(comparison)
    if not known:
        return
    title = (
        "结论相同，仅数值变动（--shifted 逐项列出）",
        "same conclusion, numbers shifted (--shifted lists them)",
    )
    yield Text(f"\n{title[pick]}", style="bold")
    cells = [(KIND[one.kind][pick], one.name[pick], str(one.count), one.text) for one in known]
    wide = [max(cell_len(row[k]) for row in cells) for k in range(3)]
    for kind, name, count, text in cells:
        left = kind + " " * (wide[0] - cell_len(kind)) + "  " + name + " " * (wide[1] - cell_len(name))
        yield Text(f"  {left}  {count:>{wide[2]}} x  {text}", style="dim")
