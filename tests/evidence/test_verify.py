import hashlib
import json
import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edge_agent.cli.main import main
from edge_agent.core.scene import Phase
from edge_agent.errors import UsageError
from edge_agent.evidence import receipts
from edge_agent.evidence.bundle import Entry, export_bundle, write_bundle
from edge_agent.evidence.examples import KEY, a_case, a_store
from edge_agent.evidence.examples_street import a_coverage, a_zone_case
from edge_agent.evidence.keys import FileKey
from edge_agent.evidence.receipts import Receipt, ReceiptItem, ReceiptStatus, Watermark
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material

PLATFORM = FileKey.from_seed(bytes([7] * 32))
STRANGER = FileKey.from_seed(bytes([8] * 32))
DOCS = Path(__file__).parents[2] / "docs" / "evidence.md"


def a_receipt(store, *sealed, watermark=None, signer=PLATFORM, **other):
    receipt = Receipt.model_validate(
        {
            "schema": "receipt.v1",
            "tenant": "city",
            "device_id": "ea-test-0001",
            "epoch": store.head().epoch,
            "received_utc_us": 5,
            "items": [
                ReceiptItem(
                    packet_id=s.packet_id, payload_sha256=s.payload_sha256, status=ReceiptStatus.ACCEPTED
                )
                for s in sealed
            ],
            "watermark": watermark,
            **other,
        }
    )
    return receipt, receipts.sign(receipt, [signer])


@pytest.fixture
def store(tmp_path):
    """Genesis, three cases, a heartbeat; a receipt up to the second case."""
    with a_store(tmp_path / "store") as opened:
        sealed = [opened.seal(*a_case(number), b"raw") for number in (1, 2, 3)]
        opened.heartbeat()
        mark = Watermark(seq=2, payload_sha256=sealed[1].payload_sha256)
        opened.apply_receipt(*a_receipt(opened, sealed[0], watermark=mark))
        yield opened


@pytest.fixture
def bundle(store, tmp_path):
    return export_bundle(store, tmp_path / "bundle", store.seqs(), [KEY.public], [PLATFORM.public])


def check(path, **keys):
    return verify(open_material(path), **keys)


def says(report):
    return " | ".join(f"{where}: {what}" for where, what in report.problems)


def test_a_good_bundle_is_good_and_says_what_was_not_checked(bundle):
    report = check(bundle)
    assert report.good, says(report)
    assert (report.statements, report.attachments, report.links, report.receipts) == (5, 12, 4, 3)
    assert any("whose key signed" in line for line in report.not_checked)
    assert any("receipts of 2 statements" in line for line in report.not_checked)
    assert any("a person to review" in line for line in report.not_checked)


def test_with_the_callers_own_keys_nothing_is_taken_on_trust(bundle):
    report = check(bundle, evidence_keys=[KEY.public], receipt_keys=[PLATFORM.public])
    assert report.good
    assert not any("whose key" in line for line in report.not_checked)


def test_another_key_refuses_everything(bundle):
    report = check(bundle, evidence_keys=[STRANGER.public])
    assert not report.good
    assert len(report.problems) == 5
    assert "no trusted key" in says(report)


def test_a_store_is_checked_whole(store, tmp_path):
    store.close()
    report = check(tmp_path / "store", receipt_keys=[PLATFORM.public])
    assert report.good, says(report)
    assert (report.statements, report.links, report.receipts) == (5, 4, 3)


def test_checking_a_store_changes_no_byte_of_it(store, tmp_path):
    store.close()

    def state():
        return {
            str(p): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in (tmp_path / "store").rglob("*")
            if p.is_file()
        }

    before = state()
    check(tmp_path / "store")
    assert state() == before


def test_a_store_in_use_is_left_alone(store, tmp_path):
    with pytest.raises(UsageError, match="running agent"):
        check(tmp_path / "store")


def test_a_purged_picture_is_said_to_be_unchecked(store, tmp_path):
    store.purge(early=True)
    out = export_bundle(store, tmp_path / "bundle", store.seqs(), [KEY.public])
    store.close()
    for path in (out, tmp_path / "store"):
        report = check(path)
        assert report.good, says(report)
        assert any("6 attachments that are not here" in line for line in report.not_checked)


def test_a_missing_or_damaged_picture_is_bad(store, tmp_path):
    store.close()
    missing, damaged = sorted((tmp_path / "store" / "attachments").iterdir())[:2]
    missing.unlink()
    damaged.write_bytes(b"X" + damaged.read_bytes()[1:])
    report = check(tmp_path / "store")
    assert f"attachment {missing.name}" in says(report)
    assert "damaged" in says(report)


def test_rows_deleted_from_a_store_show(store, tmp_path):
    """K3, seen from the box's own disk."""
    db = store._db
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("DELETE FROM packet WHERE seq = 2")
    store.close()
    report = check(tmp_path / "store")
    assert "between seq 1 and 3 nothing is here" in says(report)


def test_a_tail_deleted_from_a_store_shows(store, tmp_path):
    db = store._db
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("DELETE FROM packet WHERE seq > 2")
    store.close()
    assert "the head says seq 4" in says(check(tmp_path / "store"))


def test_a_gap_in_a_bundle_is_told_and_not_bad(store, tmp_path):
    report = check(export_bundle(store, tmp_path / "b", [1, 3], [KEY.public]))
    assert report.good
    assert any("between seq 1 and 3 nothing is here" in line for line in report.not_checked)


def test_a_watermark_counts_only_when_the_chain_leads_to_it(store, tmp_path):
    _, raw = a_receipt(store, watermark=Watermark(seq=4, payload_sha256=store.head().payload_sha256))
    envelopes = [store.packet(seq).envelope for seq in store.seqs()]

    def bundle_of(name, *seqs):
        return write_bundle(
            tmp_path / name, [Entry(envelopes[s], {}, raw) for s in seqs], [KEY.public], [PLATFORM.public]
        )

    assert check(bundle_of("all", 2, 3, 4)).receipts == 3
    assert check(bundle_of("gap", 2, 4)).receipts == 1


def test_a_forged_receipt_is_bad(store, tmp_path):
    _, forged = a_receipt(store, signer=STRANGER)
    entry = Entry(store.packet(0).envelope, {}, forged)
    report = check(write_bundle(tmp_path / "b", [entry], [KEY.public], [PLATFORM.public]))
    assert "its receipt: signature" in says(report)


def test_a_box_cannot_receipt_itself(store, tmp_path):
    _, forged = a_receipt(store, signer=KEY)
    entry = Entry(store.packet(0).envelope, {}, forged)
    report = check(write_bundle(tmp_path / "b", [entry], [KEY.public], [PLATFORM.public]))
    assert "may not speak for" in says(report)


def test_two_statements_in_one_place_are_equivocation(tmp_path):
    """K2: a disk was cloned, and both copies went on."""
    with a_store(tmp_path / "one") as store:
        store.seal(*a_case(1))
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    envelopes = []
    for name, number in (("one", 2), ("two", 3)):
        with a_store(tmp_path / name) as store:
            sealed = store.seal(*a_case(number))
            envelopes.append(store.packet(sealed.seq).envelope)
            genesis = store.packet(0).envelope
    folder = tmp_path / "loose"
    folder.mkdir()
    for name, data in zip("abc", [genesis, *envelopes], strict=True):
        (folder / f"{name}.dsse.json").write_bytes(data)
    report = check(folder, evidence_keys=[KEY.public])
    assert "equivocation" in says(report)


def test_every_changed_byte_of_a_bundle_shows(bundle):
    """H2. Every file, at seeded places; the change is one bit or a whole byte."""
    chance = random.Random(4711)
    files = sorted(p for p in bundle.rglob("*") if p.is_file())
    tried = 0
    for path in files:
        whole = path.read_bytes()
        for at in chance.sample(range(len(whole)), min(len(whole), 12)):
            flipped = bytes([whole[at] ^ chance.choice([1, 2, 4, 8, 16, 32, 64, 128, 255])])
            path.write_bytes(whole[:at] + flipped + whole[at + 1 :])
            assert not check(bundle).good, f"{path.name} byte {at}"
            tried += 1
        path.write_bytes(whole)
    assert tried > 150
    assert check(bundle).good


def test_a_file_added_to_a_bundle_or_taken_from_it_shows(bundle):
    (bundle / "attachments" / "extra").write_bytes(b"x")
    assert "not listed" in says(check(bundle))
    (bundle / "attachments" / "extra").unlink()
    next(iter((bundle / "receipts").iterdir())).unlink()
    assert "missing" in says(check(bundle))


def test_a_manifest_cannot_point_out_of_the_bundle(bundle, tmp_path):
    (tmp_path / "outside.json").write_bytes(b"{}")
    manifest = json.loads((bundle / "manifest.json").read_bytes())
    manifest["statements"][0]["file"] = "../outside.json"
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    assert "points out of the bundle" in says(check(bundle))


def test_a_bundle_is_written_into_a_new_folder_only(bundle, store):
    with pytest.raises(UsageError, match="not empty"):
        export_bundle(store, bundle, [0], [KEY.public])


# --- the street ---------------------------------------------------------------------------------


@pytest.fixture
def street(tmp_path):
    """Genesis, a case of a street from confirmed to cleared, an inspection, what was watched."""
    with a_store(tmp_path / "street") as store:
        for phase in (Phase.CONFIRMED, Phase.RECHECK, Phase.CLEARED, Phase.INSPECTION):
            store.seal(*a_zone_case(phase=phase))
        store.seal(a_coverage(), {})
        yield export_bundle(store, tmp_path / "street-bundle", store.seqs(), [KEY.public])


def test_a_street_s_case_with_copies_and_clip_is_checked_like_any_other(street):
    report = check(street)
    assert report.good, says(report)
    assert (report.statements, report.links, report.attachments) == (6, 5, 23)
    assert list((street / "attachments").glob("*.mp4"))


def test_of_a_case_whose_original_was_let_go_the_copies_still_verify(tmp_path):
    seal, blobs = a_zone_case()
    gone = next(p.sha256 for p in seal.pictures if p.role == "confirmed")
    with a_store(tmp_path / "store") as store:
        store.seal(seal, {sha256: data for sha256, data in blobs.items() if sha256 != gone})
        report = check(export_bundle(store, tmp_path / "bundle", store.seqs(), [KEY.public]))
    assert report.good, says(report)
    assert report.attachments == len(blobs) - 1


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_documented_recipe_checks_a_street_too(street):
    ran = subprocess.run(["bash", "-c", recipe()], cwd=street, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("Signature Verified Successfully") == 6


# --- by hand ------------------------------------------------------------------------------------


def recipe():
    found = re.search(r"the test suite runs this block -->\n```sh\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert found is not None
    return found.group(1)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_documented_recipe_checks_a_bundle_with_openssl_and_sha256sum(bundle):
    ran = subprocess.run(["bash", "-c", recipe()], cwd=bundle, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("Signature Verified Successfully") == 5
    lines = [line for line in ran.stdout.splitlines() if "prev" in line]
    hashes = [line[:64] for line in lines]
    prevs = re.findall(r'"prev":"?(\w+)"?', ran.stdout)
    assert prevs == ["null", *hashes[:-1]]
    assert check(bundle).good


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("what", ["statement", "picture"])
def test_the_documented_recipe_refuses_a_changed_bundle_whose_sums_were_made_anew(bundle, what):
    if what == "statement":
        path = sorted((bundle / "statements").iterdir())[1]
        data = path.read_bytes()
        at = data.index(b'"payload":"') + 400
        path.write_bytes(data[:at] + (b"A" if data[at : at + 1] != b"A" else b"B") + data[at + 1 :])
    else:
        path = next(iter((bundle / "attachments").iterdir()))
        path.write_bytes(path.read_bytes() + b"x")
    subprocess.run(
        "find . -type f ! -name SHA256SUMS -printf '%P\\n' | xargs sha256sum > SHA256SUMS",
        cwd=bundle,
        shell=True,
        check=True,
    )
    ran = subprocess.run(["bash", "-c", recipe()], cwd=bundle, capture_output=True, text=True, check=False)
    assert ran.returncode != 0


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_node_checks_a_bundle(bundle):
    script = Path(__file__).parents[2] / "contract" / "verify.mjs"
    command = ["node", script, bundle / "keys" / "evidence.pem", bundle / "statements"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("4 of 4 attachments") == 3


# --- the command --------------------------------------------------------------------------------


def test_the_command_exits_zero_only_when_all_is_good(bundle, capsys):
    assert main(["verify", str(bundle)]) == 0
    out = capsys.readouterr().out
    assert "NOT checked" in out
    assert "all that was checked is good" in out
    (bundle / "keys" / "evidence.pem").write_bytes(STRANGER.public.pem)
    assert main(["verify", str(bundle)]) == 1
    assert "BAD" in capsys.readouterr().out


def test_the_command_says_it_in_json_too(bundle, capsys, tmp_path):
    (tmp_path / "k.pem").write_bytes(KEY.public.pem)
    assert main(["verify", str(bundle), "--json", "--keys", str(tmp_path / "k.pem")]) == 0
    report = json.loads(capsys.readouterr().out)[str(bundle)]
    assert report["good"] is True
    assert report["statements"] == 5
    assert report["problems"] == []


def test_a_single_envelope_needs_a_key_and_takes_the_pictures_beside_it(bundle, capsys):
    path = str(sorted((bundle / "statements").iterdir())[1])
    assert main(["verify", path]) == 2
    assert "--keys" in capsys.readouterr().err
    assert main(["verify", path, "--keys", str(bundle / "keys" / "evidence.pem")]) == 0
    assert "4 attachments" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["nowhere"], ["--keys", "nowhere.pem", "."]])
def test_a_command_that_makes_no_sense_exits_two(arguments, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["verify", *arguments]) == 2


def test_garbage_under_an_envelopes_name_is_bad_and_no_traceback(tmp_path, capsys):
    (tmp_path / "x.dsse.json").write_bytes(b"\xff\x00")
    (tmp_path / "k.pem").write_bytes(KEY.public.pem)
    assert main(["verify", str(tmp_path / "x.dsse.json"), "--keys", str(tmp_path / "k.pem")]) == 1
    assert "BAD" in capsys.readouterr().out
