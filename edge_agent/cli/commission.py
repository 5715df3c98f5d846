"""`edge-agent commission`: the box looked at as a whole, signed off by a person, sealed into its chain."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_agent import bars
from edge_agent.errors import UsageError, both

if TYPE_CHECKING:
    from edge_agent.commissioning.chain import Chain, Read
    from edge_agent.commissioning.leaving import Left
    from edge_agent.commissioning.outcome import Reason
    from edge_agent.commissioning.report import Examined, Signed
    from edge_agent.config.settings import SiteConfig

app = typer.Typer(add_completion=False)

NAME = "commissioning"


@app.command()
def main(  # noqa: PLR0917 - options of a command line
    config: Annotated[Path, typer.Option(metavar="SITE.yaml", help="The box's configuration.")],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who examines the box and signs.")],
    organisation: Annotated[str, typer.Option(metavar="ORG", help="For whom they sign.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the report goes; a new file is made.")],
    remarks: Annotated[
        str, typer.Option(metavar="TEXT", help="What is still to be done, or was noticed.")
    ] = "",
    outcome: Annotated[
        str,
        typer.Option(
            help="accepted | accepted_with_remarks | refused; default: accepted, if nothing is against it."
        ),
    ] = "",
    since: Annotated[
        str, typer.Option(metavar="ISO", help="Tests sealed from then on, as 2026-12-01T09:00; default: all.")
    ] = "",
    language: Annotated[str, typer.Option("--lang", help="zh | en | both.")] = "both",
    pdf: Annotated[bool, typer.Option("--pdf", help="As PDF too, by Debian's chromium.")] = False,
    wait_s: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, help="For the daemon, and for the receipt.")
    ] = 120.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make the commissioning report, seal it into the chain, wait for the platform's receipt.

    The daemon may run, and should: it holds the devices, seals the record and sends it. What the report shows
    of tests is what was sealed of them. A box with a fault, or of whose tests none has a receipt, cannot be
    accepted without remarks.

    Exit: 0 sealed, and receipted where the box has a platform; 1 not in time, or the platform refused it;
    2 usage, or the outcome contradicts what was found.
    """
    from edge_agent.commissioning.chain import Chain  # noqa: PLC0415 - help stays instant
    from edge_agent.commissioning.words import LANGUAGES  # noqa: PLC0415 - help stays instant
    from edge_agent.config.loader import load  # noqa: PLC0415

    if language not in LANGUAGES:
        raise UsageError(f"--lang {language}: one of {', '.join(LANGUAGES)}")
    page = out / f"{NAME}.html"
    if page.exists():
        raise UsageError(
            both(
                f"{page} 已存在：请给另一个 --out，或把它移走",
                f"{page} exists; give another --out, or move it away",
            )
        )
    if pdf:
        from edge_agent.commissioning.pdf import browser  # noqa: PLC0415

        browser()  # says so before anything is looked at
    said = Said(by, organisation, remarks, outcome)
    site = load(config)
    with bars.words("...", quiet=as_json) as bar, Chain.of(site.evidence.store.directory) as chain:
        made = _make(site, chain, said, _utc_us(since, site), language, bar.told)
    out.mkdir(parents=True, exist_ok=True)
    page.write_bytes(made.page)
    if pdf:
        from edge_agent.commissioning.pdf import print_pdf  # noqa: PLC0415

        print_pdf(page, page.with_suffix(".pdf"))
    _seal(site, made, page, wait_s, as_json=as_json)


@dataclass(frozen=True, slots=True)
class Said:
    """What the person gave."""

    by: str
    organisation: str
    remarks: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Made:
    """A report that is ready to be sealed."""

    examined: Examined
    signed: Signed
    against: list[Reason]
    page: bytes


def _make(
    site: SiteConfig, chain: Chain, said: Said, since: int, language: str, told: Callable[[str], None]
) -> Made:
    from edge_agent.commissioning.examining import examine_box  # noqa: PLC0415 - help stays instant
    from edge_agent.commissioning.looking import eyes, findings  # noqa: PLC0415
    from edge_agent.commissioning.outcome import Outcome, against, concluded  # noqa: PLC0415
    from edge_agent.commissioning.report import Signed, html  # noqa: PLC0415
    from edge_agent.devices.clock import Clock  # noqa: PLC0415

    if said.outcome and said.outcome not in set(Outcome):
        raise UsageError(f"--outcome {said.outcome}: one of {', '.join(Outcome)}")
    told("the doctor looks at the box")
    found = findings(site, told)
    examined = examine_box(site, chain, eyes(site), found, since, told)
    reasons = against(found, examined.proofs)
    outcome = concluded(Outcome(said.outcome) if said.outcome else None, said.remarks, reasons)
    signed = Signed(outcome, said.by, said.organisation, said.remarks, Clock(site.clock).utc_us())
    return Made(examined, signed, reasons, html(examined, signed, reasons, chain, language).encode())


def _seal(site: SiteConfig, made: Made, page: Path, wait_s: float, *, as_json: bool) -> None:
    from edge_agent.commissioning.leaving import leave, wait  # noqa: PLC0415 - help stays instant

    left = leave(made.examined, made.signed, made.page)
    for_receipt = site.uplink is not None
    with bars.words("waiting for the daemon to seal it", quiet=as_json) as bar:
        found = wait(
            left,
            wait_s,
            for_receipt=for_receipt,
            told=lambda read: bar.told(f"sealed as seq {read.seq}; waiting for the receipt"),
        )
    good = found is not None and (found.receipted or not for_receipt)
    if as_json:
        print(json.dumps(_as_json(made, left, page, found), ensure_ascii=False))
    else:
        _say(made, page, found, for_receipt=for_receipt)
    if not good:
        raise typer.Exit(1)


def _say(made: Made, page: Path, found: Read | None, *, for_receipt: bool) -> None:
    from edge_agent.commissioning.outcome import in_words  # noqa: PLC0415 - help stays instant

    proofs = made.examined.proofs
    print(f"{made.signed.outcome.value}: {made.signed.by}, {made.signed.organisation}")
    print(f"tests    {len(proofs)}, of them receipted {sum(proof.receipted for proof in proofs)}")
    for reason in made.against:
        print(f"         {in_words(reason)}")
    print(f"report   {page}")
    if found is None:
        print("sealed   not yet: the note lies in the tray, and the daemon seals it when it runs")
        return
    print(f"sealed   seq {found.seq}, sha256 {found.listed.payload_sha256}")
    if found.receipted:
        print("receipt  the platform has it")
    elif found.listed.state == "rejected":
        print(f"receipt  the platform refused it: {found.listed.reason}")
    elif for_receipt:
        print("receipt  not yet: it is sent when there is a way; `edge-agent doctor` says what is wrong")
    else:
        print("receipt  none: no platform is configured")


def _as_json(made: Made, left: Left, page: Path, found: Read | None) -> dict[str, object]:
    from edge_agent.commissioning.outcome import in_words  # noqa: PLC0415 - help stays instant

    return {
        **left.record.model_dump(mode="json"),
        "against": [in_words(reason) for reason in made.against],
        "report": str(page),
        "note": left.id,
        "sealed": None
        if found is None
        else {"seq": found.seq, "payload_sha256": found.listed.payload_sha256},
        "receipted": found is not None and found.receipted,
        "rejected": found.listed.reason if found is not None and found.listed.state == "rejected" else None,
    }


def _utc_us(text: str, site: SiteConfig) -> int:
    """A time without an offset is the site's own."""
    from datetime import timedelta, timezone  # noqa: PLC0415 - help stays instant

    if not text:
        return 0
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--since {text}: a time as 2026-12-01T09:00") from error
    if at.tzinfo is None:
        at = at.replace(tzinfo=timezone(timedelta(minutes=site.site.legal.utc_offset_minutes)))
    return round(at.timestamp() * 1_000_000)
