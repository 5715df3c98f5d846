"""Accepted pictures: kept as they came, versioned, refused once they were touched."""

import json

import pytest

from edge_agent.devices.scene.bank import MANIFEST, ReferenceBank
from edge_agent.errors import ConfigError, UsageError

AT = "2026-11-23T08:00:00Z"


def test_a_picture_is_kept_byte_for_byte(tmp_path, street):
    data = street.jpeg(street.paved())

    accepted = ReferenceBank(tmp_path, "cam1").accept(data, "day-dry", by="Li", at_utc=AT, origin="a.jpg")

    [reference] = ReferenceBank(tmp_path, "cam1").active
    assert reference == accepted
    assert (reference.accepted_by, reference.accepted_at, reference.origin) == ("Li", AT, "a.jpg")
    assert (reference.width, reference.height) == (480, 270)
    assert ReferenceBank(tmp_path, "cam1").data(reference) == data


def test_a_second_picture_for_the_same_condition_replaces_and_does_not_erase(tmp_path, street):
    bank = ReferenceBank(tmp_path, "cam1")
    old = bank.accept(street.jpeg(street.paved(1)), "day-dry", by="Li", at_utc=AT)
    bank.accept(street.jpeg(street.paved(2)), "night-wet", by="Li", at_utc=AT)
    new = bank.accept(street.jpeg(street.paved(3)), "day-dry", by="Wang", at_utc=AT)

    read = ReferenceBank(tmp_path, "cam1")

    assert [r.id for r in read.active] == ["night-wet-1", "day-dry-2"]
    assert read.all[0].replaced_by == new.id
    assert read.data(read.all[0]) == street.jpeg(street.paved(1))
    assert read.all[0].sha256 == old.sha256


def test_a_picture_accepted_beside_another_hour_replaces_none_and_the_next_plain_one_replaces_both(
    tmp_path, street
):
    bank = ReferenceBank(tmp_path, "cam1")
    bank.accept(street.jpeg(street.paved(1)), "day-dry", by="Li", at_utc=AT)
    bank.accept(street.jpeg(street.paved(2)), "day-dry", by="Li", at_utc=AT, beside=True)
    both = [r.id for r in bank.active]
    bank.accept(street.jpeg(street.paved(3)), "day-dry", by="Li", at_utc=AT)

    assert both == ["day-dry-1", "day-dry-2"]
    assert [r.id for r in ReferenceBank(tmp_path, "cam1").active] == ["day-dry-3"]


def test_a_changed_picture_is_refused_and_named(tmp_path, street):
    accepted = ReferenceBank(tmp_path, "cam1").accept(
        street.jpeg(street.paved()), "day-dry", by="Li", at_utc=AT
    )
    (tmp_path / "cam1" / accepted.file).write_bytes(street.jpeg(street.paved(9)))

    with pytest.raises(ConfigError, match=r"not the picture that Li accepted .*\(put the file back"):
        ReferenceBank(tmp_path, "cam1")


def test_a_missing_picture_is_refused(tmp_path, street):
    accepted = ReferenceBank(tmp_path, "cam1").accept(
        street.jpeg(street.paved()), "day-dry", by="Li", at_utc=AT
    )
    (tmp_path / "cam1" / accepted.file).unlink()

    with pytest.raises(ConfigError, match="cannot be read"):
        ReferenceBank(tmp_path, "cam1")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda form: form.update(schema=2), "schema 1"),
        (lambda form: form.update(references={}), "not a list of references"),
        (lambda form: form["references"][0].pop("sha256"), "sha256 is missing"),
        (lambda form: form["references"][0].update(width="480"), "width is missing or no int"),
        (lambda form: form["references"][0].update(file="../../etc/passwd"), "must lie beside the list"),
        (lambda form: form["references"][0].update(more=1), "fields that nobody knows"),
    ],
)
def test_a_damaged_list_is_refused(tmp_path, street, change, reason):
    ReferenceBank(tmp_path, "cam1").accept(street.jpeg(street.paved()), "day-dry", by="Li", at_utc=AT)
    path = tmp_path / "cam1" / MANIFEST
    form = json.loads(path.read_text())
    change(form)
    path.write_text(json.dumps(form))

    with pytest.raises(ConfigError, match=reason):
        ReferenceBank(tmp_path, "cam1")


def test_a_list_that_is_no_json_is_refused(tmp_path):
    (tmp_path / "cam1").mkdir()
    (tmp_path / "cam1" / MANIFEST).write_text("{")

    with pytest.raises(ConfigError, match="cannot be read"):
        ReferenceBank(tmp_path, "cam1")


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        ({"condition": "sunny"}, "there are day-dry"),
        ({"by": " "}, "say who"),
        ({"source": "dream"}, "picture, median"),
        ({"data": b"GIF89a..."}, "neither a JPEG nor a PNG"),
        ({"data": b"\xff\xd8\xff\xe0 cut off"}, "damaged"),
    ],
)
def test_what_cannot_be_accepted_leaves_nothing_behind(tmp_path, street, chosen, reason):
    wanted = {"data": street.jpeg(street.paved()), "condition": "day-dry", "by": "Li", "source": "picture"}
    wanted |= chosen

    with pytest.raises(UsageError, match=reason):
        ReferenceBank(tmp_path, "cam1").accept(
            wanted["data"], wanted["condition"], by=wanted["by"], at_utc=AT, source=wanted["source"]
        )

    assert not (tmp_path / "cam1").exists()


def test_a_camera_s_id_cannot_lead_out_of_the_folder(tmp_path):
    with pytest.raises(UsageError, match="no camera's id"):
        ReferenceBank(tmp_path, "../cam1")
