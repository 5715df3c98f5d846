"""`edge-agent record --config SITE.yaml --out REC.mcap`: a marked session as one recording."""

from __future__ import annotations

import contextlib
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_agent import bars
from edge_agent.cli.calibrate_common import new_file
from edge_agent.cli.language import LangOption, chosen_language

if TYPE_CHECKING:
    from edge_agent.marked_session import Made, Now

app = typer.Typer(add_completion=False)

LOOK_S = 1.0
KB, MB = 1_000, 1_000_000

WORDS = {
    "zh": {
        "daemon": "后台程序正在运行：本次记录取自它的日志。",
        "own": "没有后台程序：直接打开设备。不封存证据，不上报。",
        "how": "按 Ctrl-C 结束。",
        "live": "记录中：{events} 个事件，{size}，{crossings} 辆车",
        "ended": "后台程序已停止或重启：记录到此为止。",
        "made": "{out}：{events} 个事件，{crossings} 辆车，{size}",
        "lead": "另含开始前 {lead:.0f} 秒，供回放预热。",
        "lost": "注意：缺少 {lost} 个事件：磁盘跟不上，或已超出 journal.quota_mb。",
        "next": "下一步：edge-agent replay {out} --out 目录",
    },
    "en": {
        "daemon": "The daemon runs: the session is taken out of its journal.",
        "own": "No daemon runs: the devices are opened. Nothing is sealed, nothing is published.",
        "how": "Ctrl-C ends it.",
        "live": "recording: {events} events, {size}, {crossings} vehicles",
        "ended": "The daemon has ended or begun anew: the session ends here.",
        "made": "{out}: {events} events, {crossings} vehicles, {size}",
        "lead": "With up to {lead:.0f} s before the session, for a replay to find its feet.",
        "lost": "{lost} events are missing: the disk did not keep up, or journal.quota_mb took them.",
        "next": "next: edge-agent replay {out} --out DIR",
    },
}


@app.command()
def main(
    config: Annotated[Path, typer.Option(metavar="SITE.yaml", help="The box's configuration.")],
    out: Annotated[Path, typer.Option(metavar="REC.mcap", help="The recording; must not be there yet.")],
    seconds: Annotated[float | None, typer.Option(min=0, help="How long; default: until Ctrl-C.")] = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="Goes into the recording's header.")] = "",
    video: Annotated[
        bool, typer.Option("--video", help="The street cameras' video too. People are in it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    lang: LangOption = None,
) -> None:
    """Record what the box sees until Ctrl-C.

    With a daemon that runs, out of its journal; else the devices are opened. Exit: 0 all of it is there, 1 it
    ended by itself or events are missing, 2 the command makes no sense.
    """
    new_file(out)
    words = WORDS[chosen_language(lang)]
    with _ending() as over:
        made, ended = _record(config, out, seconds, note, video, over, words, quiet=as_json)
    _print(made, words, ended=ended, as_json=as_json)
    if ended or made.lost_events or made.extracted.gaps:
        raise typer.Exit(1)


def _record(
    config: Path,
    out: Path,
    seconds: float | None,
    note: str,
    video: bool,
    over: threading.Event,
    words: dict[str, str],
    *,
    quiet: bool,
) -> tuple[Made, bool]:
    """What was made, and whether it ended by itself."""
    from edge_agent import marked_session as session  # noqa: PLC0415 - help stays instant
    from edge_agent.config.loader import load  # noqa: PLC0415 - same

    with session.who_records(load(config), out, video=video) as recorded:
        if not quiet:
            print(words["daemon" if recorded.from_daemon else "own"], words["how"], flush=True)
        begun = session.begin(recorded)
        with _status(begun, words, quiet=quiet) as tell:
            last, ended = _until_over(recorded.now, over, begun, seconds, tell)
        return session.finish(recorded, begun, last, out, note, video=video), ended


def _until_over(
    now: Callable[[], Now | None],
    over: threading.Event,
    begun: Now,
    seconds: float | None,
    tell: Callable[[Now], None],
) -> tuple[Now, bool]:
    """The last look before somebody said that it is over, and whether it ended by itself."""
    end_s = None if seconds is None else time.monotonic() + seconds
    last = begun
    while not over.is_set():
        left = LOOK_S if end_s is None else end_s - time.monotonic()
        if left <= 0:
            break
        over.wait(min(LOOK_S, left))
        seen = now()
        if seen is None or seen.boot_id != begun.boot_id:
            return last, True
        last = seen
        tell(last)
    return last, False


@contextlib.contextmanager
def _ending() -> Iterator[threading.Event]:
    """Set by Ctrl-C, and by whoever ends the process in order."""
    over = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: over.set()) for number in numbers]
    try:
        yield over
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


@contextlib.contextmanager
def _status(begun: Now, words: dict[str, str], *, quiet: bool) -> Iterator[Callable[[Now], None]]:
    """A line on a terminal that says how far it is."""

    def line(now: Now) -> str:
        return words["live"].format(
            events=now.number - begun.number,
            size=_size(now.written_bytes - begun.written_bytes),
            crossings=now.crossings - begun.crossings,
        )

    with bars.words(line(begun), quiet=quiet) as bar:
        yield lambda now: bar.told(line(now))


def _size(number: int) -> str:
    """Bytes for people.

    >>> _size(512), _size(19_225), _size(2_345_678)
    ('512 B', '19 kB', '2.3 MB')
    """
    if number < KB:
        return f"{number} B"
    return f"{number / KB:.0f} kB" if number < MB else f"{number / MB:.1f} MB"


def _print(made: Made, words: dict[str, str], *, ended: bool, as_json: bool) -> None:
    if as_json:
        print(
            json.dumps({**asdict(made), "out": str(made.out), "ended_by_itself": ended}, ensure_ascii=False)
        )
        return
    if ended:
        print(words["ended"])
    if lost := max(made.lost_events, made.extracted.missing):
        print(words["lost"].format(lost=lost))
    print(
        words["made"].format(
            out=made.out,
            events=made.extracted.events,
            crossings=made.extracted.crossings,
            size=_size(made.bytes),
        )
    )
    if made.lead_in_s:
        print(words["lead"].format(lead=made.lead_in_s))
    print(words["next"].format(out=made.out))
