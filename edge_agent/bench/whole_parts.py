"""The parts of the whole bench: which command measures each, and which rows its result gives the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Result = Mapping[str, Any]
# quick: does it work? usual: a result, in half an hour. long: memory over an hour, the whole day.
Effort = Literal["quick", "usual", "long"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a number beside what it must be compared with, of the same run."""

    what: str
    measured: str
    beside: str = ""  # floor or peer
    ratio: float | None = None  # of the two; what `bench compare` compares
    goal: str = ""
    met: bool | None = None  # None: there is no goal
    command: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose for all parts."""

    effort: Effort = "usual"
    ultralytics_python: Path | None = None
    weights: Path | None = None
    pictures: Path | None = None

    def pick(self, quick: str, usual: str, long: str = "") -> str:
        """A size for the effort; `long` where more of it says more."""
        return {"quick": quick, "usual": usual, "long": long or usual}[self.effort]


@dataclass(frozen=True, slots=True)
class Part:
    """One part: a bench of its own, run as a process of its own."""

    name: str
    arguments: Callable[[Choices], list[str]]
    rows: Callable[[Result], Iterator[Row]]
    needs: Callable[[Choices], str] = lambda _choices: ""  # what is missing, in words


def _cameras_of(choices: Choices) -> list[str]:
    chosen = ["cameras", "--rounds", choices.pick("1", "3")]
    for option, path in (
        ("--ultralytics-python", choices.ultralytics_python),
        ("--weights", choices.weights),
    ):
        chosen += [option, str(path.absolute())] if path else []
    return chosen


def _cameras(result: Result) -> Iterator[Row]:
    for period_ms, pace in result["paces"].items():
        rows = pace["rows"]
        every = f"a look every {int(period_ms) / 1000:g} s"
        cost = f"{pace['cameras_per_core']:.0f} ({rows['ours']['cpu_s']:.2f} s CPU a minute)"
        floor = f"floor {rows['floor']['cpu_s']:.2f} s: decode, bare network"
        goal, met = ("<= 1.15 x", pace["over_floor"] <= 1.15) if period_ms == "1000" else ("", None)
        yield Row(f"1080p25 cameras per core, {every}", cost, floor, pace["over_floor"], goal, met)
        for name, row in rows.items():
            if name.startswith("peer"):
                what = f"Ultralytics streaming ({name.split()[-1]}), {every}"
                ratio = round(row["cpu_s"] / rows["ours"]["cpu_s"], 2)
                yield Row(what, f"{row['cpu_s']:.2f} s CPU a minute", "ours", ratio, ">= 8 x", ratio >= 8)
    if result["no_peer"]:
        why = result["no_peer"].removeprefix("no peer: ")
        yield Row("Ultralytics streaming, the same clip and weights", "not run", why)


def _serial(result: Result) -> Iterator[Row]:
    ratio, rates = result["ratio_to_bare"], result["bytes_per_s"]
    bare = f"pyserial read loop {rates['bare'] / 1e6:.1f} MB/s, bare system calls {rates['least'] / 1e6:.1f}"
    by_cpu = f"{result['times_real_time_of_cpu']['crossings']:.0f} x real time by CPU"
    times = f"{rates['crossings'] / 1e6:.1f} MB/s; {by_cpu}"
    crossings = round(ratio["crossings"], 3)
    what = "serial headroom, 8 channels at 1 kHz, to crossings"
    yield Row(what, times, bare, crossings, ">= 0.5 x", crossings >= 0.5)


def _match(result: Result) -> Iterator[Row]:
    total = result["total"]
    nearest, wrong = total["baselines"]["nearest"]["wrong_of_decided"], total["wrong_of_decided"]
    beside = f"nearest in time {nearest:.2%}"
    ratio = round(wrong / nearest, 4) if nearest else None
    said = f"{total['wrong']} of {total['decided']} = {wrong:.4%}"
    yield Row("wrong of decided matches", said, beside, ratio, "<= 0.01 %", wrong <= 1e-4)
    correct = total["correct_of_decidable"]
    yield Row("correct of decidable matches", f"{correct:.2%}", "", None, ">= 99 %", correct >= 0.99)


def _seal(result: Result) -> Iterator[Row]:
    pictures = f"3 x {result['picture_bytes'] // 1000} KB"
    for part, what in (("seal", "sealed"), ("puback", "PUBACK")):
        row = result[part]
        if "skipped" in row:
            yield Row(f"decision to {what}", f"not run: {row['skipped']}")
            continue
        ours, floor, ratio = row["ours_ms"]["median"], row["floor_ms"]["median"], row["ratio"]
        yield Row(
            f"decision to {what}, {pictures}", f"{ours:.1f} ms", f"floor {floor:.1f} ms", ratio,
            f"<= {result['limit']:g} x", ratio <= result["limit"],
        )  # fmt: skip


def _replay(result: Result) -> Iterator[Row]:
    times = result["times_real_time"]
    beside = f"only reading it {result['read_only_s']:.2f} s"
    said = f"{times:.0f} x real time"
    yield Row("replay, sensors only", said, beside, result["replay_over_read"], ">= 200 x", times >= 200)


def _day(result: Result) -> Iterator[Row]:
    for side, name, goal in (
        ("sensors", "the bridge", 200),
        ("with_detections", "two street cameras too", 100),
    ):
        one = result[side]
        same = "identical" if one["identical"] else "DIFFERENT"
        said = f"{one['times_real_time']:.0f} x real time, {same}"
        by_cpu = f"by CPU time {one['times_real_time_of_cpu']:.0f} x"
        met = one["identical"] and one["times_real_time"] >= goal
        what = f"{result['simulated_h']:g} h of a day replayed, {name}"
        yield Row(what, said, by_cpu, None, f">= {goal} x", met)


def _diff(result: Result) -> Iterator[Row]:
    found = result["expected"] - len(result["missing"])
    said = f"{found} of {result['expected']}, and {len(result['extra'])} others"
    what = "decisions that settings change, as diff lists them"
    yield Row(what, said, "the simulator's truth", None, "all, no other", result["good"])


def _plates(result: Result) -> Iterator[Row]:
    box, every = result["hour_cpu_s"]["box"], result["hour_cpu_s"]["every"]
    what = f"a lane's plates, {result['overweight_share']:.0%} overweight, CPU an hour"
    floor = f"every moving picture {every:.0f} s"
    yield Row(what, f"{box:.1f} s", floor, result["share"], "<= 0.1 x", result["share"] <= 0.1)


def _pictures(result: Result) -> Iterator[Row]:
    exact = result["exact"]
    share = f"{exact['right']} of {exact['of']} exactly, {result['cpu_ms']['mean']:.0f} ms CPU each"
    floor = f"decoded, made small {result['floor_cpu_ms']['mean']:.1f} ms"
    yield Row("plates in labelled pictures", share, floor, result["ratio"], ">= 95 %", exact["share"] >= 0.95)


def _memory(result: Result) -> Iterator[Row]:
    said = f"{result['max_mb']:.0f} MB at most, median {result['median_mb']:.0f}"
    what = f"memory of the daemon, one 1080p camera and the bridge, {result['minutes']:g} min"
    floor = result["libraries_mb"]
    ratio = round(result["max_mb"] / floor, 2)
    yield Row(what, said, f"its libraries alone {floor:.0f} MB", ratio, "<= 350 MB", result["max_mb"] <= 350)


def _startup(result: Result) -> Iterator[Row]:
    s = result["seconds"]
    nothing = f"python -c pass {s['python']:.2f} s"
    ratio = result["help_over_python"]
    yield Row("edge-agent --help", f"{s['help']:.2f} s", nothing, ratio, "< 0.3 s", s["help"] < 0.3)
    for name, what in (("bridge", "a bridge"), ("bridge_and_street", "bridge and two street cameras")):
        first, cpu = s[f"{name}.first_weight"], s[f"{name}.cpu"]
        said = f"{first:.2f} s ({cpu:.2f} s CPU)"
        beside = f"zero known {s[f'{name}.zero_known']:.2f} s"
        yield Row(f"daemon to first weight, {what}", said, beside, None, "<= 2 s", first <= 2)


def _without_pictures(choices: Choices) -> str:
    return "" if choices.pictures else "needs labelled pictures: --pictures DIR"


PARTS = (
    Part("startup", lambda c: ["startup", "--runs", c.pick("2", "7")], _startup),
    Part("serial", lambda c: ["serial", "--seconds", c.pick("60", "300")], _serial),
    Part("match", lambda c: ["match", *(["--quick"] if c.effort == "quick" else [])], _match),
    Part("seal", lambda c: ["seal", "--rounds", c.pick("10", "40")], _seal),
    Part("replay", lambda c: ["replay", "--seconds", c.pick("120", "600")], _replay),
    Part("day", lambda c: ["day", "--hours", c.pick("0.1", "2", "24")], _day),
    Part("diff", lambda _c: ["diff"], _diff),
    Part("plates", lambda c: ["plates-lane", "--vehicles", c.pick("3", "12")], _plates),
    Part(
        "pictures",
        lambda c: ["plates", "--pictures", str(c.pictures and c.pictures.absolute())],
        _pictures,
        _without_pictures,
    ),
    Part("cameras", _cameras_of, _cameras),
    Part("memory", lambda c: ["memory", "--minutes", c.pick("0.5", "10", "60")], _memory),
)
