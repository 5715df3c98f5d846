"""`edge-agent report`: one file that shows a recording, a replay, a bundle, a statement; hostile ones too."""

import doctest
import json
import re
import shutil
from dataclasses import replace

import pytest

from edge_agent.cli.explain import as_text
from edge_agent.cli.main import main
from edge_agent.config import recorded
from edge_agent.core.events import ClockStatus, PlateSeen, Started
from edge_agent.core.site import Site
from edge_agent.evidence.bundle import export_bundle
from edge_agent.evidence.examples import KEY, a_case, a_store
from edge_agent.journal.writer import RecordingHeader, RecordingWriter
from edge_agent.replaying.what_if import changed
from edge_agent.report import saying
from edge_agent.report.saying import Section
from tests.report.self_contained import Page, assert_self_contained
from tests.report.street_day import a_config, the_case
from tests.report.two_lanes import the_road, the_site
from tests.road import ROOT


def recorded_by(path, site_config, header_config, *, road=None, **header):
    """The two lanes as a recording, with what the site decides of them."""
    site = Site(site_config.core())
    text = recorded.to_text(header_config)
    with path.open("wb") as stream:
        writer = RecordingWriter(stream, RecordingHeader("test", header_config.sha256(), text, **header))
        for event in the_road() if road is None else road:
            writer.event(event)
            for decision in site.step(event):
                writer.decision(decision)
        writer.close()
    return path


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """The road with what was decided live."""
    path = tmp_path_factory.mktemp("recording") / "road.mcap"
    return recorded_by(path, the_site(), the_site(), models=(("detector", "ab" * 32),), simulated=True)


@pytest.fixture(scope="module")
def replayed(recording):
    out = recording.parent / "replayed"
    assert main(["replay", str(recording), "--out", str(out), "--json"]) == 0
    return out


def reported(capsys, *args, status=0):
    capsys.readouterr()
    assert main(["report", *map(str, args), "--json"]) == status
    return json.loads(capsys.readouterr().out)


def a_page(capsys, tmp_path, *args, status=0):
    out = tmp_path / "page.html"
    reported(capsys, *args, "--out", out, "--force", status=status)
    page = Page(out.read_text("utf-8"))
    assert_self_contained(page)
    return page


def the_statement(replayed):
    [file] = (replayed / "statements").iterdir()
    return file, json.loads(file.read_text("utf-8"))


def test_a_recordings_page_tells_what_each_axle_weighed_and_who_competed(
    recording, replayed, tmp_path, capsys
):
    page = a_page(capsys, tmp_path, recording)
    _, statement = the_statement(replayed)
    measured = statement["measurement"]

    assert f"{measured['gross_g'] / 1e6:.2f} t" in page.words
    for axle in measured["axles"]:
        assert f"{axle['load_g'] / 1000:,.0f}" in page.words
        assert f"±{axle['interval95_g'] / 1e6:.2f}" in page.words
    for limit in measured["limits"]:
        assert f"{limit['deducted_g'] / 1000:,.1f}" in page.words
    assert "the record says" in page.words
    assert "which is NOT what the record says" not in page.words
    assert "the same, byte for byte" in page.words
    assert "过车 crossing 1 · 车道 lane 2" in page.words
    assert "all crossings and reads that competed" in page.words
    assert "marked as simulated" in page.words


def test_the_plate_of_who_only_drove_past_is_masked_unless_it_is_asked_for(recording, tmp_path, capsys):
    page = a_page(capsys, tmp_path, recording)
    assert "沪A12345" in page.words
    assert "粤B98711" not in page.text
    assert "粤B•••11" in page.words
    assert "粤B98711" in a_page(capsys, tmp_path, recording, "--plates").words


def test_a_text_that_is_no_plate_is_hidden_like_a_plate_it_may_be_a_misread_one(tmp_path, capsys):
    road = [
        replace(event, text="粤B9871", alternatives=()) if isinstance(event, PlateSeen) else event
        for event in the_road()
    ]
    path = recorded_by(tmp_path / "road.mcap", the_site(), the_site(), road=road)

    page = a_page(capsys, tmp_path, path)
    assert "a text that is no plate" in page.words
    assert "粤B9871" not in page.text
    assert "粤B9871" in a_page(capsys, tmp_path, path, "--plates").words


def test_a_part_of_a_recording_is_shown_and_what_lies_outside_is_not(recording, tmp_path, capsys):
    page = a_page(capsys, tmp_path, recording, "--to", "+2s")
    assert "没有超过限值的过车" in page.words
    assert main(["report", str(recording), "--lane", "7", "--out", str(tmp_path / "x.html")]) == 2
    assert "no such lane" in capsys.readouterr().err


def banners(page):
    return re.findall(r'<p class="banner">(.*?)</p>', page.text)


def test_a_trial_with_another_configuration_says_so_at_its_top_and_the_recorded_one_does_not(
    tmp_path, capsys
):
    path = recorded_by(tmp_path / "road.mcap", the_site(), the_site())
    same, other = tmp_path / "same.yaml", tmp_path / "other.yaml"
    same.write_text(recorded.to_text(the_site()), "utf-8")
    other.write_text(recorded.to_text(changed(the_site(), ["lanes.1.limits.posted.limit_kg=99000"])), "utf-8")
    said = "A trial with another configuration than was recorded: this is not what the box concluded."

    assert said in banners(a_page(capsys, tmp_path, path, "--config", other))[0]
    assert said not in a_page(capsys, tmp_path, path, "--config", same).words
    assert said not in a_page(capsys, tmp_path, path).words
    assert main(["replay", str(path), "--config", str(other), "--out", str(tmp_path / "tried")]) == 0
    tried = a_page(capsys, tmp_path, tmp_path / "tried")
    assert said in banners(tried)[0]
    (tmp_path / "tried" / "replay.json").unlink()  # as an older program left it
    assert "may have been changed for a trial" in banners(a_page(capsys, tmp_path, tmp_path / "tried"))[0]
    assert said in banners(a_page(capsys, tmp_path, tmp_path / "tried", "--journal", path))[0]


def test_a_replays_folder_has_a_page_that_says_what_it_cannot_show(replayed, recording, tmp_path, capsys):
    page = a_page(capsys, tmp_path, replayed)
    assert "no raw bytes of the instrument are at hand" in page.words
    assert "only the candidates that the statement carries" in page.words

    whole = a_page(capsys, tmp_path, replayed, "--journal", recording)
    assert "weighed once more from the raw bytes" in whole.words


def test_a_statement_alone_is_told_in_words_and_with_its_journal_its_rivals_are_shown(
    replayed, recording, tmp_path, capsys
):
    file, statement = the_statement(replayed)
    alone = a_page(capsys, tmp_path, file)
    with_journal = a_page(capsys, tmp_path, file, "--journal", recording)

    assert "no raw bytes of the instrument are at hand" in alone.words
    assert "过车 crossing 1 · 车道 lane 2" not in alone.words
    assert "过车 crossing 1 · 车道 lane 2" in with_journal.words
    assert "weighed once more from the raw bytes" in with_journal.words
    for page in (alone, with_journal):
        assert "What it does not say" in page.words
        assert statement["packet_id"] in page.words
        assert "过车记录" not in page.words  # one case, no overview


def test_a_journal_of_another_run_is_refused(replayed, recording, tmp_path, capsys):
    _, statement = the_statement(replayed)
    statement["chain"]["boot_id"] = "another"
    other = tmp_path / "other.json"
    other.write_text(json.dumps(statement), encoding="utf-8")
    out = tmp_path / "x.html"

    assert main(["report", str(other), "--journal", str(recording), "--out", str(out)]) == 2
    assert "no recording of the run 'another'" in capsys.readouterr().err
    assert not out.exists()


@pytest.fixture
def bundle(tmp_path):
    with a_store(tmp_path / "store") as store:
        seqs = [store.seal(seal, blobs).seq for seal, blobs in [*the_case(), a_case()]]
        return export_bundle(store, tmp_path / "bundle", seqs, [KEY.public])


def test_a_streets_statement_brings_its_whole_case_its_pictures_and_its_checks(bundle, tmp_path, capsys):
    site = tmp_path / "site.yaml"
    site.write_text(recorded.to_text(a_config()), encoding="utf-8")
    first = min((bundle / "statements").iterdir())
    page = a_page(capsys, tmp_path, first, "--config", site)

    assert len(page.pictures) == 6  # before, during, after, re-check
    assert page.tags.count("polygon") >= 6  # the zone over each
    assert "已整改 corrected" in page.words
    assert "✓ 已核验 verified" in page.words
    assert "沪A12345" not in page.words  # another case of the same bundle


def test_pictures_beyond_the_room_are_named_and_not_embedded(bundle, tmp_path, capsys):
    page = a_page(capsys, tmp_path, bundle, "--pictures-mb", "0")
    assert not page.pictures
    assert "too many pictures" in page.words
    assert len(page.text) < 200_000


def test_a_bundle_that_was_tampered_with_is_shown_as_bad_and_fails(bundle, tmp_path, capsys):
    shown = next(p for p in the_case()[0][0].pictures if p.role == "confirmed")
    picture = bundle / "attachments" / f"{shown.sha256}.jpg"
    picture.write_bytes(picture.read_bytes() + b"!")
    page = a_page(capsys, tmp_path, bundle, status=1)

    assert "changed since SHA256SUMS" in page.words
    assert "its digest differs: not shown" in page.words


def with_another_limit():
    """The site, as it did not decide live."""
    return changed(the_site(), ["lanes.1.limits.posted=null"])


def test_a_recording_whose_live_decisions_were_others_fails_and_says_where(tmp_path, capsys):
    path = recorded_by(tmp_path / "road.mcap", the_site(), with_another_limit())
    assert "differ from decision" in a_page(capsys, tmp_path, path, status=1).words


def test_a_recording_that_lacks_what_was_seen_live_is_not_called_wrong_for_it(tmp_path, capsys):
    path = recorded_by(tmp_path / "road.mcap", the_site(), with_another_limit(), first_event=5)
    page = a_page(capsys, tmp_path, path)

    assert "the recording lacks what was seen live" in page.words
    assert "differ from decision" not in page.words


def test_with_another_configuration_live_decisions_are_no_measure(recording, tmp_path, capsys):
    other = tmp_path / "site.yaml"
    other.write_text(recorded.to_text(with_another_limit()), "utf-8")
    page = a_page(capsys, tmp_path, recording, "--config", other)

    assert "not compared: of another configuration" in page.words
    assert "differ from decision" not in page.words


def test_of_two_boots_each_crossing_has_its_own_time_of_day(tmp_path, capsys):
    """After a reboot the box's clock shows the same times again, a day later."""
    day = 86_400 * 10**9
    runs = []
    for number, boot in enumerate(("first", "second")):
        for event in the_road(seed=number + 1):
            if isinstance(event, Started):
                event = replace(event, boot_id=boot)
            elif isinstance(event, ClockStatus):
                event = replace(event, utc_minus_mono=event.utc_minus_mono + number * day)
            runs.append(event)
    with (tmp_path / "two.mcap").open("wb") as stream:
        writer = RecordingWriter(stream, RecordingHeader("test", "", recorded.to_text(the_site())))
        for event in runs:
            writer.event(event)
        writer.close()
    page = a_page(capsys, tmp_path, tmp_path / "two.mcap")

    times = re.findall(r">(05-1[23] 16:00:0\d\.\d)<", page.text)
    assert [time[:5] for time in times] == ["05-12", "05-12", "05-13", "05-13"]
    assert page.words.count("本车 this vehicle") >= 2  # both are cases, each with its own match


def test_a_torn_recording_is_shown_as_far_as_it_goes(recording, tmp_path, capsys):
    torn = tmp_path / "torn.mcap"
    torn.write_bytes(recording.read_bytes()[:-20_000])
    assert "ends inside a record" in a_page(capsys, tmp_path, torn).words


def test_a_page_that_is_there_is_not_written_over(recording, tmp_path, capsys):
    out = tmp_path / "mine.html"
    out.write_text("mine", encoding="utf-8")
    assert main(["report", str(recording), "--out", str(out)]) == 2
    assert "--force" in capsys.readouterr().err
    assert out.read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"schema":"evidence.v1"}', b"{" * 90_000]
)
@pytest.mark.parametrize("command", ["report", "explain"])
def test_what_is_no_statement_is_refused_in_a_line(command, content, tmp_path, capsys):
    file = tmp_path / "x.json"
    file.write_bytes(content)
    out = ["--out", str(tmp_path / "x.html")] if command == "report" else []
    assert main([command, str(file), *out]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "x.json" in said


@pytest.mark.parametrize("command", ["report", "explain"])
def test_a_receipt_is_no_statement_and_a_place_without_any_is_a_mistake(command, tmp_path, capsys):
    out = ["--out", str(tmp_path / "x.html")] if command == "report" else []
    receipt = ROOT / "contract" / "vectors" / "good" / "receipt.dsse.json"
    assert main([command, str(receipt), *out]) == 1
    assert "not a statement but" in capsys.readouterr().err
    assert main([command, str(tmp_path / "nothing"), *out]) == 2
    (tmp_path / "empty").mkdir()
    capsys.readouterr()
    assert main([command, str(tmp_path / "empty"), *out]) == 2
    assert "*.json" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "what"), [("rec.mcap", "a recording"), ("decisions.jsonl", "decisions")])
def test_explain_of_what_a_statement_is_made_of_says_how_to_come_by_one(name, what, tmp_path, capsys):
    file = tmp_path / name
    file.write_bytes(b"x" * 200_000)

    assert main(["explain", str(file)]) == 2
    said = capsys.readouterr().err
    assert f"{what}, no statement" in said
    assert "edge-agent replay REC --out DIR" in said


def test_a_file_too_long_for_a_statement_is_said_to_be_none(tmp_path, capsys):
    file = tmp_path / "page.html"
    file.write_bytes(b" " * 200_000)

    assert main(["explain", str(file)]) == 1
    assert "page.html: no statement: longer than" in capsys.readouterr().err


def test_explain_of_a_replay_that_led_to_no_statement_says_so(tmp_path, capsys):
    (tmp_path / "replay.json").write_text("{}", "utf-8")

    assert main(["explain", str(tmp_path)]) == 2
    assert "a replay that led to no statement" in capsys.readouterr().err


def test_explain_tells_one_language_and_json_holds_the_same(replayed, capsys):
    file, statement = the_statement(replayed)
    assert main(["explain", str(file), "--lang", "en"]) == 0
    english = capsys.readouterr().out
    assert main(["explain", str(file), "--lang", "zh"]) == 0
    chinese = capsys.readouterr().out
    assert main(["explain", str(file), "--lang", "en", "--json"]) == 0
    [told] = json.loads(capsys.readouterr().out)["statements"]

    assert "nobody signed them, and they are no evidence" in " ".join(english.splitlines()[2:5])
    assert told["notice"].endswith("nobody signed them, and they are no evidence.")
    assert "What it does not say" in english
    assert "它没有说的" in chinese
    assert told["packet_id"] == statement["packet_id"]
    flat = "".join(english.split())
    for section in told["sections"]:
        for sentence in section["sentences"]:
            assert "".join(sentence.split()) in flat


def test_what_a_stranger_wrote_moves_no_cursor_and_makes_no_line_of_its_own():
    forged = "\x1b[2Jremark\n  签名已核验\u202e"
    said = as_text([Section("h", (forged,), ((f"part{forged}", forged),))], 100)

    assert said.splitlines() == [
        "h",
        "  \\x1b[2Jremark   签名已核验\\u202e",
        "    part\\x1b[2Jremark\\n  签名已核验\\u202e  \\x1b[2Jremark   签名已核验\\u202e",
    ]
    assert doctest.testmod(saying).failed == 0


def test_explain_with_the_journal_tells_who_else_competed(replayed, recording, capsys):
    file, _ = the_statement(replayed)
    assert main(["explain", str(file), "--lang", "en", "--journal", str(recording)]) == 0
    flat = " ".join(capsys.readouterr().out.split())
    assert "1 other crossing(s) competed with it" in flat


def test_explain_takes_a_bundle_and_tells_all_of_it(bundle, capsys):
    assert main(["explain", str(bundle), "--lang", "en"]) == 0
    out = capsys.readouterr().out
    assert out.count("What it does not say") == 4
    shutil.rmtree(bundle)
