"""A technician's file that was spoilt: the box goes on with what it said when it last ran well."""

import errno
import os
import pty
import subprocess
import sys
import tty
from pathlib import Path

import pytest

from edge_agent.cli.main import main
from edge_agent.commanded import ChangeRefused, ConfigKeeper
from edge_agent.config import known_good
from edge_agent.errors import ConfigError, UsageError
from edge_agent.evidence import small_files
from edge_agent.evidence.commands import Refusal
from edge_agent.evidence.keys import FileKey
from tests.commanded_box import Box
from tests.test_compose import Running, a_site

TORN = "schema: 1\nsite:\n  id: s\n  tenant: city\n  legal: {use_class\nstreet: ["


@pytest.fixture
def box(tmp_path):
    return Box(tmp_path)


def run_well(box):
    """A start at which every part came up, its key made, and its end."""
    keeper, chosen = box.run()
    chosen.config.evidence.key_file.touch(mode=0o600)
    keeper.every_part_is_up()
    keeper.stopped(chosen)
    return chosen


def coverage_s(chosen):
    return chosen.config.street.coverage_s


def spoil(box):
    """A slip of the hand, while the coverage hour was being changed."""
    box.write(box.changed("street", "coverage_s", to="an hour"))


def test_a_first_start_with_a_spoilt_file_says_every_problem_and_runs_nothing(box):
    tree = box.changed("street", "coverage_s", to="an hour")
    tree["site"]["tennant"] = "city"
    box.write(tree)
    with pytest.raises(ConfigError) as refused:
        box.run()
    assert [problem.key for problem in refused.value.problems] == ["site.tennant", "street.coverage_s"]


def test_a_spoilt_file_is_not_run_and_what_it_said_before_is(box):
    before = run_well(box)
    spoil(box)
    for _ in range(2):  # and at every start again
        chosen = run_well(box)
        assert chosen.config == before.config
        assert chosen.origin == "the last known good file at the box"
        assert chosen.spoilt[0].key == "street.coverage_s"
        assert f"{box.site}:{chosen.spoilt[0].line}: street.coverage_s" in chosen.trouble

    box.write(box.changed("street", "coverage_s", to=600))
    mended = run_well(box)
    assert (coverage_s(mended), mended.trouble, mended.origin) == (600, "", "the file at the box")


def test_a_file_under_which_no_part_came_up_is_no_known_good(box):
    run_well(box)
    box.write(box.changed("street", "coverage_s", to=600))
    box.run()  # and it ended before all was up
    spoil(box)
    assert coverage_s(box.run()[1]) == 3600


@pytest.mark.parametrize("text", [TORN, "", "\0", "schema: 99\n"], ids=["torn", "empty", "nul", "newer"])
def test_a_file_that_says_nothing_does_not_leave_the_box_dark(box, text, monkeypatch):
    """It does not say where evidence is kept either: systemd does."""
    before = run_well(box)
    monkeypatch.setenv("STATE_DIRECTORY", str(box.folder / "box"))
    box.site.write_text(text)
    assert box.run()[1].config == before.config
    box.site.unlink()
    assert box.run()[1].config == before.config


@pytest.mark.parametrize(("key", "other"), [("id", "t"), ("tenant", "town"), ("device_id", "ea-test-0002")])
def test_a_box_that_was_moved_never_speaks_as_the_one_it_was(box, key, other, monkeypatch):
    run_well(box)
    tree = box.changed("site", key, to=other)
    tree["street"]["coverage_s"] = "an hour"
    box.write(tree)
    with pytest.raises(ConfigError, match=f"another box or place: site.{key} is '{other}'"):
        box.run()

    monkeypatch.setenv("STATE_DIRECTORY", str(box.folder / "box"))
    torn = {"id": "s", "tenant": "city", "device_id": "ea-test-0001"} | {key: other}
    box.site.write_text("site:\n" + "".join(f"  {k}: '{v}'  # new\n" for k, v in torn.items()) + "street: [")
    with pytest.raises(ConfigError, match=f"site.{key} is '{other}'"):
        box.run()
    written = ", ".join(f"{k}: {v}" for k, v in torn.items())
    box.site.write_text(f"site: {{{written}}}  # it was {{id: s, tenant: city}}\nstreet: [")
    with pytest.raises(ConfigError, match=f"site.{key} is '{other}'"):
        box.run()


def test_a_file_that_is_saved_while_the_box_starts_is_not_known_to_be_good(box, monkeypatch):
    """What ran is kept, not what came in its place in that moment."""
    box.write(box.changed("street", "coverage_s", to=600))
    load_text = known_good.load_text

    def saved_meanwhile(text, path):
        box.write(box.changed("street", "coverage_s", to=1800))
        return load_text(text, path)

    with monkeypatch.context() as technician:
        technician.setattr(known_good, "load_text", saved_meanwhile)
        assert coverage_s(run_well(box)) == 600
    spoil(box)
    assert coverage_s(box.run()[1]) == 600


def test_a_good_file_is_run_at_the_next_start_however_often_it_could_not_start(box):
    """What stands in does so for one start: why the file could not may have gone by itself."""
    run_well(box)
    box.write(box.changed("street", "coverage_s", to=600))
    for _ in range(3):
        keeper, chosen = box.run()
        assert coverage_s(chosen) == 600
        assert keeper.cannot_start(UsageError("the key of the box cannot be read"))
        stands_in = keeper.effective()
        assert (coverage_s(stands_in), bool(stands_in.trouble)) == (3600, True)
        keeper.every_part_is_up()
    assert (coverage_s(run_well(box)), box.run()[1].trouble) == (600, "")


def test_what_stood_in_is_not_forgotten_over_a_commanded_change_that_failed(box):
    run_well(box)
    box.update(box.changed("street", "coverage_s", to=1800))
    keeper, tried = box.run()
    keeper.every_part_is_up()  # of what was commanded: the file is no better known for it
    keeper.roll_back(tried, "no reason")
    spoil(box)
    chosen = box.run()[1]
    assert (coverage_s(chosen), chosen.origin) == (3600, "the last known good file at the box")


def test_what_stands_in_makes_no_new_key(box):
    """It may have been moved into a credential, in the edit that went wrong."""
    good = run_well(box)
    spoil(box)
    good.config.evidence.key_file.rename(box.folder / "moved.pem")
    with pytest.raises(ConfigError, match="its evidence key is gone"):
        box.run()


def test_what_is_kept_stands_in_for_its_own_file_only(box, tmp_path):
    run_well(box)
    other = tmp_path / "other.yaml"
    spoil(box)
    other.write_bytes(box.site.read_bytes())
    with pytest.raises(ConfigError, match="coverage_s"):
        ConfigKeeper(other).effective()


def test_a_known_good_that_this_program_no_longer_takes_is_not_forced_on_it(box, monkeypatch):
    """After an upgrade that finds fault with both: the installer goes back to the release before."""
    run_well(box)
    spoil(box)
    place = box.folder / "box" / "config" / "good.1.json"
    place.write_bytes(place.read_bytes().replace(b"min_score", b"least_score"))
    with pytest.raises(ConfigError, match=r"last known good cannot be used either: .*least_score"):
        box.run()


def test_after_a_way_back_the_older_release_has_what_it_ran_well_with_itself(box, monkeypatch):
    """The file was brought into a newer form meanwhile."""
    run_well(box)
    monkeypatch.setattr(known_good, "TODAY", 2)
    box.write(box.changed("street", "coverage_s", to=600))
    run_well(box)
    monkeypatch.undo()
    box.write(box.tree | {"schema": 2})
    assert coverage_s(box.run()[1]) == 3600


def test_secrets_are_read_where_they_are_and_never_written_down(box):
    run_well(box)
    spoil(box)
    place = box.folder / "box" / "config" / "good.1.json"
    assert b"s3cret" not in place.read_bytes()
    assert place.stat().st_mode & 0o777 == 0o600
    assert box.run()[1].config.site.legal.operator == "s3cret"

    (box.folder / "secret").write_text("another\n")
    assert box.run()[1].config.site.legal.operator == "another"


def test_what_was_commanded_goes_on_under_a_spoilt_file_and_ends_with_a_good_one(box):
    digest = box.update(box.changed("street", "coverage_s", to=1800))
    box.kept()
    run_well(box)
    spoil(box)
    chosen = run_well(box)
    assert (coverage_s(chosen), chosen.layers) == (1800, (digest,))
    assert chosen.trouble

    box.write(box.changed("street", "coverage_s", to=600))
    mended = run_well(box)
    assert coverage_s(mended) == 600
    assert "changed at the box" in mended.dropped


def test_a_trial_goes_on_under_a_spoilt_file_and_may_fail_there(box):
    run_well(box)
    box.update(box.changed("street", "coverage_s", to=1800))
    spoil(box)
    keeper, tried = box.run()
    assert (coverage_s(tried), bool(tried.trial)) == (1800, True)
    keeper.roll_back(tried, "no reason")
    after = run_well(box)
    assert (coverage_s(after), after.trial) == (3600, "")
    assert after.failed[1] == "no reason"


def test_no_command_is_tried_on_a_spoilt_file(box):
    run_well(box)
    spoil(box)
    with pytest.raises(ChangeRefused) as refused:
        box.update(box.changed("street", "coverage_s", to=1800))
    assert refused.value.reason is Refusal.CONFIG_DIFFERS


def test_a_file_of_which_no_daemon_comes_gives_way_to_the_one_before(box):
    run_well(box)
    box.write(box.changed("street", "coverage_s", to=600))
    keeper, chosen = box.run()
    assert coverage_s(chosen) == 600
    assert keeper.cannot_start(UsageError("the key of the box cannot be read"))
    back = keeper.effective()
    assert (coverage_s(back), back.trouble) == (
        3600,
        f"last known good runs, not the file: {box.site}: the key of the box cannot be read",
    )
    assert not keeper.cannot_start(UsageError("again"))  # nothing more stands in


def test_a_start_that_fails_with_the_known_good_itself_is_a_failed_start(box):
    run_well(box)
    keeper, _ = box.run()
    assert not keeper.cannot_start(UsageError("the key of the box cannot be read"))


def test_a_full_disk_keeps_the_known_good_that_was_there(box, monkeypatch):
    run_well(box)
    box.write(box.changed("street", "coverage_s", to=600))
    keeper, chosen = box.run()

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk:
        disk.setattr(known_good, "write_over", full)
        keeper.every_part_is_up()
    spoil(box)
    assert coverage_s(chosen) == 600
    assert coverage_s(box.run()[1]) == 3600


class Killed(BaseException):
    """Power was cut."""


@pytest.mark.parametrize("moment", ["os.open", "os.fsync", "Path.replace", "sync_directory"])
def test_power_cut_while_it_is_kept_leaves_the_old_one_or_the_new(box, moment, monkeypatch):
    run_well(box)
    box.write(box.changed("street", "coverage_s", to=600))
    keeper, _ = box.run()

    def cut(*_args, **_named):
        raise Killed

    with monkeypatch.context() as power:
        if moment == "Path.replace":
            power.setattr(Path, "replace", cut)
        elif moment == "sync_directory":
            power.setattr(small_files, "sync_directory", cut)
        else:
            power.setattr(small_files.os, moment.removeprefix("os."), cut)
        with pytest.raises(Killed):
            keeper.every_part_is_up()
    spoil(box)
    assert coverage_s(box.run()[1]) == (600 if moment == "sync_directory" else 3600)


@pytest.mark.parametrize("written", [b"", b"{", b'{"file": 1}'])
def test_a_known_good_that_was_torn_is_none(box, written):
    run_well(box)
    spoil(box)
    (box.folder / "box" / "config" / "good.1.json").write_bytes(written)
    with pytest.raises(ConfigError, match="coverage_s"):
        box.run()


def test_a_check_of_a_spoilt_file_says_what_runs_meanwhile(box, capsys):
    good = run_well(box)
    spoil(box)
    assert main(["config", "check", str(box.site)]) == 1
    assert f"when it last ran well: sha256 {good.config.sha256()}" in capsys.readouterr().out
    box.write(box.changed("site", "id", to="t") | {"clock": 1})
    assert main(["config", "check", str(box.site)]) == 1
    assert "of another box or place" in capsys.readouterr().out


@pytest.fixture
def bridge(tmp_path):
    """A site with a scale on a terminal line that nothing comes from."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    yield a_site(tmp_path, os.ttyname(theirs))
    os.close(ours)
    os.close(theirs)


def test_the_platform_hears_that_the_box_runs_its_last_known_good(bridge):
    keeper = ConfigKeeper(bridge)
    keeper.effective()
    keeper.every_part_is_up()
    FileKey.generate(bridge.parent / "evidence.pem")
    bridge.write_text(bridge.read_text("utf-8").replace("source: none", "source: sundial"), "utf-8")
    chosen = keeper.effective()
    box = Running(chosen.config, keeper=keeper, chosen=chosen).ready()
    state = box.agent.health.state("online")
    box.agent.stop()

    assert box.ended()
    [told] = [part for part in state.parts if part.part == "config"]
    line = bridge.read_text("utf-8").splitlines().index("  source: sundial") + 1
    assert (told.state, state.health, state.sealing) == ("fault", "fault", True)
    assert f"site.yaml:{line}: clock.source: 'sundial' is not possible here" in told.detail


def daemon(site):
    """A start from the command line that ends by itself; what it said."""
    command = [sys.executable, "-m", "edge_agent", "run", "--seconds", "1", "--config", str(site)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return ran.returncode, ran.stderr


def test_a_daemon_keeps_what_it_ran_well_with_and_says_when_it_stands_in(bridge):
    assert daemon(bridge)[0] == 0
    good = bridge.read_text("utf-8")
    bridge.write_text(good.replace("schema: 1", "schema: 99"), "utf-8")
    code, said = daemon(bridge)
    assert code == 0
    assert "not used, its last known good runs" in said
    assert "schema: form 99; this program knows up to 1" in said

    # Well written, and no daemon comes of it: systemd hands no such key over.
    bridge.write_text(good.replace("key_file: evidence.pem", "key_credential: other"), "utf-8")
    code, said = daemon(bridge)
    assert code == 0
    assert "not used, its last known good runs" in said


def test_a_first_start_with_a_spoilt_file_ends_with_2_and_every_problem(bridge, capsys):
    spoilt = bridge.read_text("utf-8").replace("source: none", "source: sundial\n  port: 1")
    bridge.write_text(spoilt, "utf-8")
    assert main(["run", "--config", str(bridge)]) == 2
    said = capsys.readouterr().err
    assert "clock.source: 'sundial'" in said
    assert "clock.port: unknown key" in said
