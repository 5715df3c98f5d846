"""The weighing bench's result as aligned text; percentages throughout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edge_agent.bench.weigh_faults import BLIND
from edge_agent.core.units import TONNE

TITLES = {"one-pad": "one 0.8 m pad", "two-pads": "two 0.8 m pads, 2.8 m", "long-pad": "one 3.2 m pad"}
RATE_HZ = 1000.0
POSTED_G = 20 * TONNE
BOUND_FLOOR = 0.001

Row = dict[str, Any]


def table(result: Row) -> str:
    """Everything, the acceptance figures last."""
    title = f"Simulated: {result['seeds']} seeds a cell, {RATE_HZ:.0f} Hz, 20 t truck, 20 kg noise a sample"
    lines = [title, f"ratio: P95 over the bound, a bound below {100 * BOUND_FLOOR:.1f} % taken as that", ""]
    lines += [*_accuracy(result["accuracy"]), ""]
    lines += [*_refusals("trouble, two pads", result["troubles"]), ""]
    lines += [*_refusals("behaviour, two pads", result["behaviours"]), ""]
    lines += [_rare(row) for row in result["rare"]]
    lines += [_zero(result["zero"]), *_throughput(result["throughput"]), f"took {result['seconds']:.0f} s"]
    return "\n".join(lines)


def _aligned(rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """Columns as wide as their widest cell; the first `left` of them flush left."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if k < left else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _percent(share: float, digits: int = 2) -> str:
    return f"{100 * share:.{digits}f}"


def _accuracy(rows: Sequence[Row]) -> list[str]:
    head = ["GVW error, %", "bounce", "km/h", "P95", "bound", "ratio", "published", "P50", "P99", "bias"]
    head += ["cover GVW", "cover axle", "axles right", "speed P95", "spacing P95"]
    out = [head]
    for row in rows:
        ends = [f"{row['ratio']:.2f}", _percent(row["published_p95"], 1), _percent(row["p50"])]
        ends += [_percent(row["p99"]), f"{100 * row['bias']:+.2f}", _percent(row["coverage"], 1)]
        ends += [_percent(row["coverage_axles"], 1), _percent(1 - row["wrong_axles"] / row["runs"], 1)]
        ends += [_percent(row["speed_p95"]), f"{row['spacing_p95_mm']:.0f} mm"]
        begins = [TITLES[row["layout"]], row["phases"].replace("_", " "), str(row["kmh"])]
        out.append([*begins, _percent(row["p95"]), _percent(row["bound_p95"]), *ends])
    return _aligned(out, 2)


def _refusals(title: str, rows: Sequence[Row]) -> list[str]:
    out = [[title, "commonest flags", "loop", "runs", "refused", "accepted", "wrong", "worst", "covered"]]
    for row in rows:
        cells = [row["name"], " ".join(row["flags"]), "yes" if row["loop"] else "no", str(row["runs"])]
        cells += [f"{100 * row['refused'] / max(1, row['crossings']):.1f} %", str(row["accepted"])]
        out.append(
            [*cells, str(row["wrongly_accepted"]), f"{100 * row['worst_accepted']:.2f} %", _covered(row)]
        )
    lines = _aligned(out, 2)
    counted = [row for row in rows if row["name"] not in BLIND]
    wrong, seen = (sum(row[key] for row in counted) for key in ("wrongly_accepted", "crossings"))
    blind = ", gain errors that all sensors share not counted" if len(counted) < len(rows) else ""
    return [*lines, f"wrongly accepted: {wrong} of {seen} = {100 * wrong / max(1, seen):.3f} %{blind}"]


def _covered(row: Row) -> str:
    """Of the accepted, how many true weights lay in the stated interval."""
    return f"{100 * row['covered'] / row['accepted']:.1f} %" if row["accepted"] else ""


def _rare(row: Row) -> str:
    who = f"{row['gross_g'] / TONNE:.1f} t truck, two pads, 5 to 20 km/h, 5 % deducted:"
    if row["gross_g"] >= POSTED_G:
        refused = row["crossings"] - row["accepted"]
        return f"{who} missed {row['runs'] - row['over']} of {row['runs']}, refused {refused}"
    over, accepted = row["over_accepted"], row["accepted"]
    # Nothing seen in n runs: with 95 % confidence the rate is below 3 / n.
    rate = f"rate {over / accepted:.1e}" if over else f"rate below {3 / accepted:.1e} (95 %)"
    all_of_them = f"{row['over']} of all {row['crossings']}"
    worst = f"largest error {_percent(row['worst'], 1)} %"
    return f"{who} over 20 t {over} of {accepted} accepted, {all_of_them}; {rate}; {worst}"


def _zero(zero: Row) -> str:
    off = f"{zero['after_60_s_kg']:+.1f} kg off 60 s after a clear pad"
    return (
        f"zero after a step of {zero['step_kg']} kg: {off}; within 20 kg after {zero['within_20_kg_s']:.0f} s"
    )


def _throughput(rate: Row) -> list[str]:
    work = f"8 channels x 1 kHz in frames of 20 samples, {rate['crossings']} lorries in {rate['seconds']} s"
    whole = f"decode and scale {rate['ratio']:.0f}x real time on one core"
    return [
        f"{work}: {whole}, scale alone {rate['scale_ratio']:.0f}x",
        f"an empty block of 20 samples: {rate['idle_block_us']:.0f} us",
    ]
