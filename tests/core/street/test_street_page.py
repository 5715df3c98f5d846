"""The page about the street says what the code does."""

import re
from pathlib import Path

from edge_agent.core.street.rule import NEXT, RECORD
from edge_agent.core.street.settings import RuleSettings, TiersSettings

PAGE = (Path(__file__).parents[3] / "docs" / "street.md").read_text("utf-8")


def rows(*first):
    """Cells of the table whose header begins with these words."""
    table = PAGE.split("| " + " | ".join(first))[1].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_the_table_of_states_is_the_rule_s():
    told = {(state, mark): (after, record) for state, mark, after, record in rows("state", "what happened")}
    held = {
        (str(step), str(mark)): (str(after), str(RECORD.get((step, mark), "")))
        for step, ways in NEXT.items()
        for mark, after in ways.items()
    }

    assert told == held


def test_the_defaults_are_the_settings():
    pairs = re.findall(r"`(\w+)` \| (\d+)", PAGE.split("## The rule's figures")[1])

    assert len(pairs) > 10
    assert {name: int(value) for name, value in pairs} == {
        name: RuleSettings.model_fields[name].default for name, _ in pairs
    }


def test_the_tiers_are_the_settings():
    chosen = TiersSettings()

    for name, stay, recheck, period in rows("tier"):
        tier = getattr(chosen, name)
        assert f"× {tier.stay / 1000:g}" == stay
        assert f"× {tier.recheck / 1000:g}" == recheck
        assert f"{tier.period_ms / 1000:g} s" == period
