"""What may stand inside a page: pictures that are what was sealed, no more than there is room for."""

import hashlib

from edge_agent.report.from_statement import pictures_of
from edge_agent.report.inline import DAMAGED, NO_PICTURE, TOO_MANY, Inline
from edge_agent.report.sealed import NOT_HERE

JPEG = b"\xff\xd8\xff\xe0" + b"a" * 996
PNG = b"\x89PNG\r\n\x1a\n" + b"b" * 992
HTML = b"<!doctype html><script>alert(1)</script>"


def attachment(content, media_type="image/jpeg", parent=None):
    return {"sha256": hashlib.sha256(content).hexdigest(), "media_type": media_type, "parent": parent}


def taken(inline, *attachments, held=(JPEG, PNG, HTML)):
    by_digest = {hashlib.sha256(content).hexdigest(): content for content in held}
    files, absent = inline.take(attachments, by_digest.get)
    return [files.get(a["sha256"], "")[:22] or absent.get(a["sha256"], "") for a in attachments]


def test_a_picture_is_embedded_by_what_its_bytes_are_not_by_what_is_claimed():
    inline = Inline(10_000)
    told = taken(
        inline,
        attachment(JPEG, "image/png"),
        attachment(PNG),
        attachment(HTML, "image/jpeg"),
        attachment(b"x"),
    )
    assert told == ["data:image/jpeg;base64", "data:image/png;base64,", NO_PICTURE, NOT_HERE]
    assert inline.room == 10_000 - len(JPEG) - len(PNG)


def test_a_file_that_is_not_what_was_sealed_is_not_shown():
    inline = Inline(10_000)
    named = attachment(JPEG)
    files, absent = inline.take([named], lambda _sha256: JPEG + b"!")
    assert files == {}
    assert absent == {named["sha256"]: DAMAGED}


def test_what_there_is_no_room_for_is_counted_and_what_comes_twice_takes_room_once():
    inline = Inline(1_500)
    assert taken(inline, attachment(JPEG), attachment(PNG), attachment(JPEG))[1] == TOO_MANY
    assert (inline.embedded, inline.left_out, inline.room) == (1, 1, 500)


def test_copies_and_other_files_are_not_embedded():
    inline = Inline(10_000)
    told = taken(inline, attachment(JPEG, parent="ab" * 32), attachment(HTML, "text/html"))
    assert told == ["", ""]
    assert inline.room == 10_000


def test_a_device_in_the_place_of_a_picture_is_not_read(tmp_path):
    named = attachment(JPEG)
    (tmp_path / f"{named['sha256']}.jpg").symlink_to("/dev/zero")

    assert pictures_of(tmp_path)(named["sha256"]) is None
