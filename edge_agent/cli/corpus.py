"""`edge-agent corpus run|bless|compare`: thousands of recordings, and what differs from before."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_agent import bars
from edge_agent.cli.language import LangOption, chosen_language
from edge_agent.errors import UsageError

if TYPE_CHECKING:
    from edge_agent.corpus.plan import Plan, Redetection, Result
    from edge_agent.corpus.running import Engine
    from edge_agent.web.words import Words

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

INTERRUPTED = 130  # as a shell says it of Ctrl-C

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Recordings (*.mcap) in it and below.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Tls = Annotated[Path | None, typer.Option(metavar="FILE.pem", help="For a tls:// scheduler.")]


@app.command()
def run(  # noqa: PLR0917 - options of a command line
    folder: Folder,
    out: Annotated[
        Path, typer.Option(metavar="RUN", help="Its results; the same again goes on there.")
    ] = Path("out/corpus"),
    config: Annotated[
        Path | None, typer.Option(metavar="SITE.yaml", help="Default: the one in each recording.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="On top of it; may be given again.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes; default: one a core.")
    ] = None,
    scheduler: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="A Dask cluster instead: tcp://HOST:PORT or tls://HOST:PORT."),
    ] = "",
    ship: Annotated[
        bool, typer.Option("--ship", help="Send the recordings along: the cluster does not see FOLDER.")
    ] = False,
    ship_mb: Annotated[int, typer.Option(min=1, max=1_000, help="The largest that is sent along.")] = 64,
    tls_ca: Tls = None,
    tls_cert: Tls = None,
    tls_key: Tls = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Another machine's scheduler without TLS: your network alone.")
    ] = False,
    timeout_s: Annotated[float, typer.Option(min=1, help="For one recording.")] = 600,
    memory_mb: Annotated[int, typer.Option(min=256, help="For one process.")] = 2_000,
    redetect: Annotated[
        bool, typer.Option("--redetect", help="The detector over recorded video; its boxes are replayed.")
    ] = False,
    model: Annotated[
        Path | None, typer.Option(metavar="M.onnx", help="With --redetect: another model than configured.")
    ] = None,
    classes: Annotated[
        Path | None, typer.Option(metavar="MAP.yaml", help="Its class map, where it lies elsewhere.")
    ] = None,
    as_json: AsJson = False,
    lang: LangOption = None,
) -> None:
    """Replay every recording below FOLDER; compare with what was blessed.

    A run that was interrupted goes on where it was when the command is given again. What the program, the
    configuration or the recording changed for is done anew.

    Exit: 0 good, 1 a recording could not be replayed or differs from its golden, or the detector of
    --redetect saw no picture.
    """
    from edge_agent.corpus import goldens  # noqa: PLC0415 - help stays instant
    from edge_agent.corpus.finding import find  # noqa: PLC0415
    from edge_agent.corpus.run_folder import SUMMARY, RunFolder, write  # noqa: PLC0415
    from edge_agent.corpus.running import run as run_corpus  # noqa: PLC0415
    from edge_agent.corpus.running import run_id  # noqa: PLC0415
    from edge_agent.corpus.tables import run_text  # noqa: PLC0415
    from edge_agent.corpus.words import TEXTS  # noqa: PLC0415
    from edge_agent.web.words import Words  # noqa: PLC0415

    language = chosen_language(lang)
    kept = RunFolder(out)
    tls = (tls_ca, tls_cert, tls_key)
    engine = _engine(
        workers,
        scheduler,
        tls,
        insecure=insecure,
        ship_mb=ship_mb if ship else 0,
        memory_mb=memory_mb,
        folder=kept.work,
    )
    plan = _plan(config, settings or [], timeout_s, _redetection(redetect, model, classes))
    found = find(folder, leave_out=out)
    goldens.rules_of(folder)  # a mistake in it is said before the work, not after
    with kept.opened(run_id(folder, plan)):
        with _progress(len(found), Words(TEXTS, language), quiet=as_json) as told:
            ran = run_corpus(found, plan, engine, kept, told)
        checked = goldens.check(folder, found, ran.rows, kept)
        summary = ran.summary() | {"goldens": goldens.summary(checked)}
        write(out / SUMMARY, json.dumps({**run_id(folder, plan), **summary}, ensure_ascii=False, indent=1))
    print(json.dumps(summary, ensure_ascii=False) if as_json else run_text(ran, checked, out, language))
    if ran.left:
        raise typer.Exit(INTERRUPTED)
    if not ran.good or any(one.differs for one in checked):
        raise typer.Exit(1)


@app.command()
def bless(
    folder: Folder,
    run_folder: Annotated[
        Path, typer.Option("--run", metavar="RUN", help="The run that is as it should be.")
    ],
    only: Annotated[str, typer.Option(metavar="PATTERN", help="Names of recordings: `bridge/*`.")] = "*",
    as_json: AsJson = False,
    lang: LangOption = None,
) -> None:
    """Write what a run gave beside its recordings (REC.golden.json): later runs are compared with it.

    Exit: 0 good, 1 a recording has no result in that run, or is another one now.
    """
    from edge_agent.corpus import goldens  # noqa: PLC0415 - help stays instant
    from edge_agent.corpus.finding import find  # noqa: PLC0415
    from edge_agent.corpus.run_folder import RunFolder  # noqa: PLC0415
    from edge_agent.corpus.words import BLESSED, name_of  # noqa: PLC0415

    kept = RunFolder(run_folder)
    goldens.asked_of(kept, folder)
    counted = goldens.bless(find(folder, leave_out=run_folder), kept, only)
    if not counted:
        raise UsageError(f"--only {only}: no recording of {folder} is called so")
    language = chosen_language(lang)
    told = ", ".join(f"{count} {name_of(what, BLESSED, language)}" for what, count in counted.items())
    print(json.dumps(counted) if as_json else told)
    if counted["not done"]:
        raise typer.Exit(1)


@app.command()
def compare(
    left: Annotated[Path, typer.Argument(metavar="RUN_A", help="Of then.")],
    right: Annotated[Path, typer.Argument(metavar="RUN_B", help="Of now.")],
    rules: Annotated[
        Path | None, typer.Option(metavar="CORPUS.yaml", help="What may differ; default: nothing.")
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="A page too, in both languages.")] = None,
    as_json: AsJson = False,
    lang: LangOption = None,
) -> None:
    """What differs between two runs over the same recordings: versions, configurations, models.

    Exit: 0 the same outcomes everywhere, 1 not.
    """
    from edge_agent.config.loader import load_as  # noqa: PLC0415 - help stays instant
    from edge_agent.corpus.goldens import Rules  # noqa: PLC0415
    from edge_agent.corpus.page import page  # noqa: PLC0415
    from edge_agent.corpus.regression import regression  # noqa: PLC0415
    from edge_agent.corpus.run_folder import RunFolder  # noqa: PLC0415
    from edge_agent.corpus.tables import regression_text  # noqa: PLC0415

    allowed = load_as(rules, Rules) if rules is not None else Rules()
    found = regression(RunFolder(left), RunFolder(right), allowed)
    if html is not None:
        html.write_text(page(found, str(left), str(right)), encoding="utf-8")
    if as_json:
        print(json.dumps(found.summary(), ensure_ascii=False))
    else:
        print(regression_text(found, left, right, chosen_language(lang)))
    if found.differs:
        raise typer.Exit(1)


def _engine(
    workers: int | None,
    scheduler: str,
    tls: tuple[Path | None, Path | None, Path | None],
    *,
    insecure: bool,
    ship_mb: int,
    memory_mb: int,
    folder: Path,
) -> Engine:
    if scheduler and workers:
        raise UsageError("--workers and --scheduler: one of them")
    if not scheduler:
        if ship_mb or insecure or any(tls):
            raise UsageError("--ship, --insecure and --tls-... go with --scheduler")
        from edge_agent.corpus.pool import Pool  # noqa: PLC0415 - help stays instant

        return Pool(workers or len(os.sched_getaffinity(0)), memory_mb, folder)
    from edge_agent.corpus.address import TlsFiles, checked_address  # noqa: PLC0415 - help stays instant
    from edge_agent.corpus.cluster import Cluster  # noqa: PLC0415

    given = [file for file in tls if file is not None]
    if given and len(given) < len(tls):
        raise UsageError("--tls-ca, --tls-cert and --tls-key go together")
    files = TlsFiles(*given) if given else None
    address = checked_address(scheduler, files, insecure=insecure)
    if insecure and files is None:
        print(
            f"not encrypted: whoever is between here and {address} can run programs on both", file=sys.stderr
        )
    return Cluster(address, files, ship_mb=ship_mb)


def _plan(
    config: Path | None, settings: list[str], timeout_s: float, redetection: Redetection | None
) -> Plan:
    from edge_agent.config import recorded  # noqa: PLC0415 - help stays instant
    from edge_agent.config.loader import load  # noqa: PLC0415
    from edge_agent.corpus.plan import Plan, program  # noqa: PLC0415
    from edge_agent.replaying.what_if import changed, split  # noqa: PLC0415

    text = ""
    if config is not None:
        site = load(config)
        changed(site, settings)  # a mistake in it is said at once, not a thousand times
        text = recorded.to_text(site)
    for setting in settings:
        split(setting)
    return Plan(program(), text, tuple(settings), redetection, timeout_s)


def _redetection(asked: bool, model: Path | None, classes: Path | None) -> Redetection | None:
    from hashlib import file_digest, sha256  # noqa: PLC0415 - help stays instant

    from edge_agent.corpus.plan import Redetection  # noqa: PLC0415
    from edge_agent.devices.detector.class_map import read_class_map  # noqa: PLC0415

    if not asked:
        if model is not None or classes is not None:
            raise UsageError("--model and --classes go with --redetect")
        return None
    if model is None:
        if classes is not None:
            raise UsageError("--classes goes with --model: the configured model has its own")
        return Redetection()
    with model.open("rb") as stream:
        digest = file_digest(stream, "sha256").hexdigest()
    meant = classes or model.with_suffix(".yaml")
    read_class_map(meant)  # its mistakes are said once, not in each row
    return Redetection(
        str(model.resolve()),
        str(classes.resolve()) if classes else "",
        digest,
        classes_sha256=sha256(meant.read_bytes()).hexdigest(),
    )


@contextmanager
def _progress(total: int, words: Words, *, quiet: bool) -> Iterator[Callable[[Result, bool], None]]:
    """A bar with the rate and the time left; what is taken over does not count for the rate."""
    with bars.count(words("replaying"), total, quiet=quiet) as bar:
        bad = 0

        def told(row: Result, taken_over: bool) -> None:
            nonlocal bad
            bad += row.state != "done"
            rate = words("rate", n=f"{bar.speed:.1f}") if bar.speed and not taken_over else ""
            bar.step(f"{words('replaying')} {rate}{words('bad', n=bad) if bad else ''}".rstrip())

        yield told
