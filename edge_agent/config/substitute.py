"""`${NAME}` from the environment and `${file:PATH}` from a secret file, inside of any text.

${NAME}            the variable; a problem when it is not set
${NAME:-default}   the variable, or the default
${file:PATH}       a file's only line, for secrets; nobody but its owner may read it
$${                a literal ${
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

MAX_SECRET_BYTES = 4096
_OTHERS_MAY_READ = 0o077

# One that is never closed runs to the end of the text, so that thousands of them take linear time.
_PATTERN = re.compile(r"\$\$\{|\$\{([^}]*+)(?:\}|\Z)")
_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)


class Substitution:
    """Fills in text from outside the configuration file.

    Args:
        folder: what paths of secret files are relative to.
        environment: variables; the process's own when not given.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._environment = os.environ if environment is None else environment
        self.filled: dict[str, str] = {}
        """What was filled in, perhaps a secret, and what stood there."""

    def apply(self, text: str) -> str:
        """The text with everything filled in; what was filled in is not looked at again.

        Raises:
            ValueError: naming what is missing, never showing a secret.
        """
        return _PATTERN.sub(self._value, text)

    def _value(self, match: re.Match[str]) -> str:
        inner = match.group(1)
        if inner is None:
            return "${"
        if not match.group().endswith("}"):
            return match.group()
        value = self._found(inner)
        self.filled[value] = match.group()
        return value

    def _found(self, inner: str) -> str:
        if inner.startswith("file:"):
            return read_secret(self._folder / inner.removeprefix("file:"))
        named = _NAME.fullmatch(inner)
        if named is None:
            raise ValueError(f"${{{inner}}} is neither ${{NAME}} nor ${{file:PATH}}; a literal ${{ is $${{")
        name, default = named.groups()
        value = self._environment.get(name, default)
        if value is None:
            raise ValueError(f"environment variable {name} is not set")
        return value


def read_secret(path: Path) -> str:
    """A secret file's one line, without its end."""
    try:
        mode = path.stat().st_mode
        with path.open("rb") as file:
            data = file.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise ValueError(f"secret file {path}: {error.strerror or error}") from error
    if mode & _OTHERS_MAY_READ:
        raise ValueError(f"secret file {path}: others may read it; chmod 600 {path}")
    try:
        text = data.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        text = ""
    if not text or "\n" in text or len(data) > MAX_SECRET_BYTES:
        raise ValueError(f"secret file {path}: not one line of text")
    return text
