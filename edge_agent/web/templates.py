"""Jinja2 as every page of this program uses it: escaped, strict, out of the package.

`base.html`, `login.html` and `error.html` are in `web/templates`; a package's `frame.html` fills the base in.
A page that needs nothing else (a report) begins with `sheet.html` and goes on with styles of its own.
"""

from __future__ import annotations

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined


def environment(package: str, folder: str = "templates") -> Environment:
    """Templates of a package's folder, and those that all share."""
    return Environment(
        loader=ChoiceLoader([PackageLoader(package, folder), PackageLoader("edge_agent.web")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
