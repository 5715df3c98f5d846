"""Jinja2 as every page of this program uses it: escaped, strict, out of the package.

`base.html`, `login.html` and `error.html` are in `web/templates`; a package's `frame.html` fills the base in.
"""

from __future__ import annotations

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined


def environment(package: str) -> Environment:
    """Templates of a package's folder `templates/`, and those that all share."""
    return Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("edge_agent.web")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
