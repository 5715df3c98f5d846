"""The street bench's result as aligned text."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]
LISTED = 30  # errors of a kind that are printed; all of them are in summary.json


def table(result: Row) -> str:
    """Everything, the errors last."""
    first, last = result["seeds"]
    split = "held out: nothing was tuned on these" if result["held_out"] else "development seeds: tuned on"
    eyes = {"model": "the shipped network", "truth": "the drawing's own boxes with noise, no network"}
    days = f"{result['days']} days of {result['day_s']} s, stay {result['stay_s']} s"
    lines = [
        f"Simulated: {days}, seeds {first} to {last} ({split}); {result['pictures']} pictures",
        f"Boxes: {eyes[result['detector']]}",
        "",
        f"precision  {_share(result['precision'])}",
        f"recall     {_share(result['recall'])}",
        f"recall, with what nobody could watch  {_share(result['recall_everything'])}",
        f"not counted: {result['open']} stays that were cut short at 1 to 1.5 times what the rule asks for",
        "",
    ]
    for name in ("by_cause", "by_light", "by_weather", "by_camera"):
        lines += [f"recall {name.replace('_', ' ')}"]
        lines += [f"  {key:<18} {_share(row)}" for key, row in result[name].items()] + [""]
    delay, checks, cpu = result["delay_s"], result["rechecks"], result["cpu_ms"]
    blind = ", ".join(f"{k} {100 * v:.1f} %" for k, v in result["blind"].items() if v >= 0.001)
    lines += [
        f"confirmed after the stay was reached: median {_s(delay['p50'])}, 95 % within {_s(delay['p95'])}",
        f"re-checks: {checks['right']} right, {checks['wrong']} wrong, {checks['unseen']} could not be seen",
        f"called cleared while goods stood there: {result['cleared_early']}; suspects: {result['suspects']}",
        f"watched {100 * result['watched']:.1f} % of the zones' time; {blind}",
        "CPU a picture, ms: " + ", ".join(f"{stage} {ms:.1f}" for stage, ms in cpu.items()),
        f"took {result['seconds']:.0f} s",
        "",
        f"false: {len(result['false'])} {result['false_by'] or ''}",
        *(_false(one) for one in result["false"][:LISTED]),
        f"missed: {len(result['missed'])}",
        *(_missed(one) for one in result["missed"][:LISTED]),
    ]
    return "\n".join(lines)


def _share(row: Row) -> str:
    if row["share"] is None:
        return "none"
    limits = f"[{100 * row['low']:.1f}, {100 * row['high']:.1f}]"
    return f"{100 * row['share']:.2f} %  {limits}  {row['right']} of {row['of']}"


def _s(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"


def _false(one: Row) -> str:
    what, there = " ".join(one["labels"]), " ".join(one["around"])
    return f"  {one['seed']} {one['zone']} {one['phase']} at {one['at_s']:.0f} s: {what} ({there})"


def _missed(one: Row) -> str:
    span = f"{one['start_s']:.0f} to {one['end_s']:.0f} s"
    heard = "; ".join(one["timeline"][:8])
    return f"  {one['seed']} {one['zone']} {one['cause']}, {span} ({' '.join(one['tags'])}): {heard}"
