"""Options of every command that takes a part of a recording."""

from __future__ import annotations

from typing import Annotated

import typer

Start = Annotated[
    str | None,
    typer.Option("--from", metavar="TIME", help="RFC 3339 with a zone, or +1h30m since the start."),
]
End = Annotated[str | None, typer.Option("--to", metavar="TIME", help="The same; itself left out.")]
Lanes = Annotated[
    list[str] | None, typer.Option("--lane", metavar="NAME", help="Only what is decided of this lane.")
]
Zones = Annotated[
    list[str] | None, typer.Option("--zone", metavar="NAME", help="Only what is decided of this zone.")
]
