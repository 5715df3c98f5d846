"""`edge-agent view REC`: a recording in Rerun, or as a file for Foxglove, with a layout."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from edge_agent import bars
from edge_agent.cli.language import LangOption, chosen_language
from edge_agent.cli.window_options import End, Start
from edge_agent.errors import UsageError, both

if TYPE_CHECKING:
    from edge_agent.config.settings import SiteConfig
    from edge_agent.journal.moments import Moment
    from edge_agent.journal.reader import Recording
    from edge_agent.report.saying import Say
    from edge_agent.viewing.inventory import Inventory
    from edge_agent.viewing.signals import Choice

app = typer.Typer(add_completion=False)

WINDOW, WEB = "window", "web"


@app.command()
def main(  # noqa: PLR0917 - options of a command line
    recording: Annotated[Path, typer.Argument(metavar="REC", help="An .mcap file, or a folder of them.")],
    rerun: Annotated[
        Path | None,
        typer.Option(metavar="OUT.rrd", help="For Rerun; default: beside the recording, written anew."),
    ] = None,
    blueprint: Annotated[
        Path | None, typer.Option(metavar="FILE.rbl", help="Rerun's layout, which is in OUT.rrd too, alone.")
    ] = None,
    spawn: Annotated[bool, typer.Option("--spawn", help="Open Rerun in a window.")] = False,
    web: Annotated[bool, typer.Option("--web", help="Open Rerun in the browser of this machine.")] = False,
    foxglove: Annotated[
        Path | None, typer.Option(metavar="OUT.mcap", help="For Foxglove, in its standard schemas.")
    ] = None,
    layout: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Foxglove's layout; default: OUT.layout.json.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="SITE.yaml", help="Default: the one in the recording.")
    ] = None,
    start: Start = None,
    end: End = None,
    full: Annotated[
        bool, typer.Option("--full", help="Every sample of every sensor, not 100 a second.")
    ] = False,
    plates: Annotated[
        bool, typer.Option("--plates", help="Show plate texts, and pictures of vehicles that are at hand.")
    ] = False,
    decoded: Annotated[
        bool,
        typer.Option("--decoded", help="Video as single pictures, five a second: any viewer shows them."),
    ] = False,
    lang: LangOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object; open nothing.")] = False,
) -> None:
    """Look at a recording: video with boxes and zones, loads and axles, matches, states, the log.

    Without options Rerun opens where there is a display; without one REC.rrd is written and it is said how to
    open it. With --foxglove alone nothing is written for Rerun. Plate texts are hidden unless --plates.
    """
    from edge_agent.report.saying import Say  # noqa: PLC0415 - help stays instant
    from edge_agent.viewing.signals import Choice  # noqa: PLC0415

    language = chosen_language(lang)
    say = Say(language)
    _makes_sense(both_viewers=spawn and web, lone_layout=layout is not None and foxglove is None)
    if spawn and not as_json:
        _needs_display()
    for_rerun = foxglove is None or rerun is not None or blueprint is not None or spawn or web
    _needs(*(["rerun"] if for_rerun else []), *(["foxglove"] if foxglove else []))
    viewer = _viewer(spawn=spawn, web=web, wanted=for_rerun and rerun is None) if not as_json else ""
    recordings, site = _opened(recording, config, say)
    choice = Choice(
        full=full,
        plates=plates,
        decoded=decoded or _cannot_decode(viewer),
        start=_moment(start),
        end=_moment(end),
    )
    results = []
    if foxglove is not None:
        out = layout or foxglove.with_suffix(".layout.json")
        results.append(_foxglove(recordings, site, choice, foxglove, out, language, quiet=as_json))
    if for_rerun:
        _can_be_written(*(file for file in (rerun, blueprint) if file is not None))
        out = rerun or _beside(recording)
        blueprint = blueprint or (out.with_suffix(".rbl") if viewer == WEB else None)
        results.append(_rerun(recordings, site, choice, out, blueprint, language, quiet=as_json))
    if as_json:
        print(json.dumps({"written": results, "torn": _torn(recordings)}, ensure_ascii=False))
        return
    _report(results, recordings, say)
    if site is None:
        print(
            say(
                "录制中没有配置：不显示载荷、区域和车道；可用 --config SITE.yaml 指定",
                "the recording holds no configuration: no loads, zones or lanes; "
                "give one with --config SITE.yaml",
            )
        )
    if choice.decoded and not decoded:
        print(
            say(
                "本机没有 `ffmpeg`（Rerun 窗口用它解码视频）：改为显示图片",
                "no `ffmpeg` program here, which Rerun's window decodes video with: "
                "pictures are shown instead",
            )
        )
    if viewer:
        _open(out, blueprint if viewer == WEB else None, say)
    if for_rerun and rerun is None:
        print(
            say(
                f"本机没有显示器。在有显示器的机器上运行：rerun {out}   （pip install rerun-sdk）\n"
                f"或在浏览器中打开：edge-agent view {recording} --web",
                f"no display here. On a machine with one: rerun {out}   (pip install rerun-sdk)\n"
                f"or in a browser: edge-agent view {recording} --web",
            )
        )


def _makes_sense(*, both_viewers: bool, lone_layout: bool) -> None:
    if both_viewers:
        raise UsageError("--spawn and --web: one viewer at a time")
    if lone_layout:
        raise UsageError("--layout: belongs to --foxglove OUT.mcap")


def _moment(text: str | None) -> Moment | None:
    """As `replay` reads it."""
    from edge_agent.journal.moments import moment  # noqa: PLC0415 - help stays instant

    return moment(text) if text else None


def _viewer(*, spawn: bool, web: bool, wanted: bool) -> str:
    """Which viewer is opened afterwards: what was asked for, else a window where there can be one."""
    from edge_agent.viewing.opening import has_display  # noqa: PLC0415 - help stays instant

    if web:
        return WEB
    return WINDOW if spawn or (wanted and has_display()) else ""


def _cannot_decode(viewer: str) -> bool:
    from edge_agent.viewing.opening import has_ffmpeg  # noqa: PLC0415 - help stays instant

    return viewer == WINDOW and not has_ffmpeg()


def _needs_display() -> None:
    from edge_agent.viewing.opening import has_display  # noqa: PLC0415 - help stays instant

    if not has_display():
        raise UsageError(
            both(
                "--spawn：本机没有显示器，打不开窗口；用 --web，或用 --rerun OUT.rrd 写出文件拿到别处看",
                "--spawn: no display here for a window; --web, or --rerun OUT.rrd for another machine",
            )
        )


def _open(file: Path, for_browser: Path | None, say: Say) -> NoReturn:
    """Show the file; in a browser where its layout is at hand."""
    from edge_agent.viewing.opening import has_display, open_window  # noqa: PLC0415 - help stays instant

    if for_browser is None:
        raise typer.Exit(1 if open_window(file) else 0)
    import signal  # noqa: PLC0415
    import socket  # noqa: PLC0415
    import webbrowser  # noqa: PLC0415

    from edge_agent.viewing.web_viewer import WebViewer  # noqa: PLC0415

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    with WebViewer(file, for_browser) as viewer, contextlib.suppress(KeyboardInterrupt):
        if has_display():
            webbrowser.open(viewer.url)
        else:
            tunnel = f"ssh -L {viewer.port}:127.0.0.1:{viewer.port} {socket.gethostname()}"
            print(
                say(
                    f"本机没有显示器。在自己的电脑上先运行：{tunnel}，再打开下面的地址",
                    f"no display here. On your own machine first: {tunnel}   then open this address there",
                )
            )
        print(f"{viewer.url}\n{say('按 Ctrl-C 结束', 'end with Ctrl-C')}", flush=True)
        viewer.wait()
    raise typer.Exit


def _torn(recordings: list[Recording]) -> list[str]:
    return [f"{one.path}: {one.torn}" for one in recordings if one.torn]


def _report(results: list[dict[str, Any]], recordings: list[Recording], say: Say) -> None:
    for result in results:
        _written(result, say)
    for line in _torn(recordings):
        print(say(f"断尾：{line}；之前的内容照常显示", f"torn: {line}; what came before it is shown"))


def _needs(*modules: str) -> None:
    """The extra is an extra: a box has neither."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            both(
                f"未安装 {'、'.join(missing)}：pip install 'edge-agent[view]'",
                f"{' and '.join(missing)} not installed: pip install 'edge-agent[view]'",
            )
        )


def _opened(path: Path, config: Path | None, say: Say) -> tuple[list[Recording], SiteConfig | None]:
    from edge_agent.config.loader import load  # noqa: PLC0415 - help stays instant
    from edge_agent.config.recorded import from_text  # noqa: PLC0415
    from edge_agent.journal.opening import open_all  # noqa: PLC0415

    recordings = open_all(path)
    if config is not None:
        return recordings, load(config)
    others = sum(one.config_text != recordings[0].config_text for one in recordings)
    if others:
        print(
            say(
                f"{len(recordings)} 个录制中有 {others} 个的配置与第一个不同，区域和车道按第一个画：请分开看",
                f"{others} of {len(recordings)} recordings were made with another configuration than the "
                "first, whose zones and lanes are drawn: view them by themselves",
            ),
            file=sys.stderr,
        )
    text = recordings[0].config_text
    return recordings, from_text(text) if text else None


def _beside(recording: Path) -> Path:
    name = recording.stem if recording.suffix == ".mcap" else recording.name
    return recording.with_name(f"{name}.rrd")


def _rerun(
    recordings: list[Recording],
    site: SiteConfig | None,
    choice: Choice,
    out: Path,
    blueprint: Path | None,
    language: str,
    *,
    quiet: bool,
) -> dict[str, Any]:
    from edge_agent.viewing.rerun_file import write  # noqa: PLC0415 - help stays instant
    from edge_agent.viewing.signals import signals  # noqa: PLC0415

    with bars.words(out.name, quiet=quiet) as bar:
        began = time.perf_counter()
        things = signals(recordings, site, choice, _counter(bar, out.name))
        inventory = write(things, recordings[0].path.stem, out, blueprint, language)
        _holds_something(inventory, choice, out, blueprint)
    return _result("rerun", out, blueprint, inventory, time.perf_counter() - began)


def _foxglove(
    recordings: list[Recording],
    site: SiteConfig | None,
    choice: Choice,
    out: Path,
    layout: Path,
    language: str,
    *,
    quiet: bool,
) -> dict[str, Any]:
    from edge_agent.viewing.foxglove_file import write  # noqa: PLC0415 - help stays instant
    from edge_agent.viewing.foxglove_layout import layout as drawn  # noqa: PLC0415
    from edge_agent.viewing.signals import signals  # noqa: PLC0415

    _can_be_written(out, layout)
    with bars.words(out.name, quiet=quiet) as bar:
        began = time.perf_counter()
        things = signals(recordings, site, choice, _counter(bar, out.name))
        inventory = write(things, out)
        _holds_something(inventory, choice, out)
        layout.write_text(drawn(inventory, language), encoding="utf-8")
    return _result("foxglove", out, layout, inventory, time.perf_counter() - began)


def _holds_something(inventory: Inventory, choice: Choice, *written: Path | None) -> None:
    """A window beside the recording is a mistake, and what was written of it is nothing to look at."""
    if inventory.things or inventory.samples or (choice.start is None and choice.end is None):
        return
    for file in written:
        if file is not None:
            file.unlink(missing_ok=True)
    raise UsageError(
        both("--from 和 --to 之间没有任何录制内容", "nothing of the recording lies between --from and --to")
    )


def _can_be_written(*files: Path) -> None:
    for file in files:
        if file.exists():
            raise UsageError(
                both(f"{file} 已存在：换个名字，或先删除", f"{file} exists; give another name or remove it")
            )
        if not file.resolve().parent.is_dir():
            raise UsageError(both(f"没有文件夹 {file.parent}", f"{file.parent} is not a folder"))


def _counter(bar: bars.Bar, name: str) -> Callable[[object], None]:
    count = 0

    def step(_piece: object) -> None:
        nonlocal count
        count += 1
        if bar.due():
            bar.told(f"{name}: {count} events, decisions, pictures")

    return step


def _result(kind: str, out: Path, layout: Path | None, seen: Inventory, took: float) -> dict[str, Any]:
    first, last = seen.span
    return {
        "viewer": kind,
        "file": str(out),
        "layout": str(layout) if layout else None,
        "bytes": out.stat().st_size,
        "things": seen.things,
        "samples": seen.samples,
        "utc": seen.utc,
        "shown_s": round((last - first) / 1e9, 3),
        "took_s": round(took, 3),
    }


def _written(result: dict[str, Any], say: Say) -> None:
    file, things, samples = result["file"], result["things"], result["samples"]
    shown, size, took = result["shown_s"], f"{result['bytes'] / 1e6:.1f} MB", result["took_s"]
    print(
        say(
            f"{file}：{shown} 秒内 {things} 项、{samples} 个采样点，{size}，用时 {took} 秒",
            f"{file}: {things} things and {samples} samples of {shown} s, {size}, in {took} s",
        )
    )
    if result["layout"]:
        print(say(f"{result['layout']}：布局", f"{result['layout']}: its layout"))
    if not result["utc"]:
        print(
            say(
                "不知道当时的钟点：时间是设备开机以来的时间",
                "the time on the wall is not known: times are the box's own since its start",
            ),
            file=sys.stderr,
        )
