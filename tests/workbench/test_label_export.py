"""Reviewed cases become a dataset: what people said, split by camera and day, for ever the same."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.cli.main import main
from edge_agent.core.scene import Phase
from edge_agent.core.units import S
from edge_agent.devices.detector.class_map import STREET_LABELS
from edge_agent.errors import ConfigError, UsageError, VerificationError
from edge_agent.evidence import dsse
from edge_agent.evidence.bundle import export_bundle
from edge_agent.evidence.examples import KEY, a_case, a_store
from edge_agent.evidence.examples_street import a_zone_case
from edge_agent.evidence.statement import parse
from edge_agent.workbench.dataset import read_dataset
from edge_agent.workbench.frozen_split import FrozenSplit, by_hash, read_split, write_split
from edge_agent.workbench.label_export import label_export
from edge_agent.workbench.reviews import read_reviews

NAMES = list(STREET_LABELS)
CRATES = f"{NAMES.index('goods_pile')} 0.4600 0.6800 0.1200 0.1600"
PERSON = f"{NAMES.index('person')} 0.1400 0.5500 0.0800 0.5000"


def days_later(seal, days: int, camera: str = "street1"):
    """The same case, by another camera or on another day."""
    clock = replace(seal.clock, utc_minus_mono=seal.clock.utc_minus_mono + days * 86_400 * S)
    pictures = tuple(replace(p, camera=camera) for p in seal.pictures)
    return replace(seal, clock=clock, pictures=pictures, report=replace(seal.report, camera=camera))


@pytest.fixture
def evidence(tmp_path):
    """`evidence(name, seals)` seals them and gives the bundle and the statements."""

    def make(name: str, *seals):
        with a_store(tmp_path / f"{name}-store") as store:
            seqs = [store.seal(seal, blobs, None).seq for seal, blobs in seals]
            bundle = export_bundle(store, tmp_path / name, seqs, [KEY.public])
        envelopes = sorted((bundle / "statements").iterdir())
        return bundle, [parse(dsse.decode(p.read_bytes())[1]) for p in envelopes]

    return make


def write_reviews(path: Path, *lines: dict) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def labels(out: Path) -> dict[str, list[str]]:
    """digest: lines"""
    return {p.stem: p.read_text().splitlines() for p in sorted((out / "labels").rglob("*.txt"))}


def seen_with_boxes(statement) -> str:
    [sha256] = [s.sha256 for s in statement.storefront.detections if s.boxes]
    return sha256


def test_an_accepted_case_teaches_what_the_detector_saw(evidence, tmp_path):
    bundle, [statement] = evidence("b", a_zone_case(1))
    reviews = write_reviews(tmp_path / "r.jsonl", {"packet_id": statement.packet_id, "verdict": "accept"})
    done = label_export([bundle], reviews, tmp_path / "out")
    found = labels(tmp_path / "out")
    assert found[seen_with_boxes(statement)] == [CRATES, PERSON]
    # The clear reference has no date: it belongs to no camera-day.
    reference = statement.storefront.reference_sha256
    assert set(found) == {s.sha256 for s in statement.storefront.detections} - {reference}
    assert (done.hard_negatives, done.corrected, sum(done.pictures.values())) == (0, 0, len(found))
    for image in (tmp_path / "out" / "images").rglob("*.jpg"):
        assert hashlib.sha256(image.read_bytes()).hexdigest() == image.stem


def test_a_rejected_case_is_a_hard_negative_and_its_people_are_still_people(evidence, tmp_path):
    bundle, [statement] = evidence("b", a_zone_case(1))
    reviews = write_reviews(tmp_path / "r.jsonl", {"packet_id": statement.packet_id, "verdict": "reject"})
    done = label_export([bundle], reviews, tmp_path / "out")
    assert labels(tmp_path / "out")[seen_with_boxes(statement)] == [PERSON]
    assert done.hard_negatives == len(labels(tmp_path / "out"))
    assert "goods_pile" not in done.boxes


def test_boxes_that_a_person_drew_stand_instead_of_the_detectors(evidence, tmp_path):
    bundle, [statement] = evidence("b", a_zone_case(1))
    drawn = {"label": "stall", "x_min": 0, "y_min": 500, "x_max": 500, "y_max": 1000}
    [middle] = [a.sha256 for a in statement.attachments if a.role == "middle"]
    said = {"packet_id": statement.packet_id, "verdict": "accept", "pictures": {middle: [drawn]}}
    done = label_export([bundle], write_reviews(tmp_path / "r.jsonl", said), tmp_path / "out")
    assert labels(tmp_path / "out")[middle] == ["0 0.2500 0.7500 0.5000 0.5000"]
    assert done.corrected == 1


def test_of_two_reviews_of_one_case_the_later_line_counts(evidence, tmp_path):
    bundle, [statement] = evidence("b", a_zone_case(1))
    both = [{"packet_id": statement.packet_id, "verdict": v} for v in ("accept", "reject")]
    done = label_export([bundle], write_reviews(tmp_path / "r.jsonl", *both), tmp_path / "out")
    assert done.hard_negatives > 0


def test_copies_clips_the_bridge_and_what_nobody_reviewed_teach_nothing(evidence, tmp_path):
    bundle, statements = evidence("b", a_zone_case(1), a_zone_case(2), (a_case(1)[0], {}))
    reviews = write_reviews(tmp_path / "r.jsonl", {"packet_id": statements[0].packet_id, "verdict": "accept"})
    done = label_export([bundle], reviews, tmp_path / "out")
    originals = {a.sha256 for a in statements[0].attachments if a.parent is None and a.role != "clip"}
    assert set(labels(tmp_path / "out")) <= originals
    assert done.skipped["statements that nobody reviewed"] == 1
    assert done.skipped["pictures of which nobody said what is in them"] >= 1


def test_the_dataset_is_one_that_the_workbench_trains_on(evidence, tmp_path):
    seals = [(days_later(seal, day), blobs) for day in range(48) for seal, blobs in [a_zone_case(day + 1)]]
    bundle, statements = evidence("b", *seals)
    reviews = [{"packet_id": s.packet_id, "verdict": "accept"} for s in statements]
    done = label_export([bundle], write_reviews(tmp_path / "r.jsonl", *reviews), tmp_path / "out")
    assert all(done.pictures.values())
    dataset = read_dataset(tmp_path / "out" / "data.yaml")
    assert dataset.pictures == done.pictures
    assert {k: v for k, v in dataset.boxes.items() if v} == done.boxes
    assert yaml.safe_load((tmp_path / "out" / "data.yaml").read_text())["names"][0] == "stall"


def test_no_camera_day_straddles_two_splits_and_more_cases_move_none(evidence, tmp_path):
    seals = [
        (days_later(seal, number // 2, f"cam{number % 3}"), blobs)
        for number in range(24)
        for seal, blobs in [a_zone_case(number + 1)]
    ]
    few, some = evidence("few", *seals[:9])
    many, all_of_them = evidence("many", *seals)
    reviews = write_reviews(
        tmp_path / "r.jsonl",
        *({"packet_id": s.packet_id, "verdict": "accept"} for s in (*some, *all_of_them)),
    )
    kept = tmp_path / "split.json"
    label_export([few], reviews, tmp_path / "out1", kept)
    first = read_split(kept, ())
    label_export([many], reviews, tmp_path / "out2", kept)
    second = read_split(kept, ())
    assert len(first.groups) < len(second.groups)
    assert first.groups.items() <= second.groups.items()
    where = {p.stem: p.parent.name for p in (tmp_path / "out2" / "labels").rglob("*.txt")}
    earlier = {p.stem: p.parent.name for p in (tmp_path / "out1" / "labels").rglob("*.txt")}
    assert {k: v for k, v in where.items() if k in earlier} == earlier
    again = label_export([many], reviews, tmp_path / "out3", kept)
    tree = {
        p.relative_to(tmp_path / "out2"): p.read_bytes()
        for p in (tmp_path / "out2").rglob("*.*")
        if p.is_file()
    }
    assert tree == {
        p.relative_to(tmp_path / "out3"): p.read_bytes()
        for p in (tmp_path / "out3").rglob("*.*")
        if p.is_file()
    }
    assert sum(again.groups.values()) == len(second.groups)


def test_midnight_is_that_of_the_city(evidence, tmp_path):
    bundle, [statement] = evidence("b", a_zone_case(1))
    reviews = write_reviews(tmp_path / "r.jsonl", {"packet_id": statement.packet_id, "verdict": "accept"})
    label_export([bundle], reviews, tmp_path / "a", time_zone="Pacific/Kiritimati")  # UTC+14
    label_export([bundle], reviews, tmp_path / "b2", time_zone="Pacific/Niue")  # UTC-11
    [one] = {g.rsplit("/", 1)[1] for g in read_split(tmp_path / "a" / "split.json", ()).groups}
    [other] = {g.rsplit("/", 1)[1] for g in read_split(tmp_path / "b2" / "split.json", ()).groups}
    assert one > other


@given(
    st.lists(st.text(min_size=1, max_size=30), unique=True, max_size=20), st.randoms(use_true_random=False)
)
def test_a_groups_split_depends_on_nothing_but_its_name(groups, order):
    shuffled = groups.copy()
    order.shuffle(shuffled)
    split = FrozenSplit()
    assert {g: split.of(g) for g in shuffled} == {g: by_hash(g) for g in groups}


def test_of_many_camera_days_about_fifteen_in_a_hundred_are_for_each_test():
    found = [by_hash(f"site/cam{c}/2026-{d}") for c in range(20) for d in range(100)]
    assert 240 <= found.count("test") <= 360
    assert 240 <= found.count("val") <= 360


def test_what_was_said_of_a_group_holds_even_against_the_hash(tmp_path):
    other = "test" if by_hash("site/cam/2026-01-01") != "test" else "train"
    write_split(tmp_path / "s.json", FrozenSplit({"site/cam/2026-01-01": other}, ["stall"]))
    split = read_split(tmp_path / "s.json", ())
    assert split.of("site/cam/2026-01-01") == other
    assert split.number_of("rubbish_bag") == 1
    assert split.number_of("stall") == 0


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "split.v2", "groups": {}, "names": []}', '{"sch']
)
def test_a_damaged_split_is_never_made_anew(tmp_path, text):
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(ConfigError, match=r"frozen split cannot be read.*restore it"):
        read_split(tmp_path / "s.json", NAMES)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"r\.jsonl:2: .*JSON"),
        ('{"packet_id": "x", "verdict": "accept"}', r":2: packet_id: "),
        ('{"packet_id": "0190b4f2-0000-7000-8000-000000000000", "verdict": "maybe"}', r":2: verdict: "),
        (
            '{"packet_id": "0190b4f2-0000-7000-8000-000000000000", "verdict": "accept", "box": 1}',
            r":2: box: ",
        ),
    ],
)
def test_a_wrong_line_in_the_reviews_is_named(tmp_path, line, message):
    path = tmp_path / "r.jsonl"
    path.write_text("\n" + line + "\n")
    with pytest.raises(ConfigError, match=message):
        read_reviews(path)


def test_evidence_that_was_changed_teaches_nothing(evidence, tmp_path):
    bundle, [statement] = evidence("b", a_zone_case(1))
    reviews = write_reviews(tmp_path / "r.jsonl", {"packet_id": statement.packet_id, "verdict": "accept"})
    picture = next((bundle / "attachments").iterdir())
    picture.write_bytes(picture.read_bytes() + b"!")
    with pytest.raises(VerificationError, match="edge-agent verify"):
        label_export([bundle], reviews, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_to_learn_from_is_said_with_the_reason(evidence, tmp_path, capsys):
    bundle, _ = evidence("b", a_zone_case(1))
    reviews = write_reviews(tmp_path / "r.jsonl")
    with pytest.raises(UsageError, match=r"no picture is left .*1 statements that nobody reviewed"):
        label_export([bundle], reviews, tmp_path / "out")
    call = ["model", "label-export", str(bundle), "--reviews", str(reviews), "--out", str(tmp_path / "out")]
    assert main(call) == 2
    assert "nobody reviewed" in capsys.readouterr().err


def test_the_command_says_what_it_wrote(evidence, tmp_path, capsys):
    bundle, statements = evidence("b", a_zone_case(1), a_zone_case(2, Phase.CLEARED))
    reviews = write_reviews(
        tmp_path / "r.jsonl", *({"packet_id": s.packet_id, "verdict": "accept"} for s in statements)
    )
    call = ["model", "label-export", str(bundle), "--reviews", str(reviews), "--out", str(tmp_path / "out")]
    assert main([*call, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["boxes"]["goods_pile"] == 1
    assert main(call) == 2
    assert "is not empty" in capsys.readouterr().err
