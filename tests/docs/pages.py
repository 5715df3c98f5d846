"""A page's own commands and code, run in their order where its reader would run them."""

import contextlib
import io
import re
import shlex
import shutil
from pathlib import Path

from edge_agent.cli.main import main

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(sh|python|text)\n(.*?)^```", re.DOTALL | re.MULTILINE)
STATUS = re.compile(r"#\s*exit (\d)")


def checkout(folder):
    """What of a checkout the pages use."""
    (folder / "models").symlink_to(ROOT / "models")
    shutil.copytree(ROOT / "configs", folder / "configs")


def walk(page):
    """Run every `sh` and `python` block; what a `text` block shows must be what the last of them said.

    A line `...` stands for any lines, `...` within one for anything. A command that does not end with 0 has a
    comment `# exit 1`.
    """
    said, names = "", {}
    for kind, block in BLOCK.findall((ROOT / "docs" / page).read_text("utf-8")):
        if kind == "text":
            shown(block, said, page)
        elif kind == "python":
            said = python(block, names)
        else:
            said = "".join(map(command, block.splitlines()))


def command(line):
    """What one line says: one of ours, or `mkdir -p`; names with `*` are those that are there."""
    words = [name for word in shlex.split(line, comments=True) for name in found(word)]
    if words[:2] == ["mkdir", "-p"]:
        Path(words[2]).mkdir(parents=True, exist_ok=True)
        return ""
    assert words[0] == "edge-agent", line
    wanted = STATUS.search(line)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = main(words[1:])
    assert status == (int(wanted[1]) if wanted else 0), (line, out.getvalue())
    return out.getvalue()


def found(word):
    """A shell's answer to a name."""
    return sorted(map(str, Path().glob(word))) if "*" in word else [word]


def python(block, names):
    """What a cell prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(block, "cell", "exec"), names)
    return out.getvalue()


def shown(block, said, page):
    """The block's lines are the output's, in their order."""
    lines = block.rstrip("\n").split("\n")
    pattern = "".join(
        r"(?:.*\n)*?" if line == "..." else re.escape(line.rstrip()).replace(r"\.\.\.", ".*") + "\n"
        for line in lines
    )
    got = "".join(f"{line.rstrip()}\n" for line in said.splitlines())
    assert re.fullmatch(pattern, got), f"{page} shows\n{block}\nbut this came:\n{got}"
