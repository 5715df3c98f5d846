"""docs/statement.md explains every field of the schema, and none that is not there."""

import json
import re
from pathlib import Path

from edge_agent.evidence.statement import STREET_ROLES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "statement.md").read_text("utf-8")
SCHEMA = json.loads((ROOT / "contract" / "schemas" / "statement.schema.json").read_text("utf-8"))
MODELS = [SCHEMA, *SCHEMA["$defs"].values(), SCHEMA["properties"]["ext"]["properties"]["journal"]]
FIELDS = {name for model in MODELS for name in model.get("properties", {})}
WORDS = {word for model in MODELS for word in model.get("enum", ())}
CONSTANTS = {
    str(field["const"])
    for model in MODELS
    for field in model.get("properties", {}).values()
    if "const" in field
} | {
    word
    for name in ("CommandResult", "Calibration", "Commissioning", "OperatorAction")
    for field in SCHEMA["$defs"][name]["properties"].values()
    for word in field.get("enum", ())
}


def inline_code():
    return set(re.findall(r"`([a-z][a-z0-9_]*)`", PAGE))


def test_every_field_is_explained():
    assert FIELDS - inline_code() - {"en", "zh", "type"} == set()


def test_nothing_is_explained_that_is_not_in_the_schema():
    examples = {"posted", "gvw_art3", "axle_group", "certificate_missing", "shop_overflow", "mobile_vendor"}
    examples |= {"calibration_not_verified"}
    known = FIELDS | WORDS | CONSTANTS | examples | {*STREET_ROLES, "clip", "snapshot", "command", "report"}
    assert inline_code() - known == set()


def test_every_kind_outcome_and_status_is_named():
    for name in ("Kind", "Outcome", "MatchStatus", "UseClass", "SpeedSource", "Phase", "Finding"):
        assert set(SCHEMA["$defs"][name]["enum"]) <= inline_code(), name
