"""What the documents say can be done: links lead somewhere, commands exist, decisions are numbered."""

import contextlib
import functools
import io
import re
import shlex
from pathlib import Path

import pytest

from edge_agent.cli.main import COMMANDS, main

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "contract" / "README.md"])

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```|^(?: {4}).*$|`[^`\n]+`", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"(?:^|[\s`(])edge-agent ([a-z][^\n`]*)", re.MULTILINE)
OPTION = re.compile(r"--[a-z][a-z-]*")


GROUPS = {
    "bench",
    "calibrate",
    "command",
    "config",
    "console",
    "corpus",
    "identity",
    "inbox",
    "ingest",
    "model",
    "outbox",
    "plates",
    "reference",
}
GROUPS_WITHIN = {("command", "send"), ("console", "user"), ("inbox", "user")}


def named(paths):
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in paths]


@functools.cache
def help_of(*words):
    """Exit status and text of `edge-agent WORDS --help`."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = main([*words, "--help"])
    return status, said.getvalue()


def commands_in(text):
    """Every `edge-agent ...` shown as code: its subcommands (`a|b` are several) and its options."""
    for code in CODE.findall(text):
        for line in COMMAND.findall(code):
            words = shlex.split(line.replace("\\|", "|").split("#")[0].rstrip("`"), posix=True)
            name, rest = words[0], words[1:]
            options = tuple(word.strip("[]") for word in rest if OPTION.fullmatch(word.strip("[]")))
            group = name in GROUPS and rest and re.fullmatch(r"[a-z][a-z|/-]*", rest[0])
            if (name, *rest[:1]) in GROUPS_WITHIN:
                yield (name, *rest[:2]), options
                continue
            for sub in re.split(r"[|/]", rest[0]) if group else [None]:
                yield (name, sub) if sub else (name,), options


@pytest.mark.parametrize("path", named(DOCUMENTS))
def test_every_relative_link_leads_to_something(path):
    for target in LINK.findall(path.read_text("utf-8")):
        if not re.match(r"[a-z]+:|#", target):
            assert (path.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("path", named(DOCUMENTS))
def test_every_command_shown_exists_and_knows_its_options(path):
    for words, options in commands_in(path.read_text("utf-8")):
        status, said = help_of(*words)
        assert status == 0, (words, said)
        for option in options:
            assert option in said, (words, option)


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readme_names_every_command(name):
    text = (ROOT / name).read_text("utf-8")

    assert {words[0] for words, _ in commands_in(text)} == set(COMMANDS)


def test_both_readmes_show_the_same_commands():
    shown = [
        sorted(set(commands_in((ROOT / name).read_text("utf-8"))))
        for name in ("README.md", "README.zh-CN.md")
    ]

    assert shown[0] == shown[1]


DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))


def test_decisions_are_numbered_one_after_the_other():
    numbers = [path.name.partition("-")[0] for path in DECISIONS]

    assert numbers == [f"{n:04d}" for n in range(1, len(DECISIONS) + 1)]


@pytest.mark.parametrize("path", named(DECISIONS))
def test_a_decision_says_when_and_how_it_stands(path):
    head = path.read_text("utf-8")[:600].lower()

    assert re.search(r"\d{4}-\d{2}-\d{2}", head)
    assert "accepted" in head or "superseded" in head or "proposed" in head
