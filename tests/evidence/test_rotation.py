"""A new key takes over: in the store, over crashes between any two steps, and before every verifier."""

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.errors import EvidenceError, KeyFault, StoreFault, UsageError, VerificationError
from edge_agent.evidence import dsse, small_files, strict_json
from edge_agent.evidence.bundle import export_bundle
from edge_agent.evidence.chain import Chain
from edge_agent.evidence.dsse import EVIDENCE_TYPE, Signature
from edge_agent.evidence.examples import KEY, Clock, a_case, an_identity, store_settings
from edge_agent.evidence.key_places import FilePlace, open_keys, prepare_successor
from edge_agent.evidence.keys import FileKey, KeyRing
from edge_agent.evidence.statement import Kind, parse
from edge_agent.evidence.statement_records import KeyRotation
from edge_agent.evidence.store import EvidenceStore
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_signed import open_statement
from edge_agent.evidence.verify_sources import open_material

CONTRACT = Path(__file__).parents[2] / "contract"
NEW = FileKey.from_seed(b"n" * 32)
THIRD = FileKey.from_seed(b"3" * 32)
OLD_RING = KeyRing({EVIDENCE_TYPE: [KEY.public]})


def a_box(folder, key=KEY, successor=None, **other):
    return EvidenceStore.open(
        store_settings(folder), key, an_identity(), successor=successor, utc_us=Clock(), **other
    )


def envelopes(store):
    return [store.packet(seq).envelope for seq in store.seqs()]


def signers(envelope):
    return [s.keyid for s in dsse.decode(envelope)[2]]


def kinds_and_keys(store):
    found = [parse(dsse.decode(envelope)[1]) for envelope in envelopes(store)]
    return [(statement.kind.value, statement.keyid) for statement in found]


@pytest.fixture
def rotated(tmp_path):
    """Two cases by the old key, the rotation, one by the new."""
    with a_box(tmp_path / "box") as store:
        store.seal(*a_case(1))
        store.seal(*a_case(2))
    with a_box(tmp_path / "box", KEY, NEW) as store:
        store.seal(*a_case(3))
        yield store


def test_the_rotation_is_signed_by_both_and_all_after_it_by_the_new_key(rotated):
    assert kinds_and_keys(rotated) == [
        ("genesis", KEY.keyid),
        ("composite", KEY.keyid),
        ("composite", KEY.keyid),
        ("key_rotation", KEY.keyid),
        ("composite", NEW.keyid),
    ]
    assert [signers(e) for e in envelopes(rotated)] == [[KEY.keyid]] * 3 + [[KEY.keyid, NEW.keyid]] + [
        [NEW.keyid]
    ]
    assert rotated.keyid == NEW.keyid


def test_who_trusts_the_old_key_can_check_everything(rotated, tmp_path):
    rotated.close()
    report = verify(open_material(tmp_path / "box"), [KEY.public])
    assert report.problems == []
    assert (report.statements, report.rotations) == (5, 1)
    assert "1 key rotations: each signed by the old and the new key" in report.checked


def test_the_order_of_the_files_does_not_matter(rotated, tmp_path):
    folder = tmp_path / "loose"
    folder.mkdir()
    for number, envelope in enumerate(reversed(envelopes(rotated))):
        (folder / f"{number}.dsse.json").write_bytes(envelope)
    report = verify(open_material(folder), [KEY.public])
    assert (report.problems, report.statements) == ([], 5)


def test_two_rotations_in_a_row_are_followed(tmp_path):
    for key, successor in ((KEY, None), (KEY, NEW), (NEW, THIRD)):
        with a_box(tmp_path / "box", key, successor) as store:
            store.heartbeat()
    report = verify(open_material(tmp_path / "box"), [KEY.public])
    assert (report.problems, report.rotations) == ([], 2)
    folder = tmp_path / "loose"
    folder.mkdir()
    with a_box(tmp_path / "box", THIRD) as store:
        for number, envelope in enumerate(reversed(envelopes(store))):
            (folder / f"{number}.dsse.json").write_bytes(envelope)
    assert verify(open_material(folder), [KEY.public]).problems == []


def test_without_the_rotation_the_new_key_is_a_stranger(rotated, tmp_path):
    bundle = export_bundle(rotated, tmp_path / "bundle", [4], [KEY.public])
    [(_, what)] = verify(open_material(bundle), [KEY.public]).problems
    assert what == "signature: no trusted key made it"


def test_a_bundle_with_the_rotation_carries_its_new_key(rotated, tmp_path):
    bundle = export_bundle(rotated, tmp_path / "bundle", rotated.seqs(), [KEY.public])
    assert verify(open_material(bundle)).problems == []


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_recipe_of_the_evidence_page_checks_a_bundle_with_a_rotation(rotated, tmp_path):
    page = (CONTRACT.parent / "docs" / "evidence.md").read_text("utf-8")
    recipe = re.search(r"the test suite runs this block -->\n```sh\n(.*?)```", page, re.DOTALL)[1]
    out = export_bundle(rotated, tmp_path / "bundle", rotated.seqs(), [KEY.public, NEW.public])
    ran = subprocess.run(["bash", "-c", recipe], cwd=out, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("Signature Verified Successfully") == 6  # five statements, one with two
    envelope = out / "statements" / sorted(p.name for p in (out / "statements").iterdir())[4]
    envelope.write_bytes(signed(dsse.decode(envelope.read_bytes())[1], THIRD))
    recipe = recipe.replace("sha256sum --quiet -c SHA256SUMS", "")
    assert subprocess.run(["bash", "-c", recipe], cwd=out, capture_output=True, check=False).returncode


def test_a_rotated_key_signs_nothing_more(rotated, tmp_path):
    rotated.close()
    with a_box(tmp_path / "box", KEY) as store:  # an old key file was put back
        store.heartbeat()
        assert [kind for kind, _ in kinds_and_keys(store)][-2:] == ["incident", "heartbeat"]
    report = verify(open_material(tmp_path / "box"), [KEY.public])
    assert [what for _, what in report.problems] == [
        f"chain: signed by key {KEY.keyid:.16}, which was rotated away at seq 3"
    ] * 2


def test_a_key_that_is_replaced_without_a_rotation_is_told_as_an_incident(tmp_path):
    with a_box(tmp_path / "box"):
        pass
    with a_box(tmp_path / "box", NEW) as store:
        newest = parse(dsse.decode(envelopes(store)[-1])[1])
    assert (newest.record.what, newest.record.subject, newest.keyid) == (
        "key_replaced",
        KEY.keyid,
        NEW.keyid,
    )


# --- forged rotations ---------------------------------------------------------------------------


def rotation_payload(store, **record):
    envelope = next(e for e in envelopes(store) if len(signers(e)) == 2)
    fields = strict_json.loads(dsse.decode(envelope)[1])
    return strict_json.dumps({**fields, "record": {**fields["record"], **record}})


def signed(payload, *keys):
    return dsse.sign(EVIDENCE_TYPE, payload, keys)


def other_key(key):
    return {"new_keyid": key.keyid, "new_public_key_spki": key.public.spki.hex()}


@pytest.mark.parametrize(
    ("record", "keys", "why"),
    [
        ({}, [KEY], "the new key did not sign it"),
        ({}, [NEW], "no trusted key made it"),
        (other_key(THIRD), [KEY, NEW], "the new key did not sign it"),
        ({"new_keyid": THIRD.keyid}, [KEY, NEW], "new_keyid is not the digest"),
        ({"old_keyid": THIRD.keyid}, [KEY, NEW], "the old key is not the one"),
        (other_key(KEY), [KEY], "the old key is not the one"),
        ({"new_public_key_spki": "00"}, [KEY, NEW], "the new key: not a public key"),
        ({"new_public_key_spki": "abc"}, [KEY, NEW], "the new key: "),
    ],
)
def test_a_rotation_that_only_one_key_signed_or_that_names_another_is_refused(rotated, record, keys, why):
    with pytest.raises(VerificationError, match=why):
        open_statement(signed(rotation_payload(rotated, **record), *keys), OLD_RING)


def test_a_copied_signature_of_the_new_key_does_not_do(rotated):
    """The new key's signature over something else, under its key id."""
    payload = rotation_payload(rotated)
    message = dsse.pae(EVIDENCE_TYPE, payload)
    forged = [Signature(KEY.keyid, KEY.sign(message)), Signature(NEW.keyid, NEW.sign(b"something else"))]
    with pytest.raises(VerificationError, match="the new key did not sign it"):
        open_statement(dsse.envelope(EVIDENCE_TYPE, payload, forged), OLD_RING)


def test_a_good_rotation_gives_the_new_key(rotated):
    found = open_statement(signed(rotation_payload(rotated), NEW, KEY), OLD_RING)  # in any order
    assert found.successor == NEW.public
    assert isinstance(found.statement.record, KeyRotation)
    assert open_statement(envelopes(rotated)[0], OLD_RING).successor is None


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_node_follows_a_rotation_and_refuses_a_forged_one(rotated, tmp_path):
    def node(folder):
        (tmp_path / "key.pem").write_bytes(KEY.public.pem)
        return subprocess.run(
            ["node", CONTRACT / "verify.mjs", tmp_path / "key.pem", folder],
            capture_output=True,
            text=True,
            check=False,
        )

    good, forged = tmp_path / "good", tmp_path / "forged"
    good.mkdir()
    forged.mkdir()
    for number, envelope in enumerate(reversed(envelopes(rotated))):
        (good / f"{number}.dsse.json").write_bytes(envelope)
    ran = node(good)
    assert (ran.returncode, ran.stdout.count("good ")) == (0, 5), ran.stdout + ran.stderr
    (forged / "a.dsse.json").write_bytes(signed(rotation_payload(rotated), KEY))
    (forged / "b.dsse.json").write_bytes(envelopes(rotated)[-1])
    ran = node(forged)
    assert ran.returncode == 1
    assert "key rotation: the new key did not sign it" in ran.stdout
    assert "signature: no trusted key made it" in ran.stdout


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_node_sees_a_rotated_key_that_goes_on(rotated, tmp_path):
    payload = strict_json.loads(dsse.decode(envelopes(rotated)[4])[1])
    late = strict_json.dumps({**payload, "keyid": KEY.keyid})
    for number, envelope in enumerate([*envelopes(rotated)[:4], signed(late, KEY)]):
        (tmp_path / f"{number}.dsse.json").write_bytes(envelope)
    (tmp_path / "key.pem").write_bytes(KEY.public.pem)
    ran = subprocess.run(
        ["node", CONTRACT / "verify.mjs", tmp_path / "key.pem", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert "was rotated away" in ran.stdout


# --- the start ----------------------------------------------------------------------------------


def test_the_start_checks_the_signatures_of_earlier_keys_too(rotated, tmp_path):
    """Until keys rotated it could only skip what another key had signed."""
    import json  # noqa: PLC0415 - one test's tool
    import sqlite3  # noqa: PLC0415

    rotated.close()
    db = sqlite3.connect(tmp_path / "box" / "evidence.db")
    (text,) = db.execute("SELECT signatures FROM packet WHERE seq = 1").fetchone()
    [[keyid, sig]] = json.loads(text)
    db.execute("UPDATE packet SET signatures = ? WHERE seq = 1", (json.dumps([[keyid, "00" + sig[2:]]]),))
    db.commit()
    db.close()
    with a_box(tmp_path / "box", NEW) as store:
        genesis = parse(dsse.decode(envelopes(store)[0])[1])
        incident = parse(dsse.decode(envelopes(store)[1])[1])
    assert genesis.record.reason == "store_corrupt"
    assert "statement 1: its signature is damaged" in incident.record.detail


def test_a_whole_chain_with_a_rotation_starts_again(rotated, tmp_path):
    epoch = rotated.head().epoch
    rotated.close()
    with a_box(tmp_path / "box", NEW) as store:
        assert store.head().epoch == epoch
        assert store.head().seq == 4


def test_a_new_store_with_a_successor_waiting_begins_with_the_old_key(tmp_path):
    with a_box(tmp_path / "box", KEY, NEW) as store:
        assert kinds_and_keys(store) == [("genesis", KEY.keyid), ("key_rotation", KEY.keyid)]
        assert store.keyid == NEW.keyid


class PulledToken:
    """A key whose token was pulled."""

    keyid, public = KEY.keyid, KEY.public
    here = True

    def sign(self, data):
        if not self.here:
            raise KeyFault("evidence key token 'box': device removed; nothing can be sealed")
        return KEY.sign(data)


def test_a_token_that_goes_away_stops_the_store_and_nothing_is_sealed_unsigned(tmp_path):
    token = PulledToken()
    with a_box(tmp_path / "box", token) as store:
        token.here = False
        with pytest.raises(StoreFault, match="device removed"):
            store.seal(*a_case(1))
        token.here = True
        with pytest.raises(StoreFault, match="device removed"):
            store.heartbeat()  # the process is to end: it does not come back by itself
    with a_box(tmp_path / "box") as store:
        # The incident says why the run before this one ended.
        assert [kind for kind, _ in kinds_and_keys(store)] == ["genesis", "incident"]
        assert b"device removed" in store.reading().statement(1).payload


# --- the daemon's takeover, with a crash between any two steps -------------------------------------


def take_over(folder):
    """What the daemon does at its start (`box_store.open_store`)."""
    place = FilePlace(folder / "keys" / "evidence.pem")
    key, successor = open_keys(place)
    store = a_box(folder / "box", key, successor)
    if successor is not None:
        place.settle()
    return store


class Dying:
    """The process ends before or after the n-th durable step of the takeover."""

    def __init__(self, monkeypatch, at, after):
        self.count, self.at, self.after = 0, at, after
        for owner, name in ((small_files, "rename"), (Chain, "commit")):
            monkeypatch.setattr(owner, name, self.wrap(getattr(owner, name)))

    def wrap(self, call):
        def wrapped(*args, **kwargs):
            self.count += 1
            if self.count == self.at and not self.after:
                os._exit(self.count)
            result = call(*args, **kwargs)
            if self.count == self.at:
                os._exit(self.count)
            return result

        return wrapped


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_crash_between_any_two_steps_loses_neither_key_nor_chain(tmp_path, monkeypatch, at, after):
    place = FilePlace(tmp_path / "keys" / "evidence.pem")
    with take_over(tmp_path) as store:
        old = store.keyid
        store.seal(*a_case(1))
    new = prepare_successor(place).keyid
    child = os.fork()
    if child == 0:
        Dying(monkeypatch, at, after)
        take_over(tmp_path)
        os._exit(0)  # it should have died
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == at
    with take_over(tmp_path) as store:
        store.seal(*a_case(2))
        # That the run before did not end in order is told too, by whichever key signs then.
        assert [told for told in kinds_and_keys(store) if told[0] != "incident"] == [
            ("genesis", old),
            ("composite", old),
            ("key_rotation", old),
            ("composite", new),
        ]
        head = store.head()
    assert place.current().keyid == new
    assert place.successor() is None
    [retired] = (tmp_path / "keys").glob("*.retired.pem")
    assert FileKey.load(retired).keyid == old
    report = verify(open_material(tmp_path / "box"), [FileKey.load(retired).public])
    assert (report.problems, report.rotations) == ([], 1)
    with take_over(tmp_path) as store:  # and the start after that has nothing to do
        assert store.head() == head


def test_steps_of_a_takeover_are_what_the_crashes_go_through(tmp_path, monkeypatch):
    with take_over(tmp_path):
        pass
    prepare_successor(FilePlace(tmp_path / "keys" / "evidence.pem"))
    plan = Dying(monkeypatch, None, after=False)
    with take_over(tmp_path):
        assert plan.count == 3  # sealed, old name, new name


def test_a_second_rotation_waits_for_the_first(tmp_path):
    place = FilePlace(tmp_path / "evidence.pem")
    with pytest.raises(UsageError, match="identity init"):
        prepare_successor(place)
    place.generate()
    prepare_successor(place)
    with pytest.raises(UsageError, match="restart edge-agent"):
        prepare_successor(place)


def test_a_key_file_that_others_can_read_stops_the_start(tmp_path):
    place = FilePlace(tmp_path / "evidence.pem")
    place.generate()
    prepare_successor(place)
    place.next_path.chmod(0o644)
    with pytest.raises(EvidenceError, match="lets others use it"):
        open_keys(place)


def test_the_same_statement_signed_anew_is_the_same_statement(rotated):
    """What names it is its payload's digest: whoever re-signs a P-256 or SM2 envelope changes nothing."""
    envelope = envelopes(rotated)[3]
    payload = dsse.decode(envelope)[1]
    again = signed(payload, NEW, KEY)
    assert again != envelope
    assert open_statement(again, OLD_RING).sha256 == hashlib.sha256(payload).hexdigest()


def test_kinds_are_all_named():
    assert {Kind.KEY_ROTATION, Kind.CERTIFICATE} <= set(Kind)
    assert replace(an_identity(), keyid=NEW.keyid).certificate is None
