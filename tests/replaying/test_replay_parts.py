"""A part of a recording, by time or lane: the core sees everything, what was decided live agrees."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.cli.main import main
from edge_agent.cli.replay import main as command
from edge_agent.core.decisions import CrossingSeen, Seal
from edge_agent.core.site import Site
from edge_agent.core.units import S
from edge_agent.errors import UsageError
from edge_agent.journal.codec import parse_decision_line
from edge_agent.journal.moments import moment
from edge_agent.journal.opening import open_all
from edge_agent.replaying.extent import extent
from edge_agent.replaying.only import part_of
from edge_agent.replaying.replay import Hooks, replay
from edge_agent.replaying.what_if import changed
from edge_agent.replaying.window import bounds_of
from tests.replaying.recorded import a_run, a_site, a_street, a_writer, recording


def run(folder, capsys, *options, rec="rec.mcap", out="out"):
    status = main(["replay", str(folder / rec), "--out", str(folder / out), "--json", *options])
    printed = capsys.readouterr()
    return status, json.loads(printed.out) if status < 2 else printed.err


def decided(folder, out="out"):
    lines = (folder / out / "decisions.jsonl").read_text("utf-8").splitlines()
    return [parse_decision_line(line) for line in lines]


@pytest.fixture
def one_run(tmp_path):
    recording(tmp_path / "rec.mcap", a_run(), a_site(tmp_path))
    return tmp_path


# -- times ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("+90s", 90 * S),
        ("+1h30m", 5_400 * S),
        ("+1d", 86_400 * S),
        ("+0.25s", S // 4),
        ("+2m0.5s", 120 * S + S // 2),
        ("2026-06-15T12:00:00+08:00", 1_781_496_000 * S),
        ("2026-06-15T04:00:00.5Z", 1_781_496_000 * S + S // 2),
    ],
)
def test_a_time_is_said_as_people_say_it(text, at):
    assert moment(text).at == at


@pytest.mark.parametrize(
    "text", ["", "+", "+5", "90", "1.5", "12:00", "2026-06-15T12:00:00", "+1s1h", "-5s", "+1.5h"]
)
def test_what_is_no_time_is_refused_with_an_example(text):
    with pytest.raises(UsageError, match=r"write .*\+08:00"):
        moment(text)


@given(st.text(max_size=30) | st.from_regex(r"\+?[0-9dhms.:TZ+-]{0,25}", fullmatch=True))
def test_whatever_is_typed_is_a_time_or_a_usage_error(text):
    try:
        found = moment(text)
    except UsageError:
        return
    assert isinstance(found.at, int)


# -- windows -------------------------------------------------------------------------------------------


def test_a_window_tells_what_was_decided_in_it_and_agrees_with_what_was_decided_live(one_run, capsys):
    status, said = run(one_run, capsys, "--from", "+40s", "--to", "+75s")

    assert (status, said["compared_with_live"], said["identical"]) == (0, True, True)
    seen = [d.crossing.number for d in decided(one_run) if isinstance(d, CrossingSeen)]
    assert seen == [2, 2]  # the third and fourth vehicle, the second of each lane
    assert said["events"] == 6  # the core was given what was before


def test_a_window_is_a_slice_of_the_whole_replay(one_run, capsys):
    run(one_run, capsys)
    run(one_run, capsys, "--to", "+55s", out="first")
    run(one_run, capsys, "--from", "+55s", out="rest")

    assert decided(one_run, "first") + decided(one_run, "rest") == decided(one_run)
    assert decided(one_run, "first")
    assert decided(one_run, "rest")


def test_the_time_of_day_and_the_time_since_the_start_mean_the_same(one_run, capsys):
    run(one_run, capsys, "--from", "+40s", "--to", "+75s", out="since")
    run(
        one_run,
        capsys,
        "--from",
        "2026-06-15T12:00:40+08:00",
        "--to",
        "2026-06-15T04:01:15Z",
        out="of_day",
    )

    assert decided(one_run, "of_day") == decided(one_run, "since")
    assert decided(one_run, "of_day")


def test_time_goes_on_over_a_restart_whose_clock_begins_anew(tmp_path, capsys):
    folder = tmp_path / "journal"
    folder.mkdir()
    for number in range(2):
        recording(folder / f"{number}.mcap", a_run(number, starts=(5 - number) * S), a_site(tmp_path))

    status, said = run(tmp_path, capsys, "--from", "+10m", "--to", "+10m35s", rec="journal")

    assert (status, said["identical"]) == (0, True)
    assert [d.crossing.lane for d in decided(tmp_path) if isinstance(d, CrossingSeen)] == ["1", "2"]
    recordings = open_all(folder)
    first, second = bounds_of(recordings, moment("+10m"), None)
    assert (first.start, second.start) == (605 * S, 4 * S)


def test_without_a_clock_a_restart_has_no_place_in_time(tmp_path, capsys):
    folder = tmp_path / "journal"
    folder.mkdir()
    for number in range(2):
        recording(folder / f"{number}.mcap", a_run(number, clock=False), a_site(tmp_path))

    status, said = run(tmp_path, capsys, "--from", "+10m", rec="journal")
    alone, _ = run(tmp_path, capsys, "--to", "+40s", rec="journal/1.mcap")
    of_day, why = run(tmp_path, capsys, "--to", "2026-06-15T04:01:15Z", rec="journal/1.mcap", out="b")

    assert (status, alone, of_day) == (2, 0, 2)
    assert "give one recording alone" in said
    assert "since its start" in why


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--from", "+50s", "--to", "+50s"], "is not before"),
        (["--from", "+2h"], "nothing of the recording lies there; it is 160 s long"),
        (["--from", "noon"], "is no time"),
        (["--cold"], "begins at --from"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(one_run, capsys, options, said):
    status, why = run(one_run, capsys, *options)

    assert status == 2
    assert said in why


def test_a_cold_replay_begins_by_the_index_and_decides_as_one_that_reads_everything(one_run, capsys):
    (one_run / "torn.mcap").write_bytes((one_run / "rec.mcap").read_bytes()[:-40])  # its index is lost
    part = ("--from", "+40s", "--to", "+75s", "--cold")

    _, by_index = run(one_run, capsys, *part)
    _, whole = run(one_run, capsys, *part, rec="torn.mcap", out="whole")

    assert by_index["events"] == whole["events"] > 0
    assert decided(one_run) == decided(one_run, "whole")
    assert sorted(path.read_bytes() for path in (one_run / "out" / "statements").iterdir()) == sorted(
        path.read_bytes() for path in (one_run / "whole" / "statements").iterdir()
    )


@pytest.mark.parametrize("since_s", [0, 1, 40, 71, 5_000])
def test_events_from_a_time_on_are_read_from_their_chunk_on_with_their_own_numbers(one_run, since_s):
    (recording,) = open_all(one_run / "rec.mcap")
    every = [(number, event) for number, event in recording.numbered() if event.at >= since_s * S]

    found = list(recording.numbered(since=since_s * S))

    assert found[len(found) - len(every) :] == every
    assert recording.gaps == []
    assert len(found) <= len(every) + 1  # each event of these recordings is a chunk of its own


def test_of_a_journal_the_recordings_before_the_window_are_not_read(tmp_path, capsys):
    folder = tmp_path / "journal"
    folder.mkdir()
    for number in range(2):
        recording(folder / f"run-{number}.mcap", a_run(number), a_site(tmp_path))
    first, second = open_all(folder)
    begins = next(second.events()).at

    assert len(list(first.numbered(since=begins + 3_600 * S))) == 1  # how it ends
    status, said = run(tmp_path, capsys, "--from", "+620s", "--cold", rec="journal")
    assert (status, said["incomplete"]) == (0, [])
    assert said["crossings"] > 0


def statements(folder, out="out"):
    files = sorted((folder / out / "statements").iterdir())
    return [json.loads(path.read_text("utf-8")) for path in files]


def test_a_what_if_says_on_every_statement_and_in_its_folder_what_was_changed(one_run, capsys):
    limit = "lanes.1.limits.posted.limit_kg"
    run(one_run, capsys)
    _, said = run(one_run, capsys, "--set", f"{limit}=8000", out="if")

    note = json.loads((one_run / "if" / "replay.json").read_text("utf-8"))
    marks = {json.dumps(one["ext"].get("replay")) for one in statements(one_run, "if")}
    assert marks == {f'{{"evidence": "no", "what_if": ["{limit}: 20000 -> 8000"], "cold": false}}'}
    assert (said["what_if"], note["what_if"]) == (True, [{"key": limit, "old": 20000, "new": 8000}])
    assert not any("replay" in one["ext"] for one in statements(one_run))  # as decided live, to the byte
    assert json.loads((one_run / "out" / "replay.json").read_text("utf-8"))["what_if"] == []


def test_a_what_if_is_called_so_on_its_page_and_for_a_person(one_run, capsys):
    main(["replay", str(one_run / "rec.mcap"), "--out", str(one_run / "if"), "--set", "site.id=other"])
    printed = capsys.readouterr().out
    page = one_run / "if.html"
    assert main(["report", str(one_run / "if"), "--out", str(page)]) == 0

    assert "what-if: none of it happened and none is evidence" in printed
    assert "A trial with another configuration than was recorded" in page.read_text("utf-8")
    assert "site.id: bridge-test -&gt; other" in page.read_text("utf-8")


def test_a_cold_replay_says_so_on_every_statement(one_run, capsys):
    run(one_run, capsys, "--from", "+40s", "--to", "+75s", "--cold")

    assert all(one["ext"]["replay"]["cold"] for one in statements(one_run))


def test_a_replay_that_is_killed_leaves_a_folder_that_says_it_is_a_part(one_run, monkeypatch):
    def killed(*_args, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr("edge_agent.replaying.again.runner.run", killed)
    with pytest.raises(KeyboardInterrupt):
        command(recording=one_run / "rec.mcap", out=one_run / "out")

    assert json.loads((one_run / "out" / "replay.json").read_text("utf-8"))["interrupted"]


def test_where_nothing_lies_a_cold_replay_says_how_long_the_recording_is(one_run, capsys):
    status, said = run(one_run, capsys, "--from", "+1h", "--cold")

    assert status == 2
    assert "it is 160 s long" in said


def test_a_window_with_nothing_in_it_leaves_the_folder_free_for_the_right_one(one_run, capsys):
    assert run(one_run, capsys, "--from", "+1h")[0] == 2
    assert run(one_run, capsys, "--from", "+40s")[0] == 0


def test_a_cold_core_sees_the_window_alone_and_is_not_called_identical(one_run, capsys):
    status, said = run(one_run, capsys, "--from", "+40s", "--to", "+75s", "--cold")

    assert (status, said["events"], said["compared_with_live"]) == (0, 2, False)
    assert [d.crossing.number for d in decided(one_run) if isinstance(d, CrossingSeen)] == [1, 1]


# -- lanes ---------------------------------------------------------------------------------------------


def test_a_lane_is_told_alone_while_the_core_sees_both(one_run, capsys):
    run(one_run, capsys, out="whole")
    status, said = run(one_run, capsys, "--lane", "2")

    assert (status, said["identical"]) == (0, True)
    assert decided(one_run) == [d for d in decided(one_run, "whole") if part_of(d) == "lane/2"]
    assert said["crossings"] == 3
    assert len(list((one_run / "out" / "statements").iterdir())) == said["statements"] == 1


def test_a_lane_that_there_is_not_is_named_with_those_there_are(one_run, capsys):
    status, why = run(one_run, capsys, "--lane", "3")

    assert status == 2
    assert "--lane 3: no such lane; there are 1, 2" in why
    assert "the site has no zones" in run(one_run, capsys, "--zone", "front")[1]


def test_a_zone_is_told_alone_from_the_goods_to_their_end(tmp_path, capsys):
    a_street(tmp_path / "rec.mcap")

    status, said = run(tmp_path, capsys, "--zone", "front")
    _, nothing = run(tmp_path, capsys, "--zone", "back", out="back")
    _, whole = run(tmp_path, capsys, out="whole")

    assert (status, said["identical"], said["street"]) == (0, True, {"cleared": 1, "confirmed": 1})
    assert (nothing["identical"], nothing["street"], nothing["statements"]) == (True, {}, 0)
    assert {part_of(d) for d in decided(tmp_path)} == {"zone/front"}
    assert whole["decisions"] > said["decisions"]


def test_a_recording_whose_digests_are_none_has_its_statements_refused(tmp_path, capsys):
    a_street(tmp_path / "rec.mcap", changed=lambda event: event)

    status, said = run(tmp_path, capsys, "--zone", "front")

    assert (status, said["identical"], said["refused"], said["statements"]) == (0, True, 2, 0)


def test_what_differs_on_the_other_lane_is_not_this_lanes_difference(tmp_path, capsys):
    def without_seals_of_lane_1(decided):
        return [d for d in decided if not (isinstance(d, Seal) and d.crossing.lane == "1")]

    recording(tmp_path / "rec.mcap", a_run(), a_site(tmp_path), live=without_seals_of_lane_1)

    assert run(tmp_path, capsys, "--lane", "2")[0] == 0
    assert run(tmp_path, capsys, "--lane", "1", out="b")[0] == 1


# -- beside what was decided live ------------------------------------------------------------------------


def test_a_run_that_was_killed_in_the_middle_of_a_journal_is_no_difference(tmp_path, capsys):
    """Its last event's decisions were never written down; the next run's were."""
    folder = tmp_path / "journal"
    folder.mkdir()
    site = a_site(tmp_path)
    events = list(a_run(0))[:5]
    last = len(events) - 1
    steps = iter(range(len(events)))
    killed = recording(
        folder / "0.mcap",
        events,
        site,
        live=lambda decided: () if next(steps) == last else decided,
        torn=True,
    )
    recording(folder / "1.mcap", a_run(1), site)

    status, said = run(tmp_path, capsys, rec="journal")

    assert (status, said["identical"], len(said["torn"])) == (0, True, 1)
    assert str(killed) in said["torn"][0]


def test_a_restart_with_another_configuration_is_replayed_as_it_was(tmp_path, capsys):
    folder = _made(tmp_path / "journal")
    before = a_site(tmp_path)
    after = changed(before, ["lanes.1.limits.posted.limit_kg=8000"])
    recording(folder / "0.mcap", a_run(0), before)
    recording(folder / "1.mcap", a_run(1), after)

    status, said = run(tmp_path, capsys, rec="journal")
    _, with_one = run(
        tmp_path, capsys, "--set", "lanes.1.limits.posted.limit_kg=8000", rec="journal", out="b"
    )

    assert (status, said["identical"], said["configurations"]) == (0, True, 2)
    assert (said["over_a_limit"], with_one["over_a_limit"]) == (2 + 4, 4 + 4)
    assert [change["old"] for change in with_one["changes"]] == [20_000]
    of_runs = [
        json.loads(path.read_bytes())["software"]
        for path in sorted((tmp_path / "out" / "statements").iterdir())
    ]
    assert {one["config_sha256"] for one in of_runs[:2]} == {before.sha256()}
    assert {one["config_sha256"] for one in of_runs[2:]} == {after.sha256()}


def test_decisions_in_the_segment_after_their_event_are_its_own(tmp_path):
    """The recorder may close a segment between an event and what was decided of it."""
    folder, config = _made(tmp_path / "journal"), a_site(tmp_path)
    site, events = Site(config.core()), list(a_run())
    with (folder / "0.mcap").open("wb") as first, (folder / "1.mcap").open("wb") as second:
        writers = [a_writer(first, config), a_writer(second, config)]
        for n, event in enumerate(events):
            writers[n > 4].event(event)
            for decision in site.step(event):
                writers[n >= 4].decision(decision)
        for writer in writers:
            writer.close()

    done = replay(open_all(folder), config, _made(tmp_path / "out"))

    assert next(type(d).__name__ for d in open_all(folder / "1.mcap")[0].decisions()) == "CrossingSeen"
    assert (done.compared, done.difference) == (True, None)


def _made(folder):
    folder.mkdir()
    return folder


def test_a_recording_that_says_nothing_of_decisions_is_compared_with_none(tmp_path, capsys):
    recording(tmp_path / "rec.mcap", a_run(), a_site(tmp_path), live=lambda _decided: ())

    status, said = run(tmp_path, capsys)

    assert (status, said["compared_with_live"], said["identical"]) == (0, False, None)


# -- what is left of a replay that was told to end ---------------------------------------------------------


def test_a_replay_that_is_told_to_end_leaves_what_was_done(one_run):
    recordings = open_all(one_run / "rec.mcap")
    given = []

    done = replay(
        recordings,
        a_site(one_run),
        _made(one_run / "out"),
        given.append,
        hooks=Hooks(stop=lambda: len(given) >= 5),
    )

    assert (done.interrupted, done.events, done.difference) == (True, 5, None)
    assert done.decided == len(decided(one_run)) > 0


# -- how much there is -------------------------------------------------------------------------------------


def test_the_index_says_how_much_there_is_and_a_torn_file_is_taken_like_the_others(tmp_path):
    site = a_site(tmp_path)
    folder = _made(tmp_path / "journal")
    recording(folder / "0.mcap", a_run(), site)
    whole = open_all(folder)
    everything = bounds_of(whole, None, None)

    assert extent(whole, everything) == 160 * S
    assert extent(whole, bounds_of(whole, None, moment("+1m"))) == 60 * S

    recording(folder / "1.mcap", a_run(), site, torn=True)
    both = open_all(folder)
    assert 200 * S < extent(both, bounds_of(both, None, None)) < 360 * S
    assert extent(both[1:], everything) is None
