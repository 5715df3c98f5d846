"""Records as tables for pandas: one row a record, people's units in the columns' names.

A table is what gets printed, saved in a notebook's output and sent around, so plates are masked in it unless
they are asked for; the records themselves hold them whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from edge_agent.core.cases import is_over
from edge_agent.core.decisions import CrossingSeen, Fault, Seal, SealStreet
from edge_agent.core.events import PlateSeen
from edge_agent.core.records import Crossing, Match, Verdict
from edge_agent.core.units import KG, MS, S
from edge_agent.errors import UsageError
from edge_agent.notebook.timed import Timed
from edge_agent.report.plates import detail_of, masked

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]

KMH_PER_MM_S = 0.0036

CROSSINGS = {
    "time": "utc",
    "lane": "text",
    "number": "int",
    "axles": "int",
    "gross_kg": "float",
    "gross_interval_kg": "float",
    "speed_kmh": "float",
    "speed_source": "text",
    "axle_loads_kg": "list",
    "axle_offsets_m": "list",
    "flags": "text",
    "over": "bool",
    "over_by_kg": "float",
    "limits": "text",
}
READS = {
    "time": "utc",
    "arrived": "utc",
    "camera": "text",
    "lane": "text",
    "plate": "text",
    "confidence": "float",
    "colour": "text",
    "vehicle": "text",
    "direction": "text",
    "read_by": "text",
}
CASES = {
    "time": "utc",
    "case": "text",
    "revision": "int",
    "lane": "text",
    "crossing": "int",
    "gross_kg": "float",
    "speed_kmh": "float",
    "over_by_kg": "float",
    "use_class": "text",
    "reasons": "text",
    "match": "text",
    "plate": "text",
    "posterior": "float",
    "vehicle_confirmed": "object",
    "pictures": "int",
}
STREET_CASES = {
    "time": "utc",
    "case": "text",
    "revision": "int",
    "phase": "text",
    "finding": "text",
    "event_type": "text",
    "camera": "text",
    "zone": "text",
    "shop": "text",
    "tier": "text",
    "use_class": "text",
    "reasons": "text",
    "dwell_s": "float",
    "stay_asked_s": "float",
    "paused_s": "float",
    "samples": "int",
    "samples_present": "int",
    "area_m2": "float",
    "passable_m": "float",
    "pictures": "int",
}
FAULTS = {"time": "utc", "source": "text", "kind": "text", "detail": "text", "count": "int"}

TYPES = {
    "utc": "datetime64[ns, UTC]",
    "int": "int64",
    "float": "float64",
    "bool": "bool",
    "text": "object",
    "list": "object",
    "object": "object",
}


def frame(columns: Mapping[str, str], rows: Iterable[Row]) -> pd.DataFrame:
    """A DataFrame with these columns, also where there is no row.

    Raises:
        UsageError: pandas is not installed.
    """
    try:
        import pandas as pd  # noqa: PLC0415 - heavy, and an extra
    except ImportError:
        raise UsageError("tables need pandas: pip install 'edge-agent[frames]'") from None
    held = list(rows)
    return pd.DataFrame(
        {
            name: pd.Series([row[name] for row in held], dtype="int64" if kind == "utc" else TYPES[kind])
            for name, kind in columns.items()
            if kind != "utc"
        }
        | {
            name: pd.to_datetime(pd.Series([row[name] for row in held], dtype="Int64"), unit="ns", utc=True)
            for name, kind in columns.items()
            if kind == "utc"
        },
        columns=list(columns),
    )


def crossing_row(seen: Timed[CrossingSeen]) -> Row:
    """One vehicle over one lane's scale."""
    crossing = seen.record.crossing
    return {
        "time": seen.utc_ns,
        "lane": crossing.lane,
        "number": crossing.number,
        "axles": len(crossing.axles),
        **_weighed(crossing, seen.record.verdicts),
        "gross_interval_kg": _over(crossing.gross_interval, KG),
        "speed_source": str(crossing.speed_source),
        "axle_loads_kg": [axle.load / KG for axle in crossing.axles],
        "axle_offsets_m": [_over(axle.offset, 1000) for axle in crossing.axles],
        "flags": " ".join(crossing.flags),
        "over": is_over(seen.record.verdicts),
        "limits": " ".join(f"{verdict.evaluator}:{verdict.outcome}" for verdict in seen.record.verdicts),
    }


def read_row(seen: Timed[PlateSeen], arrived: int | None, *, plates: bool) -> Row:
    """One plate read."""
    read = seen.record
    return {
        "time": seen.utc_ns,
        "arrived": arrived,
        "camera": read.camera,
        "lane": read.lane,
        "plate": read.text if plates else masked(read.text),
        "confidence": read.confidence / 1000,
        "colour": read.colour,
        "vehicle": read.vehicle,
        "direction": read.direction,
        "read_by": "box" if read.request else "camera",
    }


def case_row(seen: Timed[Seal], *, plates: bool) -> Row:
    """One statement of a crossing that would be, or was, sealed."""
    seal = seen.record
    return {
        "time": seen.utc_ns,
        "case": seal.case,
        "revision": seal.revision,
        "lane": seal.crossing.lane,
        "crossing": seal.crossing.number,
        **_weighed(seal.crossing, seal.verdicts),
        "use_class": str(seal.use_class),
        "reasons": "; ".join(seal.reasons),
        "match": str(seal.match.status),
        "plate": _plate(seal.match, plates=plates),
        "posterior": seal.match.candidates[0].posterior / 1e6 if seal.match.candidates else None,
        "vehicle_confirmed": seal.vehicle_confirmed,
        "pictures": len(seal.pictures),
    }


def street_row(seen: Timed[SealStreet]) -> Row:
    """One record of a zone."""
    seal, report = seen.record, seen.record.report
    return {
        "time": seen.utc_ns,
        "case": seal.case,
        "revision": seal.revision,
        "phase": str(report.phase),
        "finding": str(report.finding),
        "event_type": report.event_type,
        "camera": report.camera,
        "zone": report.zone,
        "shop": report.shop,
        "tier": report.tier,
        "use_class": str(seal.use_class),
        "reasons": "; ".join(seal.reasons),
        "dwell_s": report.dwell / S,
        "stay_asked_s": report.stay_ms * MS / S,
        "paused_s": report.paused / S,
        "samples": report.samples,
        "samples_present": report.samples_present,
        "area_m2": _over(report.area_cm2, 10_000),
        "passable_m": _over(report.passable_mm, 1000),
        "pictures": len(seal.pictures),
    }


def fault_row(seen: Timed[Fault], *, plates: bool) -> Row:
    """One thing that was wrong."""
    fault = seen.record
    return {
        "time": seen.utc_ns,
        "source": fault.source,
        "kind": str(fault.kind),
        "detail": detail_of(fault, plates=plates),
        "count": fault.count,
    }


def _weighed(crossing: Crossing, verdicts: tuple[Verdict, ...]) -> Row:
    excess = [v.excess for v in verdicts if v.excess is not None and not v.reference_only]
    return {
        "gross_kg": _over(crossing.gross, KG),
        "speed_kmh": None if crossing.speed is None else round(crossing.speed * KMH_PER_MM_S, 3),
        "over_by_kg": max(excess) / KG if excess else None,
    }


def _plate(match: Match, *, plates: bool) -> str:
    text = match.read.text if match.read else ""
    return text if plates else masked(text)


def _over(value: int | None, unit: int) -> float | None:
    return None if value is None else value / unit
