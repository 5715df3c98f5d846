"""`edge-agent commission`, called wrongly: what is said, and that nothing was left in the tray."""

import pytest

from edge_agent.cli.main import main
from edge_agent.commissioning import looking, pdf
from edge_agent.config.recorded import to_text
from edge_agent.doctor.finding import Finding, State
from edge_agent.doctor.observed import CameraSeen
from edge_agent.evidence.examples import a_case, a_store
from edge_agent.evidence.intray import tray_of
from tests.commissioning.test_report import site


class Blind:
    """No camera answers."""

    def camera(self, _camera, _seconds):
        return CameraSeen("no route to host")


@pytest.fixture
def box(tmp_path, monkeypatch):
    """A site with one sealed case without a receipt, and a doctor that finds nothing wrong."""
    with a_store(tmp_path / "box") as store:
        store.seal(*a_case(1))
    config = site(tmp_path)
    tree = to_text(config.model_copy(update={"street": None}))
    (tmp_path / "site.yaml").write_text(tree, "utf-8")
    monkeypatch.setattr(looking, "findings", lambda _config, _told: [Finding("clock.ok", "", State.OK, OK)])
    monkeypatch.setattr(looking, "eyes", lambda _config: Blind())
    return tmp_path


OK = {"source": "ntp", "error_ms": 3, "stratum": 2, "offset_ms": 1}


def commission(box, *options):
    given = ["--config", str(box / "site.yaml"), "--by", "王工", "--organisation", "养护公司"]
    return main(["commission", *given, "--out", str(box / "out"), "--wait", "0", *options])


def left(box):
    return [note.record for _, note in tray_of(box / "box").waiting()]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--lang", "de"], "--lang de"),
        (["--outcome", "perhaps"], "--outcome perhaps"),
        (["--since", "yesterday"], "--since yesterday"),
        (["--outcome", "accepted"], "no test crossing or test case has the platform's receipt"),
        ([], "no test crossing or test case has the platform's receipt"),
        (["--outcome", "accepted_with_remarks"], "--remarks"),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_is_left(box, capsys, options, said):
    assert commission(box, *options) == 2
    err = capsys.readouterr().err
    assert said in " ".join(err.split())
    assert "Traceback" not in err
    assert left(box) == []


def test_a_refusal_is_recorded_and_without_a_daemon_it_waits(box, capsys):
    assert commission(box, "--outcome", "refused", "--remarks", "no receipt") == 1
    out = capsys.readouterr().out
    assert "the note lies in the tray" in out
    [record] = left(box)
    assert (record.outcome, record.test_crossings, record.test_receipted) == ("refused", 1, 0)
    report = (box / "out" / "commissioning.html").read_text("utf-8")
    assert "no route to host" in report
    assert commission(box, "--outcome", "refused") == 2
    assert "exists" in capsys.readouterr().err


def test_where_no_store_is_nothing_can_be_signed(tmp_path, capsys):
    (tmp_path / "site.yaml").write_text(to_text(site(tmp_path)), "utf-8")
    assert commission(tmp_path) == 2
    assert "no evidence store" in capsys.readouterr().err


def test_a_pdf_needs_a_browser_and_the_html_prints_without_one(box, capsys, monkeypatch):
    monkeypatch.setattr(pdf, "BROWSERS", ("no-such-browser",))
    assert commission(box, "--pdf", "--outcome", "refused") == 2
    assert "apt-get install chromium" in capsys.readouterr().err
    assert left(box) == []


@pytest.mark.slow
def test_the_pdf_is_a_pdf(box):
    try:
        pdf.browser()
    except Exception as absent:  # noqa: BLE001 - said by the skip
        pytest.skip(str(absent))
    commission(box, "--pdf", "--outcome", "refused")
    assert (box / "out" / "commissioning.pdf").read_bytes().startswith(b"%PDF-")
