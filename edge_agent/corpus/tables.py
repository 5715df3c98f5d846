"""Runs and regressions as aligned text, the worst first, never longer than a person reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.cells import cell_len

from edge_agent.comparing.compare import How
from edge_agent.comparing.describe import HOW
from edge_agent.comparing.wording import Both
from edge_agent.corpus.boxes import LOOKED, ROW, Counts, by_class, by_recording, by_zone, total
from edge_agent.corpus.goldens import NO_GOLDEN, Checked
from edge_agent.corpus.plan import DIED, FAILED, TOO_LONG, Boxes, Result
from edge_agent.corpus.regression import SAME, Regression, Row
from edge_agent.corpus.running import Ran, problems
from edge_agent.corpus.telling import Told
from edge_agent.corpus.words import (
    ASKED,
    BOXES,
    STATE,
    TEXTS,
    asked,
    counted,
    engine,
    name_of,
)
from edge_agent.report.saying import visible
from edge_agent.web.words import ENGLISH, Words

MOST = 20  # rows of a table
TOLD = 8  # recordings of which it is told what differs
EACH = 3  # differences that are told of one recording


def run_text(ran: Ran, checked: Sequence[Checked], out: Path, language: str = ENGLISH) -> str:
    """What a run says when it has ended."""
    t = Words(TEXTS, language)
    whole = ran.summary()
    lines = [
        t("run", n=whole["recordings"], done=whole["done"])
        + "".join(
            t("some", state=name_of(state, STATE, language), n=whole[state])
            for state in (FAILED, DIED, TOO_LONG)
            if whole[state]
        )
        + (t("not_reached", n=ran.left) if ran.left else "")
        + (t("taken_over", n=ran.taken_over) if ran.taken_over else ""),
        t(
            "took",
            recorded=f"{whole['recorded_s']:.0f}",
            cpu=f"{whole['replay_cpu_s']:.1f}",
            took=f"{whole['took_s']:.1f}",
            engine=engine(ran.engine, t),
        )
        + (t("a_second", n=whole["recordings_a_s"]) if len(ran.rows) > ran.taken_over else ""),
        *_outcomes(whole["outcomes"], t),
    ]
    if whole["refused"]:
        lines.append(t("refused", n=whole["refused"]))
    torn = [row.recording for row in ran.rows if row.torn]
    if torn:
        lines.append(t("torn", n=len(torn), which=_some(sorted(torn), t)))
    bad = problems(ran.rows)
    if bad:
        rows = ((one.recording, name_of(one.state, STATE, language), one.problem) for one in bad)
        lines += ["", *_table([(t("recording"), "", t("why")), *rows], t)]
    lines += [*_boxes(ran.rows, out, t), *_goldens(checked, t)]
    if ran.looked_at_nothing:
        lines.append(t("looked_at_nothing"))
    lines += ["", t("interrupted", out=out)] if ran.left else [t("results", out=out)]
    return "\n".join(map(visible, lines))


def regression_text(found: Regression, left: Path, right: Path, language: str = ENGLISH) -> str:
    """What a comparison says."""
    t = Words(TEXTS, language)
    pick = 0 if t.chinese else 1
    states = dict(sorted(found.states.items()))
    lines = [
        *(line[pick] for line in differing_settings(found.left, found.right)),
        *(
            t("not_ended", run=run)
            for run, whole in ((left, found.left_whole), (right, found.right_whole))
            if not whole
        ),
        t("recordings", n=len(found.rows), states=counted(states, STATE, t)),
        t("outcomes", numbers=counted(found.numbers(), HOW, t)),
    ]
    if found.both and found.left_cpu_s:
        times = {"left": f"{found.left_cpu_s:.1f}", "right": f"{found.right_cpu_s:.1f}"}
        lines.append(t("cpu", n=found.both, ratio=f"{found.right_cpu_s / found.left_cpu_s:.2f}", **times))
    rows = [row for row in found.rows if row.state != SAME]
    if rows:
        head = (t("recording"), "", *(HOW[how][pick] for how in How), "")
        table = (_regression_row(row, language) for row in rows)
        lines += ["", *_table([head, *table], t, right_from=2, right_to=2 + len(How))]
    for row in rows[:TOLD]:
        if row.told is not None and row.told.differs:
            lines += ["", row.recording, *_indented(row.told, language)]
    lines += _box_tables(found.boxes, right, t)
    first = next((row.recording for row in rows if row.told is not None), None)
    if first is not None:
        command = f"  edge-agent diff {left}/recordings/{first} {right}/recordings/{first}"
        lines += ["", t("one_of_them"), command]
    return "\n".join(map(visible, lines))


def differing_settings(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[Both]:
    """What the two runs were asked differently."""
    out: list[Both] = []
    for name in ("program", "config", "settings", "redetect"):
        one, other = left.get(name), right.get(name)
        if one != other:
            (zh, en), old, new = ASKED[name], asked(one), asked(other)
            out.append((f"{zh}：{old[0]} -> {new[0]}", f"{en}: {old[1]} -> {new[1]}"))
    return out or [TEXTS["asked_the_same"]]


def _outcomes(counts: Mapping[str, Any], t: Words) -> list[str]:
    if not counts:
        return []
    cases, street = (counted(counts[side], {}, t) for side in ("cases", "street"))
    out = []
    if counts["crossings"]:
        over = counts["over_a_limit"]
        out.append(t("crossings", n=counts["crossings"], over=over, cases=cases or t("none")))
    if street or counts["suspects"]:
        out.append(t("street", records=street or t("none"), suspects=counts["suspects"]))
    if counts["faults"]:
        most = Counter(counts["faults"]).most_common(4)
        told = ", ".join(f"{count} x {what}" for what, count in most)
        out.append(t("faults", most=told + _more(counts["faults"], 4, t)))
    return out


def _boxes(rows: Sequence[Result], run: Path, t: Words) -> list[str]:
    not_looked = Counter(row.not_looked.rpartition(": ")[2] for row in rows if row.not_looked)
    return [
        *_box_tables({row.recording: row.boxes for row in rows if row.boxes}, run, t),
        *(t("not_looked", n=n, why=why) for why, n in not_looked.most_common()),
    ]


def _box_tables(boxes: Mapping[str, Sequence[Boxes]], run: Path, t: Words) -> list[str]:
    """The detector's boxes of now against those of then: by recording, by class, by zone."""
    if not boxes:
        return []
    recordings, classes, zones = by_recording(boxes), by_class(boxes), by_zone(boxes)
    lines = ["", t("boxes", run=run), "", *_box_table(t("by_recording"), LOOKED + ROW, recordings, t)]
    if classes:
        lines += ["", *_box_table(t("by_class"), ROW, classes, t)]
    if zones:
        lines += ["", *_box_table(t("by_zone"), ROW, zones, t, whole=False)]
    return lines


def _box_table(
    name: str, columns: Sequence[str], counts: Mapping[str, Counts], t: Words, *, whole: bool = True
) -> list[str]:
    head = (name, *(name_of(column, BOXES, t.language) for column in columns))
    rows = [(key, *(str(one[column]) for column in columns)) for key, one in counts.items()]
    summed = total(counts.values())
    last = (t("all"), *(str(summed[column]) for column in columns)) if whole else None
    return _table([head, *rows], t, right_from=1, total=last)


def _goldens(checked: Sequence[Checked], t: Words) -> list[str]:
    states = Counter(one.state for one in checked)
    if not checked or set(states) == {NO_GOLDEN}:
        return []
    lines = ["", t("goldens", states=counted(dict(sorted(states.items())), STATE, t))]
    differing = [one for one in checked if one.differs]
    for one in differing[:TOLD]:
        lines += [t("otherwise", name=one.recording) + (f": {one.why}" if one.why else "")]
        lines += _indented(one.told, t.language)
    left = len(differing) - TOLD
    return lines + ([t("more_rows", n=left)] if left > 0 else [])


def _indented(told: Told | None, language: str) -> list[str]:
    return [f"  {line}" for line in told.short(EACH, language)] if told is not None else []


def _regression_row(row: Row, language: str) -> tuple[str, ...]:
    numbers = row.told.numbers if row.told is not None else {}
    state = name_of(row.state, STATE, language)
    return (row.recording, state, *(str(numbers.get(how, "")) for how in How), row.why)


def _table(
    rows: Sequence[Sequence[str]],
    t: Words,
    right_from: int = 99,
    right_to: int = 99,
    total: Sequence[str] | None = None,
) -> list[str]:
    """Columns as wide as their widest cell, the first row their names; what is too much is counted."""
    shown = [[visible(cell) for cell in row] for row in (*rows[: MOST + 1], *([total] if total else []))]
    widths = [max(cell_len(cell) for cell in column) for column in zip(*shown, strict=True)]
    lines = ["  ".join(_cells(row, widths, range(right_from, right_to))).rstrip() for row in shown]
    left = len(rows) - 1 - MOST
    return lines + ([t("more_rows", n=left)] if left > 0 else [])


def _cells(row: Sequence[str], widths: Sequence[int], right: range) -> Iterable[str]:
    for k, (cell, width) in enumerate(zip(row, widths, strict=True)):
        space = " " * (width - cell_len(cell))
        yield space + cell if k in right else cell + space


def _some(names: Sequence[str], t: Words) -> str:
    return ", ".join(names[:EACH]) + _more(names, EACH, t)


def _more(things: Iterable[object], shown: int, t: Words) -> str:
    left = len(list(things)) - shown
    return t("and_more", n=left) if left > 0 else ""
