"""Every input that is kept, and damage of a moment, through every reader of foreign bytes."""

import random
from pathlib import Path

import pytest

from edge_agent.bench.fuzz.mutate import Mutator
from edge_agent.bench.fuzz.run import run, text
from edge_agent.bench.fuzz.target import Target, check
from edge_agent.bench.fuzz.targets import TARGETS
from edge_agent.errors import UsageError

CORPUS = Path(__file__).parents[2] / "corpus"
FILES = sorted(path for path in CORPUS.rglob("*") if path.is_file())
DAMAGED = 60
pytestmark = pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")


def refuse(data):
    raise ValueError(f"byte {data[0]}")


def a_target(run, **other):
    return Target(**{"name": "t", "run": run, "refusals": (), "seeds": lambda: [b"seed"], **other})


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_is_kept_is_read_or_refused_in_bounds(path):
    _, finding = check(TARGETS[path.parent.name], path.read_bytes())
    assert finding is None, finding.text


def test_every_target_has_something_kept():
    assert {path.parent.name for path in FILES} == set(TARGETS)


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_good_inputs_are_read_and_damaged_ones_read_or_refused(target):
    seeds = target.seeds()
    ways = {check(target, seed) for seed in seeds}
    assert [finding.text for _, finding in ways if finding] == []
    assert any(way.startswith("read") for way, _ in ways) or target.name == "decision-line"
    mutator = Mutator(random.Random(target.name), target.words, target.most_bytes, structured=target.json)
    for _ in range(DAMAGED):
        data = mutator.make(seeds)
        assert len(data) <= target.most_bytes
        finding = check(target, data)[1]
        assert finding is None, (data[:200], finding.text)


def test_a_refusal_is_no_finding_and_its_form_names_the_way():
    target = a_target(refuse, refusals=(ValueError,))
    assert check(target, b"\x07") == check(target, b"\x63") == ("ValueError: byte ", None)


def test_any_other_exception_is_a_finding():
    _, finding = check(a_target(refuse), b"\x07")
    assert finding.key.startswith("ValueError")


def test_an_input_that_takes_too_long_is_a_finding():
    def endless(data):
        while data:
            pass

    assert check(a_target(endless, seconds=0.05), b"x")[1].key == "slow"


def test_an_input_that_swells_the_process_is_a_finding():
    target = a_target(lambda data: len(bytearray(len(data) * 400 * 1024 * 1024)), grows=64 * 1024 * 1024)
    assert check(target, b"")[1] is None
    assert check(target, b"x")[1].key == "memory"


def test_the_same_seed_makes_the_same_damage():
    made = [
        [
            Mutator(random.Random(seed), (b"word",), 500, structured=True).make([b'{"a":[1]}'])
            for _ in range(20)
        ]
        for seed in (1, 1, 2)
    ]
    assert made[0] == made[1] != made[2]


@pytest.mark.slow
def test_the_command_feeds_a_target_in_a_process_of_its_own(tmp_path):
    result = run(["topic"], 0.05, 1, tmp_path)
    assert result["good"]
    assert result["targets"]["topic"]["inputs"] > 100
    assert "topic" in text(result)
    assert not list(tmp_path.iterdir())


def test_an_unknown_target_is_said(tmp_path):
    with pytest.raises(UsageError, match="no target nonsense"):
        run(["nonsense"], 1, 1, tmp_path)
