"""A site's file: what is good loads, and everything that is wrong is said at once, with its line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.cli.config import json_schema
from edge_agent.cli.main import main
from edge_agent.config.document import MAX_DEPTH, read_document
from edge_agent.config.loader import load
from edge_agent.config.settings import SiteConfig
from edge_agent.config.shape import keys_at
from edge_agent.config.substitute import Substitution
from edge_agent.core.records import UseClass
from edge_agent.errors import ConfigError

GOOD = """\
schema: 1
site:
  id: bridge-1
  name: 张江路桥
  tenant: pudong
  device_id: box-1
  legal: {use_class: reference, enforcement_from: 2026-02-01}
ports:
  wim:
    device: /dev/ttyUSB0
    baud: 115200
    protocol: {kind: adc, channels: 4}
lanes:
  "1":
    port: wim
    camera: cam1
    scale:
      sensors:
        - id: a
          position_mm: 0
          length_mm: 500
          channels: [{index: 0, side: left}, {index: 1, side: right}]
        - id: b
          position_mm: 4000
          length_mm: 500
          channels: [{index: 2, side: left}, {index: 3, side: right}]
    limits:
      posted:
        road_class: urban
        limit_kind: gvw
        limit_kg: 20000
        sign_id: S-1
        legal_basis: 上海市城市道路管理条例 Art. 30
        authority: urban management
        valid_from: 2026-01-01
        deduction: {mode: percent, value: 5.5, legal_ref: notice 7}
    instrument: {make: Acme, model: P1, serial: "7"}
cameras:
  cam1:
    match:
      lanes: [{lane: "1", distance_mm: 12000}]
    video:
      url: clips/a.mp4
      views: {"1": {polygon: [[0, 0], [1, 0], [1, 1]]}}
anpr:
  cameras:
    cam1: {protocol: json, auth: none, lanes: {"1": "1"}}
journal: {dir: rec}
"""


@pytest.fixture
def write(tmp_path):
    def written(text: str) -> Path:
        path = tmp_path / "site.yaml"
        path.write_text(text, "utf-8")
        return path

    return written


def problems_of(path: Path) -> list[str]:
    """Each problem without the file's name."""
    with pytest.raises(ConfigError) as raised:
        load(path)
    assert all(p.file == str(path) for p in raised.value.problems)
    return [str(p).removeprefix(f"{path}:") for p in raised.value.problems]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_a_good_file_gives_the_core_what_it_needs(write):
    config = load(write(GOOD))
    core = config.core()

    assert core.id == "bridge-1"
    assert (core.ports["wim"].protocol.channels, core.ports["wim"].char_ns) == (4, 86_805)
    assert core.lanes["1"].limits.posted.limit_kg == 20_000
    assert core.lanes["1"].limits.posted.deduction.permille == 55
    assert core.lanes["1"].limits.posted.valid_from == "2026-01-01"
    assert core.cameras["cam1"].match.lanes[0].distance_mm == 12_000
    assert core.legal.use_class is UseClass.REFERENCE
    assert config.ports["wim"].id == "wim"


def test_the_core_s_settings_name_no_device_and_no_address(write):
    dumped = load(write(GOOD)).core().model_dump_json()

    assert "clips/a.mp4" not in dumped
    assert "/dev/ttyUSB0" not in dumped
    assert "Acme" not in dumped


def test_evidence_knows_the_box_and_its_instruments(write):
    evidence = load(write(GOOD)).evidence_settings()

    assert (evidence.device.tenant, evidence.device.device_id, evidence.device.site_id) == (
        "pudong",
        "box-1",
        "bridge-1",
    )
    assert evidence.instruments["1"].serial == "7"


def test_relative_paths_are_relative_to_the_file(write, tmp_path):
    config = load(write(GOOD))

    assert config.journal.dir == tmp_path / "rec"
    assert config.cameras["cam1"].video.url == str(tmp_path / "clips/a.mp4")
    assert config.evidence.key_file.is_absolute()


def test_an_address_of_a_stream_is_no_path(write):
    url = "rtsp://u:p@10.0.0.2/main"

    assert load(write(GOOD.replace("clips/a.mp4", url))).cameras["cam1"].video.url == url


def test_the_digest_follows_every_choice_and_nothing_else(write):
    first = load(write(GOOD)).sha256()

    assert load(write(GOOD + "# a comment\n")).sha256() == first
    assert load(write(GOOD.replace("limit_kg: 20000", "limit_kg: 20001"))).sha256() != first


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("camera: cam1", "camra: cam1", "lanes.1.camra: unknown key (did you mean camera?)"),
        ("channels: 4}", "chanels: 4}", "ports.wim.protocol.chanels: unknown key (did you mean channels?)"),
        ("channels: 4}", "chanels: 4}", "ports.wim.protocol.channels: required, and missing"),
        ("kind: adc", "kind: adcs", "ports.wim.protocol.kind: 'adcs' is not known (did you mean adc?)"),
        ("road_class: urban", "road_class: urbane", "did you mean urban?"),
        ("use_class: reference", "use_class: refrence", "did you mean reference?"),
        (
            "limit_kg: 20000",
            "limit_kg: heavy",
            "lanes.1.limits.posted.limit_kg: 'heavy' is not a whole number (the unit is kilograms)",
        ),
        ("  tenant: pudong\n", "", "site.tenant: required, and missing"),
        (
            'serial: "7"',
            "serial: 7",
            'lanes.1.instrument.serial: Input should be a valid string (write it in quotes: "7")',
        ),
        ("schema: 1", "schema: 2", "schema: form 2; this program knows up to 1"),
        ("port: wim", "port: wmi", "lanes.1.port: no port 'wmi' (did you mean wim?)"),
        ("camera: cam1", "camera: cam2", "lanes.1.camera: no camera 'cam2' (did you mean cam1?)"),
        ("index: 3", "index: 4", "index: port 'wim' has 4 channel(s) (0 to 3)"),
        ("kind: adc, channels: 4", "kind: yaohua_a9", "index: port 'wim' has 1 channel(s) (0)"),
        ('lane: "1", dist', 'lane: "2", dist', "cameras.cam1.match.lanes.0.lane: no lane '2'"),
        ('lane: "1", dist', 'lane: "2", dist', "lanes.1.camera: camera 'cam1' does not know this lane"),
        (
            "    match:\n",
            "    plates: box\n    match:\n",
            "video.views.1.line: plates: box needs every lane's",
        ),
        (
            '    video:\n      url: clips/a.mp4\n      views: {"1": {polygon: [[0, 0], [1, 0], [1, 1]]}}\n',
            "    plates: box\n",
            "pictures, and plates read on the box, need a video",
        ),
        (
            'views: {"1": {polygon: [[0, 0], [1, 0], [1, 1]]}}',
            'views: {"1": {polygon: [[0, 0], [1, 0], [1, 1]], line: [[0, 0.5], [1, 0.5]]}}\n    plates: box',
            "detector: plates are read on the box only inside the vehicle",
        ),
        (
            "polygon: [[0, 0], [1, 0], [1, 1]]",
            "polygon: [[0, 0], [1, 0], [1, 1]], line: [[0.5, 0.2], [0.5, 0.8]]",
            "line: its two points must lie apart, across the lane",
        ),
        ("    camera: cam1\n", "", "lane '1' does not use this camera (set lanes.1.camera to cam1)"),
        ('views: {"1"', 'views: {"9"', "cameras.cam1.video.views.9: no lane '9'"),
        (
            "    cam1: {protocol",
            "    cam9: {protocol",
            "anpr.cameras.cam9: no camera 'cam9' (did you mean cam1?)",
        ),
        (
            "    cam1: {protocol",
            "    cam9: {protocol",
            "its plates are pushed, but anpr.cameras does not let it in",
        ),
        ('lanes: {"1": "1"}', 'lanes: {"1": "one"}', "anpr.cameras.cam1.lanes.1: no lane 'one'"),
        ("valid_from: 2026-01-01", "valid_from: 2026-13-01", "valid_from: not a date written YYYY-MM-DD"),
        (
            "valid_from: 2026-01-01",
            "valid_from: 2026-03-01",
            "the sign is in force only after enforcement begins",
        ),
        ("legal_ref: notice 7", "legal_ref: ''", "deduction: legal_ref is required when mode is percent"),
        (
            "dir: rec",
            'dir: "${NOT_SET_ANYWHERE}"',
            "journal.dir: environment variable NOT_SET_ANYWHERE is not set",
        ),
        ("dir: rec", 'dir: "${file:nothing}"', "journal.dir: secret file"),
        (
            "device_id: box-1",
            "device_id: box-1\n  device_id: box-2",
            "site.device_id: given twice, first in line 6",
        ),
    ],
)
def test_a_mistake_is_said_with_its_key_and_a_way_out(write, old, new, expected):
    assert old in GOOD

    problems = problems_of(write(GOOD.replace(old, new, 1)))

    assert any(expected in problem for problem in problems), problems


def test_a_mistake_is_said_with_its_line(write):
    text = GOOD.replace("limit_kg: 20000", "limit_kg: heavy").replace("index: 2", "index: 7")

    problems = problems_of(write(text))

    assert [int(p.split(":")[0]) for p in problems] == [
        line_of(text, "index: 7"),
        line_of(text, "limit_kg"),
    ]


def test_all_mistakes_are_said_at_once_in_the_order_of_the_file(write):
    text = (
        GOOD.replace("tenant: pudong", "tenat: pudong")
        .replace("baud: 115200", "baud: fast")
        .replace("port: wim", "port: wmi")
        .replace("limit_kind: gvw", "limit_kind: mass")
        .replace("dir: rec", "dri: rec")
    )

    problems = problems_of(write(text))

    assert len(problems) == 6  # tenant is missing besides
    lines = [int(p.split(":")[0]) for p in problems]
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("site:\n\tid: x\n", "2: a tab where YAML wants spaces (indent with spaces)"),
        ("site: {id: x\nports: 1\n", "not YAML"),
        ("a: &x 1\nb: *x\n", "1: anchors and aliases are not used here (write it out)"),
        ("a: !!python/object:os.system x\n", "tag 'tag:yaml.org,2002:python/object:os.system'"),
        ("a: {b: ${X}}\n", "put text with ${...} in quotes"),
        ("a: 1\n---\nb: 2\n", "not YAML"),
        ("[" * (MAX_DEPTH + 1), f"nested deeper than {MAX_DEPTH}"),
        ("[" * 200_000, f"nested deeper than {MAX_DEPTH}"),
        ("[" + "1," * 60_000 + "]", "more than 50000 items"),
        ("a: \x07\n", "not YAML"),
        ("? [a]\n: 1\n", "a key must be plain text"),
        ("- 1\n", "Input should be a valid dictionary"),
        ("", "site: required, and missing"),
    ],
)
def test_what_is_no_configuration_at_all_is_said_plainly(write, text, expected):
    assert any(expected in p for p in problems_of(write(text)))


def test_bytes_that_are_no_text_and_files_that_are_too_large_are_refused(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    assert problems_of(path) == ["2: not UTF-8 (save the file as UTF-8)"]
    path.write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(ConfigError, match="larger than 1024 KiB"):
        load(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "absent.yaml")


def test_plain_words_stay_what_they_look_like(write):
    document = read_document(
        write(
            "a: no\nb: on\nc: 012\nd: 12:30\ne: 1_000\nf: 0x10\n"
            "g: 2026-01-01\nh: true\ni: -7\nj: 1.5\nk: ~\nl: '7'\n"
        )
    )

    assert list(document.data.values()) == [
        "no",
        "on",
        "012",
        "12:30",
        "1_000",
        "0x10",
        "2026-01-01",
        True,
        -7,
        1.5,
        None,
        "7",
    ]


def test_values_come_from_the_environment_and_from_secret_files(tmp_path):
    secret = tmp_path / "cam.pw"
    secret.write_text("s3cret\n")
    secret.chmod(0o600)
    fill = Substitution(tmp_path, {"HOST": "10.0.0.2", "EMPTY": ""}).apply

    assert fill("rtsp://u:${file:cam.pw}@${HOST}/x") == "rtsp://u:s3cret@10.0.0.2/x"
    assert fill("${PORT:-554}${EMPTY}") == "554"
    assert fill("$${HOST} $HOST") == "${HOST} $HOST"


@pytest.mark.parametrize(
    ("mode", "content", "says"),
    [(0o644, "x\n", "chmod 600"), (0o600, "", "not one line"), (0o600, "a\nb\n", "not one line")],
)
def test_a_secret_file_that_others_can_read_or_that_is_no_secret_is_refused(tmp_path, mode, content, says):
    secret = tmp_path / "pw"
    secret.write_text(content)
    secret.chmod(mode)

    with pytest.raises(ValueError, match=says):
        Substitution(tmp_path, {}).apply("${file:pw}")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("limit_kg: 20000", "limit_kg: '${file:pw}'"),
        ("road_class: urban", "road_class: '${file:pw}'"),
        ("{dir: rec}", "{dir: rec}\nconsole: {host: '${file:pw}'}"),
        ("kind: adc", "kind: 'x${file:pw}'"),
    ],
)
def test_no_problem_tells_what_a_secret_file_holds(write, old, new):
    """Whoever may write the configuration in the console may not read every password with it."""
    assert old in GOOD
    path = write(GOOD.replace(old, new, 1))
    secret = path.parent / "pw"
    secret.write_text("it's s3cret\n")
    secret.chmod(0o600)

    problems = problems_of(path)

    assert any("${file:pw}" in problem for problem in problems), problems
    assert "s3cret" not in str(problems)


def test_what_was_filled_in_is_not_filled_in_again(tmp_path):
    assert Substitution(tmp_path, {"A": "${B}", "B": "x"}).apply("${A}") == "${B}"


def test_the_schema_accepts_the_good_file_and_refuses_a_wrong_key():
    form = json_schema()
    jsonschema.Draft202012Validator.check_schema(form)
    # Dates as text, as the schema says them.
    good = json.loads(json.dumps(yaml.load(GOOD, Loader=yaml.SafeLoader), default=str))

    jsonschema.validate(good, form)
    with pytest.raises(jsonschema.ValidationError, match="camra"):
        jsonschema.validate({**good, "camra": 1}, form)


def test_keys_are_known_along_optional_models_lists_and_tagged_unions():
    assert "deduction" in keys_at(SiteConfig, ("lanes", "1", "limits", "posted"))
    assert "side" in keys_at(SiteConfig, ("lanes", "1", "scale", "sensors", 0, "channels", 0))
    assert "samples_per_frame" in keys_at(SiteConfig, ("ports", "wim", "protocol", "adc"))
    assert "samples_per_frame" not in keys_at(SiteConfig, ("ports", "wim", "protocol", "yaohua_a9"))


def test_config_check_says_good_with_0_and_bad_with_1_and_nothing_there_with_2(write, capsys, tmp_path):
    path = write(GOOD)
    assert main(["config", "check", str(path)]) == 0
    assert "good" in capsys.readouterr().out
    write(GOOD.replace("port: wim", "port: wmi"))
    assert main(["config", "check", str(path)]) == 1
    assert re.search(r"site\.yaml:15: lanes\.1\.port: no port 'wmi'", capsys.readouterr().out)
    assert main(["config", "check", "--json", str(path)]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["good"], answer["problems"][0]["line"]) == (False, 15)
    assert main(["config", "check", str(tmp_path / "absent.yaml")]) == 2


def test_config_schema_prints_the_schema(capsys):
    assert main(["config", "schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "SiteConfig"


@settings(deadline=None)  # files on a busy machine
@given(st.text(max_size=400))
def test_any_text_is_a_configuration_or_a_list_of_problems(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(text, "utf-8", errors="replace")
    with pytest.raises(ConfigError) as raised:
        load(path)
    assert raised.value.problems


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(data=st.data(), value=junk)
def test_anything_in_the_place_of_a_part_is_a_problem_and_never_a_crash(tmp_path_factory, data, value):
    tree = json.loads(json.dumps(yaml.load(GOOD, Loader=yaml.SafeLoader), default=str))
    node = tree
    for _ in range(data.draw(st.integers(0, 5))):
        keys = (
            list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
        )
        inner = [k for k in keys if isinstance(node[k], (dict, list)) and node[k]]
        if not inner:
            break
        node = node[data.draw(st.sampled_from(inner))]
    key = data.draw(st.sampled_from(list(node) if isinstance(node, dict) else list(range(len(node)))))
    node[key] = value
    path = tmp_path_factory.getbasetemp() / "junk.yaml"
    path.write_text(json.dumps(tree), "utf-8")

    try:
        config = load(path)
    except ConfigError as error:
        assert error.problems  # noqa: PT017 - either way is right
    else:
        assert config.core()


def test_a_list_where_names_are_wanted_is_a_problem_and_no_crash(tmp_path):
    """Its places are numbers, and no number is like any name."""
    tree = yaml.load(GOOD, Loader=yaml.SafeLoader)
    tree["anpr"]["cameras"] = [None, None]
    path = tmp_path / "site.yaml"
    path.write_text(json.dumps(tree, default=str), "utf-8")

    with pytest.raises(ConfigError, match=r"anpr\.cameras"):
        load(path)


def test_a_limit_copied_from_the_sign_in_tonnes_is_refused(write, capsys):
    """Every car would be over a limit of 20 kg."""
    assert main(["config", "check", str(write(GOOD.replace("limit_kg: 20000", "limit_kg: 20")))]) == 1
    assert "20 kg is no bridge's limit; the unit is kilograms, 20 t are 20000" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("good", "wrong", "said"),
    [
        ("position_mm: 4000", "position_mm: 4.5", "4.5 is not a whole number (the unit is millimetres)"),
        ("limit_kg: 20000", "limit_kg: 20t", "'20t' is not a whole number (the unit is kilograms)"),
        ("baud: 115200", "baud: fast", "'fast' is not a whole number (the unit is bits a second)"),
    ],
)
def test_a_number_that_is_none_is_said_with_its_unit(write, capsys, good, wrong, said):
    assert main(["config", "check", str(write(GOOD.replace(good, wrong)))]) == 1
    assert said in capsys.readouterr().out


def test_a_site_that_can_never_enforce_is_told_why(write, capsys):
    path = write(GOOD.replace("use_class: reference", "use_class: enforcement"))
    assert main(["config", "check", str(path), "--json"]) == 0
    notes = json.loads(capsys.readouterr().out)["notes"]
    for part in (
        "site.legal.approval_number",
        "site.legal.sign_id",
        "lanes.1.certificate",
        "uplink is left out",
    ):
        assert [note for note in notes if note.startswith(part)], part


def test_a_certificate_of_another_calibration_is_noted(write, capsys):
    held = '{number: "1", issuer: "a", valid_until: "2027-03-31", calibration_id: "the-one-before"}'
    text = GOOD.replace("use_class: reference", "use_class: enforcement")
    path = write(text.replace("    limits:\n", f"    certificate: {held}\n    limits:\n"))
    assert main(["config", "check", str(path), "--json"]) == 0
    notes = json.loads(capsys.readouterr().out)["notes"]
    assert [note for note in notes if note.startswith("lanes.1.certificate.calibration_id is another")]


def test_what_keeps_evidence_on_the_box_for_ever_is_a_note_and_no_problem(write, capsys):
    path = write(GOOD + "uplink: {mqtt: {host: 127.0.0.1}}\n")
    assert main(["config", "check", str(path)]) == 0
    assert "note: uplink.receipt_keys_file is left out" in capsys.readouterr().out
