"""`edge-agent view`, as an engineer calls it."""

from __future__ import annotations

import importlib.util
import json
import re
import signal
import webbrowser

import httpx
import pytest

from edge_agent.cli.main import main
from edge_agent.errors import DeviceError
from edge_agent.journal.writer import RecordingHeader, RecordingWriter
from edge_agent.viewing import opening, web_viewer
from edge_agent.viewing.opening import NOBODY, QUIET, has_display, window_command
from edge_agent.viewing.web_viewer import WebViewer
from tests.inbox.browser import CHROMIUM
from tests.viewing.recordings import make

for extra in ("rerun", "foxglove"):
    pytest.importorskip(extra, reason="an extra: pip install edge-agent[view]")


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """A bridge and a street, without video."""
    return make(tmp_path_factory.mktemp("view") / "rec.mcap", moving=[]).path


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return make(tmp_path_factory.mktemp("view") / "film.mcap").path


@pytest.fixture
def run(monkeypatch, capsys):
    """`run(*arguments)`: exit status and what was printed, in English; there is no display."""
    monkeypatch.setattr(opening, "has_display", lambda: False)
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")

    def ran(*arguments):
        status = main(["view", *map(str, arguments)])
        return status, capsys.readouterr()

    return ran


def test_without_a_display_the_file_lies_beside_the_recording_and_it_is_said_how_to_open_it(run, recording):
    status, said = run(recording)

    assert status == 0
    assert recording.with_suffix(".rrd").is_file()
    assert "no display here. On a machine with one: rerun " in said.out
    assert run(recording)[0] == 0  # what is made of a recording is made anew


def test_for_foxglove_there_are_a_file_and_its_layout_and_nothing_for_rerun(run, recording, tmp_path):
    status, said = run(recording, "--foxglove", tmp_path / "out.mcap")

    assert status == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.layout.json", "out.mcap"]
    assert "configById" in (tmp_path / "out.layout.json").read_text("utf-8")
    assert "out.layout.json: its layout" in said.out


def test_one_json_object_says_what_was_written_and_nothing_opens(run, recording, tmp_path):
    out, layout, fox = (tmp_path / name for name in ("a.rrd", "a.rbl", "b.mcap"))
    status, said = run(recording, "--rerun", out, "--blueprint", layout, "--foxglove", fox, "--json")
    written = json.loads(said.out)["written"]

    assert status == 0
    assert [(one["viewer"], one["file"]) for one in written] == [("foxglove", str(fox)), ("rerun", str(out))]
    assert {(one["things"], one["samples"], one["utc"]) for one in written} == {
        (written[0]["things"], written[0]["samples"], True)
    }
    assert all(path.stat().st_size == one["bytes"] for path, one in zip((fox, out), written, strict=True))


def test_where_there_is_a_display_a_window_opens(run, recording, monkeypatch):
    opened = []
    monkeypatch.setattr(opening, "has_display", lambda: True)
    monkeypatch.setattr(opening, "has_ffmpeg", lambda: True)
    monkeypatch.setattr(opening, "open_window", lambda file: opened.append(file) or 0)

    assert run(recording)[0] == 0
    assert opened == [recording.with_suffix(".rrd")]


def test_where_the_window_could_not_decode_video_it_is_given_pictures(run, film, tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "has_display", lambda: True)
    monkeypatch.setattr(opening, "has_ffmpeg", lambda: False)
    monkeypatch.setattr(opening, "open_window", lambda _file: 0)
    out = tmp_path / "film.rrd"
    status, said = run(film, "--rerun", out, "--spawn")

    assert status == 0
    assert "no `ffmpeg` program here" in said.out
    assert b"image/jpeg" in out.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--spawn", "--web"], "one viewer at a time"),
        (["--spawn"], "no display here for a window; --web"),
        (["--layout", "a.json"], "belongs to --foxglove"),
        (["--from", "noon"], "'noon' is no time"),
        (["--from", "+30m", "--to", "+20m"], "nothing of the recording lies between"),
        (["--rerun", "REC"], "exists; give another name"),
        (["--foxglove", "nowhere/out.mcap"], "is not a folder"),
    ],
)
def test_a_mistake_is_said_in_a_line(run, recording, arguments, said):
    status, printed = run(recording, *(str(recording) if word == "REC" else word for word in arguments))

    assert status == 2
    assert said in printed.err
    assert "Traceback" not in printed.err


def test_of_a_stretch_in_which_nothing_lies_no_file_stays(run, recording, tmp_path):
    fox, rrd = tmp_path / "later.mcap", tmp_path / "later.rrd"
    later = ("--from", "+9d")

    for wanted in (("--foxglove", fox), ("--rerun", rrd)):
        status, said = run(recording, *wanted, *later)

        assert status == 2
        assert "nothing of the recording lies between" in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_told_what_was_written_and_no_bar(run, recording, tmp_path):
    status, said = run(recording, "--foxglove", tmp_path / "out.mcap")

    assert (status, said.err) == (0, "")


def test_without_the_extra_it_is_said_how_to_get_it(run, recording, monkeypatch):
    known = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "rerun" else known(name, *rest)
    )
    status, said = run(recording)

    assert status == 2
    assert said.err.count("pip install 'edge-agent[view]'") == 2  # in both languages


def test_a_folder_of_recordings_is_shown_as_one(run, recording, tmp_path):
    folder = tmp_path / "journal"
    folder.mkdir()
    (folder / "journal-00000001.mcap").write_bytes(recording.read_bytes())

    assert run(folder)[0] == 0
    assert (tmp_path / "journal.rrd").is_file()


def test_a_folder_of_two_configurations_is_shown_with_the_first_and_says_so(run, recording, tmp_path):
    folder = tmp_path / "journal"
    folder.mkdir()
    (folder / "journal-00000001.mcap").write_bytes(recording.read_bytes())
    with (folder / "journal-00000002.mcap").open("xb") as stream:
        RecordingWriter(stream, RecordingHeader("test", "", "site: {}")).close()

    status, said = run(folder)

    assert status == 0
    assert "1 of 2 recordings were made with another configuration" in said.err


def test_a_torn_recording_is_shown_as_far_as_it_goes(run, recording, tmp_path):
    torn = tmp_path / "torn.mcap"
    torn.write_bytes(recording.read_bytes()[:-4_000])
    status, said = run(torn)

    assert status == 0
    assert "torn: " in said.out


def test_panels_states_and_messages_are_in_the_reader_s_language(run, recording, tmp_path):
    status, said = run(recording, "--foxglove", tmp_path / "zh.mcap", "--lang", "zh")
    run(recording, "--foxglove", tmp_path / "en.mcap", "--lang", "en")
    chinese, english = ((tmp_path / f"{name}.layout.json").read_text("utf-8") for name in ("zh", "en"))

    assert status == 0
    assert "zh.layout.json：布局" in said.out
    for zh, en in (("日志", "Log"), ("车道 1：总重（t）", "Lane 1: gross (t)"), ("疑似超限", "over")):
        assert (f'"{zh}' in chinese, f'"{zh}' in english, f'"{en}' in english) == (True, False, True)

    run(recording, "--rerun", tmp_path / "zh.rrd", "--lang", "zh")
    assert "疑似超限".encode() in (tmp_path / "zh.rrd").read_bytes()


# -- in a browser ----------------------------------------------------------------------------------


@pytest.fixture
def page():
    """A browser's tab; software draws."""
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip("no Chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 240, "height": 160})
        browser.close()


def test_a_browser_gets_layout_and_recording_and_draws_them(run, film, tmp_path, page):
    """Seen blank was a picture taken when the page had come: the viewer begins some seconds later."""
    rrd, layout = tmp_path / "film.rrd", tmp_path / "film.rbl"
    assert run(film, "--rerun", rrd, "--blueprint", layout)[0] == 0
    broken = set()
    page.on("pageerror", lambda error: broken.add(str(error)))
    with WebViewer(rrd, layout) as viewer:
        with page.expect_event(
            "requestfinished", lambda request: request.url.endswith("/recording.rrd"), timeout=60_000
        ):
            page.goto(viewer.url, wait_until="commit")
        assert page.evaluate("document.querySelector('canvas').checkVisibility()")
    assert broken == set()


def test_without_a_display_it_is_said_how_another_machine_gets_to_the_page(run, film, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(WebViewer, "wait", lambda _viewer: None)
    monkeypatch.setattr(webbrowser, "open", opened.append)
    kept = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]

    status, said = run(film, "--rerun", tmp_path / "film.rrd", "--web")

    for number, handler in zip((signal.SIGTERM, signal.SIGINT), kept, strict=True):
        signal.signal(number, handler)
    port = re.search(r"http://127\.0\.0\.1:(\d+)/", said.out)[1]
    assert (status, opened) == (0, [])
    assert f"ssh -L {port}:127.0.0.1:{port} " in said.out


def test_a_viewer_that_ends_at_once_says_why(tmp_path, monkeypatch):
    program = tmp_path / "rerun"
    program.write_text("#!/bin/sh\necho 'address already in use' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(web_viewer, "rerun_program", lambda: str(program))

    with pytest.raises(DeviceError, match=r"does not answer on port \d+: address already in use; once more"):
        WebViewer(tmp_path / "a.rrd", tmp_path / "a.rbl").__enter__()


# -- nothing is told to anybody --------------------------------------------------------------------


def test_the_window_listens_on_this_machine_only_and_finds_nobody_to_tell(tmp_path):
    command = window_command(tmp_path / "a.rrd")

    assert command[command.index("--bind") + 1] == "127.0.0.1"
    assert QUIET["CI"] == "1"
    assert {QUIET[name] for name in ("ALL_PROXY", "HTTPS_PROXY", "http_proxy")} == {NOBODY}


@pytest.mark.parametrize(
    ("environment", "platform", "window"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "w"}, "linux", True),
        ({}, "linux", False),
        ({}, "darwin", True),
    ],
)
def test_a_window_needs_a_display(environment, platform, window):
    assert has_display(environment, platform) is window


def test_the_page_in_the_browser_may_load_nothing_from_anywhere_else(tmp_path):
    recording, layout = tmp_path / "a.rrd", tmp_path / "a.rbl"
    recording.write_bytes(b"a recording")
    layout.write_bytes(b"its layout")
    with WebViewer(recording, layout) as viewer:
        here = viewer.url.partition("/?")[0]
        page = httpx.get(viewer.url)
        files = {
            name: httpx.get(f"{here}/{name}") for name in ("recording.rrd", "layout.rbl", "re_viewer.js")
        }
        wasm = httpx.get(f"{here}/re_viewer_bg.wasm")
        other = httpx.get(f"{here}/%2e%2e/a.rrd")
        by_another_name = httpx.get(f"{here}/recording.rrd", headers={"host": "elsewhere.example"})

    assert here.startswith("http://127.0.0.1:")
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self' data: blob:"
    assert "<link" in page.text
    assert "googleapis" not in page.text
    assert files["recording.rrd"].content == b"a recording"
    assert files["layout.rbl"].content == b"its layout"
    assert len(files["re_viewer.js"].content) > 100_000
    assert wasm.content.startswith(b"\0asm")
    assert other.status_code == 404
    assert by_another_name.status_code == 400
    with pytest.raises(httpx.TransportError):
        httpx.get(here)
