"""`edge-agent calibrate apply`: a proposal goes into the configuration, and a signed record into the chain."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge_agent.cli.calibrate_common import By, Site, who
from edge_agent.cli.language import LangOption, chosen_language
from edge_agent.errors import UsageError

ASK = {"zh": "写入配置？", "en": "Write this?"}
THERE = {"zh": "{config}：建议已在其中，未作更改。", "en": "{config}: the proposal is in it already; nothing changed."}
WRITTEN = {
    "zh": "{config}：已写入，原文件保存为 {kept}。记录 {note} 已放入收件盘。请重启后台程序，更改届时封存入链。",
    "en": "{config}: written; what was before is in {kept}. Record {note} is in the tray. Restart the daemon: it "
    "seals the change.",
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
    from edge_agent.calibration.apply import changed, difference  # noqa: PLC0415 - help stays instant
    from edge_agent.calibration.proposal import read_proposal  # noqa: PLC0415
    from edge_agent.calibration.putting import put_in_place  # noqa: PLC0415
    from edge_agent.calibration.record import leave_record  # noqa: PLC0415
    from edge_agent.config.loader import load  # noqa: PLC0415
    from edge_agent.evidence.intray import tray_of  # noqa: PLC0415

    language = chosen_language(lang)
    proposed, site = read_proposal(proposal), load(config)
    before = config.read_text(encoding="utf-8")
    after = changed(config, proposed)
    if after == before:
        print(THERE[language].format(config=config))
        return
    print(difference(before, after, str(config)))
    if not yes and not typer.confirm(ASK[language]):
        raise typer.Exit(1)
    name = who(by, language)
    tray = tray_of(site.evidence.store.directory)
    left: list[str] = []
    kept = put_in_place(
        config,
        after,
        lambda: left.append(leave_record(tray, proposed, proposal.read_bytes(), "applied", name)),
    )
    print(WRITTEN[language].format(config=config, kept=kept, note=left[0]))
