"""What must be said first: of a test or simulation, signed by nobody, a trial of another configuration."""

from __future__ import annotations

from collections.abc import Sequence

from edge_agent.core.records import UseClass
from edge_agent.evidence.statement import Statement
from edge_agent.report.sealed import Sealed

Notice = tuple[str, str]  # Chinese, English

SIMULATED: Notice = (
    "测试、模拟或演示所得：不得用于执法。",
    "Of a test, a simulation or a demonstration: never to be used for enforcement.",
)
UNSIGNED: Notice = (
    "以下记录由回放重新得出，无人签名，不是证据。",
    "The records below were made anew by a replay; nobody signed them, and they are no evidence.",
)
WHAT_IF: Notice = (
    "试算：所用配置与录制时不同，以下不是现场得出的结论。",
    "A trial with another configuration than was recorded: this is not what the box concluded.",
)
REPLAYED: Notice = (
    "回放的配置可能已为试算而更改：不一定是现场得出的结论。",
    (
        "The replay's configuration may have been changed for a trial: this need not be what the box "
        "concluded."
    ),
)


def notice_of(
    sealed: Sequence[Sealed], *, simulated: bool = False, besides: Notice | None = None
) -> Notice | None:
    """What is said at the top of a page.

    Args:
        sealed: the statements that it shows.
        simulated: a recording says so of itself.
        besides: what more there is to say.
    """
    legal = [one.statement["legal"] for one in sealed if one.statement["legal"]]
    tested = simulated or any(said["use_class"] == UseClass.TEST for said in legal)
    unsigned = any(not one.statement["keyid"] for one in sealed)
    return _together(tested=tested, unsigned=unsigned, besides=besides)


def notice_of_statement(statement: Statement, *, signed: bool) -> Notice | None:
    """What is said before a statement is told in words.

    Args:
        statement: it.
        signed: its file was an envelope.
    """
    tested = statement.legal is not None and statement.legal.use_class is UseClass.TEST
    return _together(tested=tested, unsigned=not statement.keyid or not signed)


def _together(*, tested: bool, unsigned: bool, besides: Notice | None = None) -> Notice | None:
    told = [words for words, holds in ((SIMULATED, tested), (UNSIGNED, unsigned)) if holds]
    told += [besides] if besides else []
    if not told:
        return None
    return "".join(zh for zh, _ in told), " ".join(en for _, en in told)
