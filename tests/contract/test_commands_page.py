"""docs/commands.md: its openssl block makes a command that a box accepts, and it names what there is."""

import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from edge_agent.commanded import PROTECTED, SLOTS
from edge_agent.core.events import ClockSource, ClockStatus
from edge_agent.evidence.command_desk import REFUSALS_AN_HOUR, CommandDesk
from edge_agent.evidence.command_log import KEPT
from edge_agent.evidence.commands import ROLE_OF, Issuer, Issuers, Refusal, Role
from edge_agent.evidence.examples import a_store
from edge_agent.evidence.keys import FileKey
from edge_agent.orders import MESSAGES

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text("utf-8")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_command_signed_by_hand_is_accepted(tmp_path):
    key = FileKey.generate(tmp_path / "command.key.pem")
    [block] = re.findall(r"<!-- the test suite runs this block -->\n```sh\n(.*?)```", PAGE, re.DOTALL)
    ran = subprocess.run(["bash", "-c", block], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr

    at = time.monotonic_ns()
    clock = ClockStatus(at, time.time_ns() - at, ClockSource.NTP, True, 0, 0)
    with a_store(tmp_path / "box") as store:
        desk = CommandDesk(
            store,
            Issuers([Issuer("city-platform", (key.public,), frozenset(Role))]),
            tenant="city",
            device_id="ea-test-0001",
            config_sha256="",
            clock=lambda: clock,
        )
        accepted = desk.take((tmp_path / "command.dsse.json").read_bytes())
    assert accepted.command.action.shop == "door-1"


def test_every_action_role_reason_and_protected_place_is_named():
    for action, role in ROLE_OF.items():
        assert f"| `{action.model_fields['name'].default}` | `{role.value}` |" in PAGE
    assert [reason for reason in Refusal if f"`{reason.value}`" not in PAGE] == []
    assert [slot for slot in SLOTS if f"`{slot}`" not in PAGE] == []
    for path in PROTECTED:
        assert f"`{'.'.join(path)}`" in PAGE or f"`{path[-1]}`" in PAGE, path


def test_the_bounds_are_the_code_s():
    assert f"more than {REFUSALS_AN_HOUR} refusals an hour" in PAGE
    assert f"{MESSAGES} messages wait" in PAGE
    assert f"the last {KEPT:,} commands" in PAGE
