"""Runs and regressions as aligned text, the worst first, never longer than a person reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edge_agent.comparing.compare import How
from edge_agent.corpus.goldens import NO_GOLDEN, Checked
from edge_agent.corpus.plan import DIED, FAILED, TOO_LONG, Result
from edge_agent.corpus.regression import SAME, Regression, Row, boxes_total
from edge_agent.corpus.running import Ran, problems
from edge_agent.corpus.telling import Told

MOST = 20  # rows of a table
TOLD = 8  # recordings of which it is told what differs
EACH = 3  # differences that are told of one recording


def run_text(ran: Ran, checked: Sequence[Checked], out: Path) -> str:
    """What a run says when it has ended."""
    whole = ran.summary()
    lines = [
        f"{whole['recordings']} recordings, {whole['done']} replayed"
        + "".join(f", {whole[state]} {word}" for state, word in _STATES if whole[state])
        + (f", {ran.left} not reached" if ran.left else "")
        + (f"; {ran.taken_over} taken over from before" if ran.taken_over else ""),
        f"{whole['recorded_s']:.0f} s recorded, {whole['replay_cpu_s']:.1f} s of CPU to replay; this run: "
        f"{whole['took_s']:.1f} s on {ran.engine}"
        + (f", {whole['recordings_a_s']} recordings a second" if len(ran.rows) > ran.taken_over else ""),
        *_outcomes(whole["outcomes"]),
    ]
    if whole["refused"]:
        lines.append(f"REFUSED: no statement could be made of {whole['refused']} case(s)")
    torn = [row.recording for row in ran.rows if row.torn]
    if torn:
        lines.append(f"{len(torn)} torn, what came before was replayed: {_some(sorted(torn))}")
    bad = problems(ran.rows)
    if bad:
        lines += ["", *_table([("recording", "", "why"), *((r.recording, r.state, r.problem) for r in bad)])]
    lines += [*_boxes(ran.rows), *_goldens(checked)]
    if ran.left:
        lines.append(f"\ninterrupted: what is done is in {out}; the same command goes on from there")
    else:
        lines.append(f"results: {out}/recordings/NAME/, summary: {out}/summary.json")
    return "\n".join(lines)


def regression_text(found: Regression, left: Path, right: Path) -> str:
    """What a comparison says."""
    numbers = found.numbers()
    states = found.states
    lines = [
        *differing_settings(found.left, found.right),
        f"{len(found.rows)} recordings: "
        + ", ".join(f"{count} {state}" for state, count in sorted(states.items())),
        "outcomes: " + ", ".join(f"{numbers[how]} {how}" for how in How),
    ]
    if found.both and found.left_cpu_s:
        ratio = found.right_cpu_s / found.left_cpu_s
        lines.append(
            f"CPU to replay {found.both} recordings: {found.left_cpu_s:.1f} s, then "
            f"{found.right_cpu_s:.1f} s ({ratio:.2f} x)"
        )
    rows = [row for row in found.rows if row.state != SAME]
    if rows:
        head = ("recording", "", *(str(how) for how in How), "")
        lines += ["", *_table([head, *map(_regression_row, rows)], right_from=2, right_to=6)]
    for row in rows[:TOLD]:
        if row.told is not None and row.told.differs:
            lines += ["", row.recording, *_indented(row.told)]
    boxes = {name: boxes_total(cameras) for name, cameras in found.boxes.items()}
    lines += _box_table(boxes)
    first = next((row.recording for row in rows if row.told is not None), None)
    if first is not None:
        lines += [
            "",
            "all of one of them:",
            f"  edge-agent diff {left}/recordings/{first} {right}/recordings/{first}",
        ]
    return "\n".join(lines)


def differing_settings(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[str]:
    """What the two runs were asked differently."""
    out = []
    for name in ("program", "config", "settings", "redetect"):
        one, other = left.get(name), right.get(name)
        if one != other:
            out.append(f"{name}: {_asked(one)} -> {_asked(other)}")
    return out or ["both runs were asked the same"]


_STATES = ((FAILED, "failed"), (DIED, "died"), (TOO_LONG, "too long"))


def _outcomes(counted: Mapping[str, Any]) -> list[str]:
    if not counted:
        return []
    cases, street = (
        ", ".join(f"{n} {what}" for what, n in counted[side].items()) for side in ("cases", "street")
    )
    out = []
    if counted["crossings"]:
        out.append(
            f"{counted['crossings']} crossings, {counted['over_a_limit']} over a limit; "
            f"cases: {cases or 'none'}"
        )
    if street or counted["suspects"]:
        out.append(f"street records: {street or 'none'}; {counted['suspects']} suspects, which are no cases")
    if counted["faults"]:
        most = Counter(counted["faults"]).most_common(4)
        out.append(
            "faults: " + ", ".join(f"{count} x {what}" for what, count in most) + _more(counted["faults"], 4)
        )
    return out


def _boxes(rows: Iterable[Result]) -> list[str]:
    looked = {row.recording: boxes_total(row.boxes) for row in rows if row.boxes}
    not_looked = Counter(row.not_looked.rpartition(": ")[2] for row in rows if row.not_looked)
    return _box_table(looked) + [f"not looked at again, {n}: {why}" for why, n in not_looked.most_common()]


def _box_table(boxes: Mapping[str, Mapping[str, int]]) -> list[str]:
    """The detector's boxes of now against those of then, the most different first."""
    if not boxes:
        return []
    names = ("pictures", "not_recorded", "other_reference", "same", "moved", "added", "removed")
    worst = sorted(boxes, key=lambda name: -sum(boxes[name][k] for k in ("moved", "added", "removed")))
    rows = [(name, *(str(boxes[name][k]) for k in names)) for name in worst]
    total = ("all", *(str(sum(one[k] for one in boxes.values())) for k in names))
    head = ("boxes of now", *(name.replace("_", " ") for name in names))
    return ["", *_table([head, *rows], right_from=1, total=total)]


def _goldens(checked: Sequence[Checked]) -> list[str]:
    states = Counter(one.state for one in checked)
    if not checked or set(states) == {NO_GOLDEN}:
        return []
    lines = ["", "goldens: " + ", ".join(f"{count} {state}" for state, count in sorted(states.items()))]
    differing = [one for one in checked if one.differs]
    for one in differing[:TOLD]:
        lines += [f"DIFFERS {one.recording}" + (f": {one.why}" if one.why else "")]
        lines += _indented(one.told)
    return lines + ([f"... and {len(differing) - TOLD} more"] if len(differing) > TOLD else [])


def _indented(told: Told | None) -> list[str]:
    return [f"  {line}" for line in told.short(EACH)] if told is not None else []


def _regression_row(row: Row) -> tuple[str, ...]:
    numbers = row.told.numbers if row.told is not None else {}
    return (row.recording, row.state, *(str(numbers.get(how, "")) for how in How), row.why)


def _table(
    rows: Sequence[Sequence[str]],
    right_from: int = 99,
    right_to: int = 99,
    total: Sequence[str] | None = None,
) -> list[str]:
    """Columns as wide as their widest cell, the first row their names; what is too much is counted."""
    shown = [*rows[: MOST + 1], *([total] if total is not None else [])]
    widths = [max(len(cell) for cell in column) for column in zip(*shown, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if right_from <= k < right_to else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in shown
    ]
    left = len(rows) - 1 - MOST
    return lines + ([f"... and {left} more"] if left > 0 else [])


def _asked(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    if isinstance(value, dict):
        return value.get("model") or "the configured model"
    return "no" if value is None else str(value)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:EACH]) + _more(names, EACH)


def _more(things: Iterable[object], shown: int) -> str:
    left = len(list(things)) - shown
    return f" and {left} more" if left > 0 else ""
