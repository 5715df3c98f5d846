"""What was blessed, and what of a run is otherwise."""

import json

import pytest

from edge_agent.config import recorded
from edge_agent.config.loader import load
from edge_agent.config.recorded import from_text
from edge_agent.corpus.finding import find
from edge_agent.corpus.goldens import bless, check, rules_of
from edge_agent.corpus.reasoned import reasoned
from edge_agent.corpus.run_folder import RunFolder
from edge_agent.corpus.tables import run_text
from edge_agent.errors import ConfigError
from edge_agent.replaying.what_if import changed, differences
from tests.corpus_runs.recordings import GOOD, LIMIT, a_corpus, a_recording, a_run
from tests.test_compose import a_site


@pytest.fixture
def corpus(tmp_path):
    """A corpus that was blessed as it is."""
    folder = a_corpus(tmp_path / "corpus")
    a_run(folder, tmp_path / "run")
    assert bless(find(folder), RunFolder(tmp_path / "run")) == {"new": 4, "not done": 1}
    return folder


def checked(folder, out, *settings):
    """Another run beside the goldens: recording -> how it is."""
    ran = a_run(folder, out, *settings)
    found = check(folder, find(folder), ran.rows, RunFolder(out))
    return ran, found, {one.recording: one.state for one in found}


def test_the_same_program_gives_what_was_blessed(corpus, tmp_path):
    _, _, states = checked(corpus, tmp_path / "run2")

    assert states == dict.fromkeys(GOOD, "same") | {"words.mcap": "no golden"}


def test_goldens_lie_beside_their_recordings(corpus):
    names = sorted(file.relative_to(corpus).as_posix() for file in corpus.rglob("*.golden.json"))

    assert names == [
        "east/heavy.golden.json",
        "east/light.golden.json",
        "torn.golden.json",
        "west/journal.golden.json",
    ]


def test_another_limit_differs_and_says_in_what(corpus, tmp_path):
    ran, found, states = checked(corpus, tmp_path / "run2", f"{LIMIT}=28000")

    assert states["east/heavy.mcap"] == "differs"
    said = run_text(ran, found, tmp_path / "run2")
    assert "DIFFERS east/heavy.mcap" in said
    assert "25.000 t, 2 axles: posted limit over -> within" in said
    assert ". 1 shifted: posted limit" in said  # the 9 t, under either


def test_a_changed_decision_has_the_reason_that_diff_would_give(corpus, tmp_path):
    ran, found, _ = checked(corpus, tmp_path / "run2", f"{LIMIT}=28000")

    said = run_text(ran, found, tmp_path / "run2")
    assert "    posted limit: over -> within. limit 20.000 t -> 28.000 t" in said
    assert "(5000 kg over -> 3000 kg under)" in said


def test_a_golden_of_before_still_reads_and_says_why_it_gives_no_reason(corpus, tmp_path):
    for golden in corpus.rglob("*.golden.json"):
        tree = json.loads(golden.read_text("utf-8"))
        del tree["config"]
        golden.write_text(json.dumps(tree), "utf-8")

    ran, found, states = checked(corpus, tmp_path / "run2", f"{LIMIT}=28000")

    assert states["east/heavy.mcap"] == "differs"
    why = "no reason: the golden holds no configuration; bless it again"
    assert f"DIFFERS east/heavy.mcap: {why}" in run_text(ran, found, tmp_path / "run2")
    assert set(checked(corpus, tmp_path / "run3")[2].values()) == {"same", "no golden"}


def test_a_golden_whose_configuration_cannot_be_read_any_more_gives_no_reason_and_says_so(corpus, tmp_path):
    golden = corpus / "east" / "heavy.golden.json"
    tree = json.loads(golden.read_text("utf-8"))
    tree["config"]["lanes"]["1"]["no_such_key"] = 1
    golden.write_text(json.dumps(tree), "utf-8")

    _, found, states = checked(corpus, tmp_path / "run2", f"{LIMIT}=28000")

    assert states["east/heavy.mcap"] == "differs"
    why = next(one.why for one in found if one.recording == "east/heavy.mcap")
    assert why.startswith("no reason: ")
    assert why.endswith("bless it again")


def test_no_key_account_or_platform_is_in_a_golden(tmp_path):
    site = load(a_site(tmp_path, "/dev/null"))
    broker = {"mqtt": {"host": "127.0.0.1", "port": 1883, "user": "mallory", "password_file": "/p/pw"}}
    private = changed(site, ["evidence.key_file=/secret/evidence.pem", f"uplink={json.dumps(broker)}"])

    text = reasoned(recorded.to_text(private))

    assert not any(word in text for word in ("secret", "pem", "mqtt", "mallory", "/p/pw"))
    assert differences(from_text(text), from_text(reasoned(recorded.to_text(site)))) == ()


def test_what_may_be_ignored_is_within_tolerance_and_what_is_concluded_otherwise_is_not(corpus, tmp_path):
    (corpus / "corpus.yaml").write_text(
        "rules:\n  - recordings: 'east/*'\n    ignore: ['crossing.verdict.posted.gross.limit']\n", "utf-8"
    )
    _, _, states = checked(corpus, tmp_path / "run2", f"{LIMIT}=20001")

    assert states["east/heavy.mcap"] == states["east/light.mcap"] == "within tolerance"
    assert states["west"] == "differs"
    _, _, states = checked(corpus, tmp_path / "run2", f"{LIMIT}=28000")
    assert states["east/heavy.mcap"] == "differs"


@pytest.mark.parametrize(("grams", "state"), [(4_999, "differs"), (5_000, "within tolerance")])
def test_a_weight_within_its_tolerance_is_the_same(corpus, tmp_path, grams, state):
    golden = corpus / "east" / "light.golden.json"
    tree = json.loads(golden.read_text("utf-8"))
    [crossing] = tree["outcomes"]["crossings"]
    crossing["gross"] -= 5_000
    tree["decisions_sha256"] = "0" * 64
    golden.write_text(json.dumps(tree), "utf-8")
    rule = f"rules:\n  - grams: {grams}\n    ignore: ['crossing.verdict.*.deducted']\n"
    (corpus / "corpus.yaml").write_text(rule, "utf-8")

    assert checked(corpus, tmp_path / "run2")[2]["east/light.mcap"] == state


def test_the_first_rule_that_fits_holds(corpus):
    (corpus / "corpus.yaml").write_text(
        "rules:\n  - {recordings: 'east/*', ms: 20}\n  - {grams: 5000}\n", "utf-8"
    )
    rules = rules_of(corpus)

    assert (rules.of("east/heavy.mcap").ms, rules.of("east/heavy.mcap").grams) == (20, 0)
    assert (rules.of("west").ms, rules.of("west").grams) == (0, 5_000)


def test_a_rule_that_could_never_fit_is_a_mistake(corpus):
    (corpus / "corpus.yaml").write_text("rules:\n  - ignore: ['crosing.*']\n", "utf-8")

    with pytest.raises(ConfigError, match=r"crosing\.\*: no such kind; there are crossing, case"):
        rules_of(corpus)


def test_a_mistake_in_the_rules_names_its_line(corpus):
    (corpus / "corpus.yaml").write_text("rules:\n  - recordings: 'east/*'\n    gramms: 20\n", "utf-8")

    with pytest.raises(ConfigError, match=r"corpus\.yaml:3: rules\.0\.gramms: unknown key"):
        rules_of(corpus)


def test_a_recording_that_was_exchanged_is_told_from_one_that_gives_something_else(corpus, tmp_path):
    a_recording(corpus / "east" / "light.mcap", 8_000, 8_500)
    _, found, states = checked(corpus, tmp_path / "run2")

    assert states["east/light.mcap"] == "differs"
    [light] = [one for one in found if one.recording == "east/light.mcap"]
    assert light.why == "the recording is another one than was blessed"


def test_a_golden_whose_recording_is_gone_is_missed(corpus, tmp_path):
    (corpus / "east" / "light.mcap").unlink()
    _, found, states = checked(corpus, tmp_path / "run2")

    assert states["east/light.golden.json"] == "no recording"
    assert any(one.differs for one in found)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"recording": 5}', "\xff"])
def test_a_golden_that_cannot_be_read_differs_and_says_what_to_do(corpus, tmp_path, text):
    (corpus / "east" / "light.golden.json").write_bytes(text.encode("latin-1"))
    _, found, states = checked(corpus, tmp_path / "run2")

    assert states["east/light.mcap"] == "differs"
    assert "bless it again" in next(one.why for one in found if one.recording == "east/light.mcap")


def test_blessing_again_says_what_changed_and_takes_only_what_is_named(corpus, tmp_path):
    a_run(corpus, tmp_path / "run2", f"{LIMIT}=28000")
    kept = RunFolder(tmp_path / "run2")

    assert bless(find(corpus), kept, "east/heavy*") == {"changed": 1}
    assert bless(find(corpus), kept, "east/heavy*") == {"unchanged": 1}
    _, _, states = checked(corpus, tmp_path / "run2", f"{LIMIT}=28000")
    assert (states["east/heavy.mcap"], states["west"]) == ("same", "differs")


def test_what_a_run_has_done_of_another_recording_is_not_blessed(corpus, tmp_path):
    a_recording(corpus / "east" / "light.mcap", 8_000, 8_500)

    assert bless(find(corpus), RunFolder(tmp_path / "run"), "east/*") == {"unchanged": 1, "not done": 1}
