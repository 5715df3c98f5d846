"""`edge-agent corpus` as it is typed."""

import json

import pytest

from edge_agent.cli.main import main
from tests.corpus_runs.recordings import GOOD, LIMIT, Here, a_corpus, a_recording


@pytest.fixture
def corpus(tmp_path):
    folder = a_corpus(tmp_path / "corpus")
    (folder / "words.mcap").unlink()
    return folder


@pytest.fixture
def said(capsys, monkeypatch):
    """`said(arguments...)`: exit status and what was printed, in English."""
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")

    def run(*arguments):
        status = main(["corpus", *map(str, arguments)])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return status, printed

    return run


@pytest.mark.slow
def test_a_corpus_is_run_blessed_run_with_another_limit_and_compared(corpus, said, tmp_path):
    then, now = tmp_path / "then", tmp_path / "now"

    status, printed = said("run", corpus, "--out", then, "--workers", 1)
    assert status == 0
    assert "4 recordings, 4 replayed" in printed.out
    assert "1 torn, what came before was replayed: torn.mcap" in printed.out

    assert said("bless", corpus, "--run", then)[0] == 0

    status, printed = said("run", corpus, "--out", now, "--workers", 1, "--set", f"{LIMIT}=25500")
    assert status == 1
    assert "goldens: 4 differs" in printed.out
    summary = json.loads((now / "summary.json").read_text("utf-8"))
    assert [row["recording"] for row in summary["rows"]] == GOOD
    assert summary["settings"] == [f"{LIMIT}=25500"]
    assert summary["goldens"]["differs"][0]["numbers"]["changed"] >= 1

    status, printed = said("compare", then, now, "--html", tmp_path / "page.html")
    assert status == 1
    assert "4 recordings: 4 differs" in printed.out
    assert "east/heavy.mcap" in (tmp_path / "page.html").read_text("utf-8")
    status, printed = said("compare", then, then, "--json")
    assert status == 0
    assert json.loads(printed.out)["recordings"] == {"same": 4}


def test_ctrl_c_says_how_to_go_on(corpus, said, tmp_path, monkeypatch):
    monkeypatch.setattr("edge_agent.cli.corpus._engine", lambda *_args, **_more: Here(interrupted_after=2))
    status, printed = said("run", corpus, "--out", tmp_path / "run")

    assert status == 130
    assert "2 not reached" in printed.out
    assert (
        f"interrupted: what is done is in {tmp_path}/run; the same command goes on from there" in printed.out
    )


def test_another_machine_without_tls_is_warned_of(corpus, said, tmp_path, monkeypatch):
    monkeypatch.setattr("edge_agent.corpus.cluster.Cluster.answers", lambda *_: (answer for answer in ()))
    _, printed = said("run", corpus, "--out", tmp_path / "run", "--scheduler", "192.0.2.7:8786", "--insecure")

    assert printed.err.startswith("not encrypted: whoever is between here and tcp://192.0.2.7:8786")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--workers", 1, "--scheduler", "tcp://127.0.0.1:1"), "one of them"),
        (("--ship",), "go with --scheduler"),
        (("--tls-ca", "x.pem"), "go with --scheduler"),
        (("--scheduler", "127.0.0.1:1", "--tls-ca", "x.pem"), "go together"),
        (("--scheduler", "192.0.2.7:8786"), "without TLS"),
        (("--model", "x.onnx"), "go with --redetect"),
        (("--redetect", "--classes", "x.yaml"), "--classes goes with --model"),
        (("--redetect", "--model", "gone.onnx"), "gone.onnx: No such file"),
        (("--set", "lanes"), "is not KEY=VALUE"),
        (("--config", "gone.yaml"), "gone.yaml: cannot be read"),
    ],
)
def test_a_mistake_in_the_call_is_said_before_any_work(corpus, said, tmp_path, options, reason):
    status, printed = said("run", corpus, "--out", tmp_path / "run", *options)

    assert status == 2
    assert reason in printed.err
    assert not (tmp_path / "run").exists()


def test_a_model_without_a_class_map_is_said_before_any_work(corpus, said, tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"x")
    status, printed = said(
        "run", corpus, "--out", tmp_path / "run", "--redetect", "--model", tmp_path / "m.onnx"
    )

    assert (status, "m.yaml" in printed.err) == (2, True)
    assert not (tmp_path / "run").exists()


def test_a_class_map_that_was_changed_is_another_question(corpus, said, tmp_path, monkeypatch):
    monkeypatch.setattr("edge_agent.cli.corpus._engine", lambda *_args, **_more: Here())
    model, run = tmp_path / "m.onnx", tmp_path / "run"
    model.write_bytes(b"x")
    taken_over = []
    for label in ("table", "table", "seat"):
        model.with_suffix(".yaml").write_text(
            f"classes: {{a: {{label: {label}, role: evidence}}}}\n", "utf-8"
        )
        printed = said("run", corpus, "--out", run, "--redetect", "--model", model, "--json")[1]
        taken_over.append(json.loads(printed.out)["taken_over"])

    assert taken_over == [0, 4, 0]


def test_a_mistake_in_the_rules_is_said_before_any_work(corpus, said, tmp_path):
    (corpus / "corpus.yaml").write_text("rules: [{gramms: 5}]\n", "utf-8")
    status, printed = said("run", corpus, "--out", tmp_path / "run")

    assert (status, "corpus.yaml:1" in printed.err) == (2, True)


def test_what_is_no_run_or_of_another_folder_is_not_blessed(corpus, said, tmp_path):
    status, printed = said("bless", corpus, "--run", tmp_path)
    assert (status, "no run of a corpus" in printed.err) == (2, True)

    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text('{"folder": "/elsewhere"}', "utf-8")
    status, printed = said("bless", corpus, "--run", tmp_path / "run")
    assert (status, "is a run of /elsewhere" in printed.err) == (2, True)


def test_a_folder_without_recordings_is_said(said, tmp_path):
    status, printed = said("run", tmp_path)

    assert (status, "no *.mcap in it" in printed.err) == (2, True)


def test_a_pattern_that_fits_nothing_is_said(corpus, said, tmp_path):
    a_recording(corpus / "x.mcap", 9_000)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text(json.dumps({"folder": str(corpus.resolve())}), "utf-8")
    status, printed = said("bless", corpus, "--run", tmp_path / "run", "--only", "north/*")

    assert (status, "--only north/*: no recording" in printed.err) == (2, True)
