"""`edge-agent calibrate apply`: a proposal into the configuration, a signed record of it into the chain."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge_agent.cli.calibrate_common import By, Site, who
from edge_agent.cli.language import LangOption, chosen_language
from edge_agent.errors import UsageError

ASK = {"zh": "写入配置？", "en": "Write this?"}
THERE = {
    "zh": "{config}：建议已在其中，未作更改。",
    "en": "{config}: the proposal is in it already; nothing changed.",
}
WRITTEN = {
    "zh": "{config}：已写入，原文件保存为 {kept}。记录 {note} 已放入收件盘。\n"
    "请重启后台程序：更改届时封存入链。",
    "en": "{config}: written; what was before is in {kept}. Record {note} is in the tray.\n"
    "Restart the daemon: it seals the change.",
}


def apply(
    proposal: Annotated[Path, typer.Argument(metavar="PROPOSAL.yaml", help="Of `calibrate ... --out`.")],
    config: Site,
    by: By = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether to write.")] = False,
    lang: LangOption = None,
) -> None:
    """Show what would change in the configuration, ask, leave a signed record, and change it there.

    The daemon seals the record within a second, and a `config_change` when it starts with the new
    configuration. The one of before stays beside it.
    """
    from datetime import UTC, datetime  # noqa: PLC0415 - help stays instant

    from edge_agent.calibration.apply import changed  # noqa: PLC0415
    from edge_agent.calibration.proposal import read_proposal  # noqa: PLC0415
    from edge_agent.calibration.record import leave_failure, leave_record  # noqa: PLC0415
    from edge_agent.config.loader import load  # noqa: PLC0415
    from edge_agent.config.saving import difference, read, save  # noqa: PLC0415
    from edge_agent.evidence.intray import tray_of  # noqa: PLC0415

    language = chosen_language(lang)
    proposed, draft = read_proposal(proposal), read(config)
    after = changed(draft, proposed)
    if after == draft.text:
        print(THERE[language].format(config=config))
        return
    name = who(by, language)
    print(difference(draft.text, after, str(config)))
    if not yes and not typer.confirm(ASK[language]):
        raise typer.Exit(1)
    tray = tray_of(load(config).evidence.store.directory)
    left: list[str] = []

    def record() -> None:
        """Before the change, not after it: nobody may weigh by a calibration that nobody signed for.

        A crash between the two leaves a record of a change that is not there. No `config_change` follows it,
        statements go on to name the old calibration, and applying again mends it.
        """
        left.append(leave_record(tray, proposed, proposal.read_bytes(), "applied", name))

    try:
        saved = save(draft, after, datetime.now(UTC), first=record)
    except UsageError as error:
        if left:
            leave_failure(tray, proposed, name, str(error))
        raise
    print(WRITTEN[language].format(config=config, kept=saved.kept.name, note=left[0]))
