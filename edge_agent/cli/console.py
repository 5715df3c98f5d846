"""`edge-agent console`: who may log in to the box's own pages, and their certificate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from edge_agent.cli.noted import leave_action
from edge_agent.errors import UsageError

if TYPE_CHECKING:
    from edge_agent.config.settings import SiteConfig
    from edge_agent.console.accounts import UsersFile

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
user = typer.Typer(add_completion=False, no_args_is_help=True, help="Who may log in.")
app.add_typer(user, name="user")

Config = Annotated[Path, typer.Option(metavar="SITE.yaml", help="The box's configuration.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the user.")]
Stdin = Annotated[
    bool, typer.Option("--stdin", help="Take the password from the first line of standard input.")
]


@user.command()
def add(
    name: Name,
    config: Config,
    role: Annotated[
        Literal["view", "technician"], typer.Option(help="view: may look; technician: may change things.")
    ] = "view",
    stdin: Stdin = False,
) -> None:
    """A new user. The password is asked for here, never given on the command line."""
    site, users = _users(config)
    users.add(name, role, _ask(stdin=stdin))
    leave_action(site, "console_user_added", name, role)
    print(f"{name} may log in as {role}")


@user.command()
def password(name: Name, config: Config, stdin: Stdin = False) -> None:
    """Another password; whoever is logged in by that name is logged out."""
    site, users = _users(config)
    users.change_password(name, _ask(stdin=stdin))
    leave_action(site, "console_password_changed", name)
    print(f"{name} has another password")


@user.command()
def remove(name: Name, config: Config) -> None:
    """No more logins; who is logged in by that name is logged out."""
    site, users = _users(config)
    users.remove(name)
    leave_action(site, "console_user_removed", name)
    print(f"{name} may not log in any more")


@user.command("list")
def list_users(config: Config) -> None:
    """All users with their roles."""
    _, users = _users(config)
    for one in users.all():
        print(f"{one.role:<10}  {one.name}")


@app.command()
def certificate(
    config: Config,
    name: Annotated[
        list[str] | None, typer.Option(help="Another host name or address of the box; may be repeated.")
    ] = None,
    renew: Annotated[bool, typer.Option("--renew", help="Take the place of the one that is there.")] = False,
) -> None:
    """Make a certificate for the pages, with the box's names and addresses, and print its fingerprint."""
    from datetime import UTC, datetime  # noqa: PLC0415 - help stays instant

    from edge_agent.config.loader import load  # noqa: PLC0415 - same
    from edge_agent.console.certificate import (  # noqa: PLC0415 - same
        fingerprint,
        make_certificate,
        own_names,
        write_certificate,
    )
    from edge_agent.console.places import certificate_files  # noqa: PLC0415 - same

    site = load(config)
    files = certificate_files(site)
    names = [*own_names(), *(name or [])]
    made = make_certificate(names, datetime.now(UTC))
    write_certificate(files, made, renew=renew)
    leave_action(site, "console_certificate_made", fingerprint(made[0]))
    print(f"certificate  {files[0]}\nkey          {files[1]}")
    print(f"names        {', '.join(dict.fromkeys(names))}")
    print(f"SHA-256      {fingerprint(made[0])}")
    print("Compare this with what the browser shows (证书指纹 SHA-256) before you log in the first time.")
    if site.console is None or site.console.tls is None:
        print(f"console:\n  host: 0.0.0.0\n  tls_cert: {files[0]}\n  tls_key: {files[1]}")


def _users(config: Path) -> tuple[SiteConfig, UsersFile]:
    from edge_agent.config.loader import load  # noqa: PLC0415 - help stays instant
    from edge_agent.console.accounts import UsersFile  # noqa: PLC0415 - same
    from edge_agent.console.places import users_file  # noqa: PLC0415 - same

    site = load(config)
    return site, UsersFile(users_file(site))


def _ask(*, stdin: bool) -> str:
    if not stdin:
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise UsageError("no password on standard input")
    return line
