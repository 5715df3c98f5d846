"""`edge-agent doctor --config SITE.yaml`: what is wrong with this box, what it means, what to do next."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_agent import bars
from edge_agent.cli.language import LangOption, chosen_language
from edge_agent.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from edge_agent.config.settings import SiteConfig
    from edge_agent.doctor.finding import Finding

app = typer.Typer(add_completion=False)

BUSY = {"zh": "正在检查", "en": "looking"}
SEEN_BY = {
    "daemon": ("由正在运行的程序查看", "seen by the daemon that runs"),
    "own": ("doctor 自己查看", "seen by the doctor itself"),
}


@app.command()
def main(
    config: Annotated[Path, typer.Option(metavar="SITE.yaml", help="The box's configuration.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    lang: LangOption = None,
    seconds: Annotated[
        float,
        typer.Option(min=0, max=120, help="Look at a line or camera no longer; 0: as long as is needed."),
    ] = 0.0,
    only: Annotated[str, typer.Option(metavar="NAME,...", help="These checks alone.")] = "",
) -> None:
    """Examine the box: every part's state, what it means, and the next step.

    Exit: 0 no fault (warnings there may be), 1 a fault, 2 the command makes no sense.
    """
    language = chosen_language(lang)
    names = [name for name in only.split(",") if name]
    _must_be_known(names)
    if not config.is_file():
        raise UsageError(f"no file {config}")
    from edge_agent.config.loader import load  # noqa: PLC0415 - help stays instant
    from edge_agent.doctor.finding import Finding, State  # noqa: PLC0415 - same

    found: list[Finding] = []
    seen_by, site = "own", None
    try:
        site = load(config)
    except ConfigError as error:
        found += _problems(error)
        site = _stand_in(config)
        found += [Finding("config.last_good", "config", State.WARNING)] if site else []
    else:
        found += _in_force(config)
    if site is not None:
        seen_by, examined = _examined(site, names, seconds, language, quiet=as_json)
        found += examined
    _print(found, seen_by, language, as_json=as_json)
    if any(finding.state is State.FAULT for finding in found):
        raise typer.Exit(1)


def _examined(
    site: SiteConfig, only: list[str], seconds: float, language: str, *, quiet: bool
) -> tuple[str, list[Finding]]:
    """Who looked, and what was found."""
    from edge_agent import __version__  # noqa: PLC0415 - help stays instant
    from edge_agent.doctor.examine import CHECKS, examine  # noqa: PLC0415 - same
    from edge_agent.doctor.finding import Finding, State  # noqa: PLC0415 - same
    from edge_agent.doctor.own_eyes import OwnEyes  # noqa: PLC0415 - same
    from edge_agent.doctor.report import finding_of  # noqa: PLC0415 - same
    from edge_agent.local_door import ask_doctor  # noqa: PLC0415 - same

    with bars.words(BUSY[language], quiet=quiet):
        answer = ask_doctor(site, only, seconds)
    if answer is None:
        _must_be_its_user(site)
        with bars.count(BUSY[language], len(only or CHECKS), quiet=quiet) as bar:
            return "own", examine(site, OwnEyes(site), bar.step, only=only, seconds=seconds)
    found = [finding_of(one) for one in answer["findings"]]
    if answer["software"] != __version__:
        values = {"own": __version__, "daemon": answer["software"]}
        found.insert(0, Finding("software.differs", "software", State.WARNING, values))
    return "daemon", found


def _must_be_its_user(site: SiteConfig) -> None:
    """Anybody else may not open keys and devices, and would be told of faults that are none."""
    from edge_agent.doctor.key_checks import user_name  # noqa: PLC0415 - help stays instant

    folder = site.evidence.store.directory
    owner = folder.stat().st_uid if folder.exists() else os.geteuid()
    if os.geteuid() not in {0, owner}:
        raise UsageError(
            f"{folder} is {user_name(owner)}'s: run `sudo -u {user_name(owner)} edge-agent doctor ...` "
            f"/ 请用 {user_name(owner)} 或 root 用户运行"
        )


def _problems(error: ConfigError) -> Iterator[Finding]:
    """What is wrong with the file: there is nothing to be examined by it."""
    from edge_agent.doctor.finding import Finding, State  # noqa: PLC0415 - help stays instant

    for problem in error.problems:
        where = f"{problem.file}:{problem.line}" if problem.line else problem.file
        values = {
            "where": where,
            "key": problem.key,
            "reason": problem.reason,
            "suggestion": f" ({problem.suggestion})" if problem.suggestion else "",
        }
        yield Finding("config.problem", "config", State.FAULT, values)


def _stand_in(config: Path) -> SiteConfig | None:
    """What the daemon runs instead of a file with mistakes: its last known good; None where there is none."""
    from edge_agent.config.known_good import at_the_box  # noqa: PLC0415 - help stays instant

    try:
        return at_the_box(config).config
    except ConfigError:
        return None


def _in_force(config: Path) -> list[Finding]:
    """Whether a commanded change runs instead of the file."""
    from edge_agent.commanded import ConfigKeeper  # noqa: PLC0415 - help stays instant
    from edge_agent.doctor.finding import Finding, State  # noqa: PLC0415 - same

    note = ConfigKeeper(config).in_force()
    return [Finding("config.not_in_force", "config", State.WARNING, {"note": note})] if note else []


def _print(found: list[Finding], seen_by: str, language: str, *, as_json: bool) -> None:
    from edge_agent.doctor.examine import worst  # noqa: PLC0415 - help stays instant
    from edge_agent.doctor.report import as_json as for_scripts  # noqa: PLC0415 - same
    from edge_agent.doctor.report import as_text  # noqa: PLC0415 - same

    if as_json:
        told = {"seen_by": seen_by, "state": str(worst(found)), "findings": for_scripts(found)}
        print(json.dumps(told, ensure_ascii=False))
    else:
        terminal = sys.stdout.isatty()
        width = shutil.get_terminal_size().columns if terminal else 0
        print(as_text(found, language, width, colour=terminal and not os.environ.get("NO_COLOR")))
        print(SEEN_BY[seen_by][0 if language == "zh" else 1])


def _must_be_known(names: list[str]) -> None:
    from edge_agent.doctor.examine import CHECKS  # noqa: PLC0415 - help stays instant

    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        raise UsageError(f"--only {', '.join(unknown)}: the checks are {', '.join(CHECKS)}")
