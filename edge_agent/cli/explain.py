"""`edge-agent explain STATEMENT`: what a statement says, in words, for a person who was not there."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge_agent.cli.language import LangOption, chosen_language

if TYPE_CHECKING:
    from edge_agent.report.saying import Section
    from edge_agent.report.statements import Loaded

app = typer.Typer(add_completion=False)

UNIT = re.compile(r"([\d.±]) (t|kg|m|s|ms|%|km/h|m²|m/s²|min|h|±|\d[\d.,]*)(?=[\s.,;:)，；。（]|$)")
NARROWEST, WIDEST = 40, 100  # columns of text


@app.command()
def main(
    statement: Annotated[
        Path,
        typer.Argument(
            metavar="STATEMENT",
            help="An envelope (.dsse.json), a statement of a replay, or a bundle's folder.",
        ),
    ],
    lang: LangOption = None,
    journal: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Recordings of the box: which other crossings competed for the plate."
        ),
    ] = None,
    plates: Annotated[bool, typer.Option("--plates", help="Name other people's plates too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say in words what a statement says: what was measured and how sure, what follows, what does not.

    The signature is not checked: `edge-agent verify` does that. Exit: 0 it was explained, 1 it is no
    statement, 2 the command makes no sense.
    """
    from edge_agent.report.explain import Asked, explain, kind_in_words  # noqa: PLC0415 - help stays instant
    from edge_agent.report.notices import notice_of_statement  # noqa: PLC0415
    from edge_agent.report.saying import Say  # noqa: PLC0415
    from edge_agent.report.statements import load_all  # noqa: PLC0415

    language = chosen_language(lang)
    told: list[dict[str, Any]] = []
    for number, loaded in enumerate(load_all(statement)):
        rivals = _rivals(loaded, journal)
        asked = Asked(language, plates, rivals, signed=loaded.envelope is not None)
        sections = explain(loaded.statement, asked)
        title = kind_in_words(loaded.statement, Say(language))
        notice = Say(language)(*(notice_of_statement(loaded.statement, signed=asked.signed) or ("", "")))
        if as_json:
            told.append(
                {
                    "packet_id": loaded.statement.packet_id,
                    "title": title,
                    "notice": notice,
                    "sections": _as_json(sections),
                }
            )
        else:
            if number:
                print("\n" + "=" * 60 + "\n")
            print(f"{title[:1].upper()}{title[1:]} · {loaded.statement.packet_id}\n")
            if notice:
                print("\n".join(wrapped(notice, _columns())) + "\n")
            print(as_text(sections, _columns()))
    if as_json:
        print(json.dumps({"language": language, "statements": told}, ensure_ascii=False))


def _rivals(loaded: Loaded, journal: Path | None) -> Any:
    if journal is None or loaded.statement.measurement is None:
        return None
    from edge_agent.report.from_journal import case_in_journal  # noqa: PLC0415 - only with a recording

    return case_in_journal(loaded.statement, journal).rivals


def _columns() -> int:
    import shutil  # noqa: PLC0415 - help stays instant

    return max(NARROWEST, min(WIDEST, shutil.get_terminal_size((80, 24)).columns))


def _as_json(sections: Sequence[Section]) -> list[dict[str, Any]]:
    return [
        {
            "heading": section.heading,
            "sentences": list(section.sentences),
            "figures": [{"name": name, "value": value} for name, value in section.figures],
        }
        for section in sections
    ]


def as_text(sections: Sequence[Section], columns: int) -> str:
    """Headings, paragraphs of so many columns, and figures whose values stand under each other."""
    from rich.cells import cell_len  # noqa: PLC0415 - help stays instant

    from edge_agent.report.saying import visible  # noqa: PLC0415

    lines: list[str] = []
    for section in sections:
        lines.append(section.heading)
        for sentence in section.sentences:
            lines += [f"  {line}" for line in wrapped(sentence, columns - 2)]
        figures = [(visible(name), value) for name, value in section.figures]
        wide = max((cell_len(name) for name, _ in figures), default=0)
        for name, value in figures:
            first, *more = wrapped(value, max(20, columns - wide - 6)) or [""]
            lines.append(f"    {name}{' ' * (wide - cell_len(name))}  {first}")
            lines += [f"    {' ' * wide}  {line}" for line in more]
        lines.append("")
    return "\n".join(lines).rstrip()


def wrapped(text: str, columns: int) -> list[str]:
    """Lines of at most so many cells, broken at a space or between Chinese characters."""
    from rich.cells import cell_len  # noqa: PLC0415

    from edge_agent.report.saying import visible  # noqa: PLC0415

    text = visible(text.replace("\n", " "))  # no line of its own: it would look like one of ours
    text = UNIT.sub("\\1\u00a0\\2", text)  # a number and its unit stay together
    pieces = re.findall(r"[\u3000-\u9fff\uff00-\uffef]|[^ \u3000-\u9fff\uff00-\uffef]+ *| +", text)
    lines, line = [], ""
    hang = "  " if text.startswith("• ") else ""
    for piece in pieces:
        closing = piece in "，。；：、）”！？"  # never first in a line
        if line and not closing and cell_len(line) + cell_len(piece.rstrip()) > columns:
            lines.append(line.rstrip())
            line = hang
        line += piece
    lines = [*lines, line] if line.strip() else lines
    return [one.replace("\u00a0", " ").rstrip() for one in lines]
