"""The whole bench as a table: every part is a row, a part that fails says why, two runs are compared."""

import json
import os
import signal
import time

import pytest
from typer.testing import CliRunner

from edge_agent.bench import whole
from edge_agent.bench.whole_parts import PARTS, Choices, Part, Row
from edge_agent.cli.bench import app
from edge_agent.cli.main import main

CHOICES = Choices("quick")


def part(name, *arguments, rows=lambda _result: [Row("a", "1 s", "0.5 s", 2.0, "<= 3 x", met=True)]):
    return Part(name, lambda _choices: list(arguments), rows)


def run(*parts):
    return whole.run(parts, CHOICES, lambda _what, _done, _of: None)


def result(**ratios):
    rows = [
        {"what": what, "measured": "", "beside": "", "ratio": ratio, "goal": "", "met": met, "command": ""}
        for what, (ratio, met) in ratios.items()
    ]
    return {"rows": rows, "machine": {"cpu": "a"}}


def test_every_part_of_the_table_is_a_command_of_its_own_that_exists():
    commands = {command.name or command.callback.__name__ for command in app.registered_commands}

    assert {chosen.arguments(CHOICES)[0] for chosen in PARTS} <= commands


def test_a_part_that_fails_is_a_row_that_says_why_and_the_others_are_measured():
    found = run(
        part("wrong", "replay", "--config", "nowhere.yaml"), part("right", "flat-disk", "--statements", "500")
    )

    failed, good = found["rows"]
    assert (failed["what"], failed["measured"], failed["met"]) == ("wrong", "FAILED", False)
    assert "nowhere.yaml" in failed["beside"]
    assert (good["what"], good["ratio"], good["command"]) == (
        "a",
        2.0,
        "edge-agent bench flat-disk --statements 500",
    )
    assert "nowhere.yaml" in found["parts"]["wrong"]["failed"]
    assert found["parts"]["right"]["result"]["machine"]


def test_a_result_that_lacks_what_a_row_shows_is_a_failed_row_and_no_traceback():
    def wants_more(found):
        yield Row("b", found["nothing of the kind"])

    [row] = run(part("other", "flat-disk", "--statements", "500", rows=wants_more))["rows"]

    assert row["measured"] == "FAILED"
    assert "nothing of the kind" in row["beside"]


def test_a_part_that_lacks_its_pictures_is_not_run_and_says_what_it_needs():
    found = run(*whole.chosen_parts("pictures"))

    [row] = found["rows"]
    assert (row["measured"], row["met"]) == ("not run", None)
    assert "--pictures" in row["beside"]


def test_the_result_names_machine_versions_and_how_busy_it_was(monkeypatch):
    monkeypatch.setattr(whole.os, "getloadavg", lambda: (9.0, 5.0, 2.0))
    found = run()

    assert {"cpu", "cores", "kernel", "python", "load_before"} <= found["machine"].keys()
    assert found["versions"]["numpy"] != "not installed"
    assert "BUSY" in whole.table(found)
    assert "simulated" in whole.markdown(found)


def test_the_table_is_aligned_and_a_missed_goal_is_bold_in_the_readme():
    rows = [Row("short", "1 s"), Row("something longer", "12 s", "floor 3 s", 4.0, "<= 2 x", met=False)]
    found = run() | {"rows": [whole.asdict(row) for row in rows]}

    head, first, second = whole.table(found).splitlines()[:3]
    assert head.index("measured") == first.index("1 s") == second.index("12 s")
    assert "| **12 s** |" in whole.markdown(found)


def test_what_moved_by_less_than_the_noise_is_not_told_and_a_goal_that_is_now_missed_is():
    old = result(serial=(0.50, True), seal=(1.20, True), gone=(1.0, None))
    new = result(serial=(0.40, False), seal=(1.25, True), new=(1.0, None))

    found = whole.compare(old, new, 15)

    assert [(row["what"], row["percent"]) for row in found["changed"]] == [("serial", -20.0)]
    assert (found["missed_now"], found["only_before"], found["only_now"]) == (["serial"], ["gone"], ["new"])
    assert "goal met before, missed now: serial" in whole.compared(found)


def test_a_part_that_was_interrupted_is_not_told_as_new():
    new = result() | {"rows": [whole.asdict(Row("seal", "not run", "interrupted"))]}

    found = whole.compare(result(seal=(1.2, True)), new, 15)

    assert "not run now: seal" in whole.compared(found)
    assert not found["only_now"]


def test_comparing_exits_1_when_a_goal_is_missed_that_was_met(tmp_path):
    for name, one in (("a", result(x=(1.0, True))), ("b", result(x=(9.0, False)))):
        (tmp_path / name).write_text(json.dumps(one))

    worse = CliRunner().invoke(app, ["compare", str(tmp_path / "a"), str(tmp_path / "b")])
    same = CliRunner().invoke(app, ["compare", str(tmp_path / "a"), str(tmp_path / "a"), "--json"])

    assert worse.exit_code == 1
    assert (same.exit_code, json.loads(same.stdout)["changed"]) == (0, [])


def test_a_run_that_is_interrupted_keeps_what_it_has_measured_and_names_what_it_has_not(monkeypatch):
    monkeypatch.setattr(whole, "_child", lambda _arguments: ({}, ""))
    kept = []

    def impatient(what, _done, _of):
        if what == "second":
            raise KeyboardInterrupt

    parts = [part(name) for name in ("first", "second", "third")]
    found = whole.run(parts, CHOICES, impatient, kept.append)

    assert [(row["what"], row["beside"]) for row in found["rows"][1:]] == [
        ("second", "interrupted"),
        ("third", "interrupted"),
    ]
    assert found["rows"][0]["ratio"] == 2.0
    assert [list(result["parts"]) for result in kept] == [["first"]]
    assert "INTERRUPTED" in whole.table(found)
    assert "seconds: first" in whole.table(found)


def test_a_part_that_is_interrupted_cleans_up_before_the_bench_ends(monkeypatch, tmp_path):
    """The part is asked once, as a person would; a terminal's own Ctrl-C does not reach it as well."""
    child = "import time\ntry: print('up', flush=True), time.sleep(60)\nfinally: print('cleaned up')"
    done = {}

    class Process(whole.subprocess.Popen):
        def __init__(self, _command, **how):
            super().__init__([whole.sys.executable, "-c", child], **how)

        def communicate(self, **how):
            if not done:
                done["asked"] = self.stdout.readline()
                raise KeyboardInterrupt
            done["said"], _ = answer = super().communicate(**how)
            return answer

    monkeypatch.setattr(whole.subprocess, "Popen", Process)
    found = run(part("slow", "flat-disk"))

    assert found["interrupted"]
    assert done == {"asked": "up\n", "said": "cleaned up\n"}


def test_a_bench_that_is_told_to_end_writes_what_it_has(monkeypatch, tmp_path):
    def told_to_end(*_arguments):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)

    monkeypatch.setattr(whole, "_measured", told_to_end)
    done = CliRunner().invoke(app, ["--only", "serial", "--out", str(tmp_path / "bench.json")])

    assert done.exit_code == 1
    assert json.loads((tmp_path / "bench.json").read_text())["interrupted"]
    assert "serial  not run   interrupted" in done.stdout
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_every_size_of_the_bench_is_that_of_the_effort_that_was_chosen():
    sizes = {
        effort: {part.name: part.arguments(Choices(effort)) for part in PARTS} for effort in ("usual", "long")
    }

    assert sizes["usual"]["memory"] == ["memory", "--minutes", "10"]
    assert sizes["long"]["memory"] == ["memory", "--minutes", "60"]
    assert sizes["usual"]["seal"] == sizes["long"]["seal"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "nothing"], "no such part"),
        (["--quick", "--long"], "one of them"),
        (["--out", "/nowhere/at/all.json", "--only", "pictures"], "is not a folder"),
        (["compare", "nowhere.json", "nowhere.json"], "nowhere.json: No such file"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_measured(arguments, words, capsys):
    assert main(["bench", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_bench_alone_writes_every_number_to_its_file(tmp_path):
    out = tmp_path / "bench.json"
    done = CliRunner().invoke(app, ["--only", "pictures", "--out", str(out), "--markdown"])

    assert done.exit_code == 0, done.output
    assert json.loads(out.read_text())["parts"]["pictures"]["not_run"]
    assert "| pictures | not run |" in done.stdout
