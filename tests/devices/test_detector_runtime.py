"""Which library runs a model, and which model may run at all."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.devices.detector import Detector, DetectorSettings, networks
from edge_agent.devices.detector.class_map import (
    PROJECT_LABELS,
    ROLES,
    STREET_LABELS,
    pinned,
    read_class_map,
    template,
)
from edge_agent.devices.detector.model_files import PrivateCopy, model_sha256
from edge_agent.devices.detector.onnx_metadata import read_metadata
from edge_agent.errors import ConfigError

MODELS = Path(__file__).parents[2] / "models"
MODEL = MODELS / "bridge-synthetic.onnx"


# -- which library ---------------------------------------------------------------------------------


def test_the_record_can_name_what_ran():
    detector = Detector(DetectorSettings(model=str(MODEL), runtime="onnxruntime"))
    assert detector.runtime.startswith("onnxruntime 1.")
    assert detector.runtime.endswith(" f32")
    assert detector.names == ("truck", "bus", "car", "motorbike")


def test_auto_takes_openvino_only_where_the_processor_calculates_in_bfloat16(monkeypatch):
    asked = []

    class Loaded:
        def __init__(self, _path, _data, threads, **_):
            asked.append(threads)

    monkeypatch.setattr(networks, "OpenVinoNetwork", Loaded)
    monkeypatch.setattr(networks, "openvino_pays", lambda: True)
    assert isinstance(networks.open_network(MODEL, b"", "auto", 2, bfloat16=True), Loaded)
    data = MODEL.read_bytes()
    plain = networks.open_network(MODEL, data, "auto", 1, bfloat16=False)
    monkeypatch.setattr(networks, "openvino_pays", lambda: False)
    other = networks.open_network(MODEL, data, "auto", 1, bfloat16=True)
    assert isinstance(plain, networks.OnnxRuntimeNetwork)
    assert isinstance(other, networks.OnnxRuntimeNetwork)
    assert asked == [2]


def test_openvino_that_is_not_installed_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(ConfigError, match=r"OpenVINO is not installed .*edge-agent\[openvino\]"):
        Detector(DetectorSettings(model=str(MODEL), runtime="openvino"))


def test_ultralytics_that_is_not_installed_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    with pytest.raises(ConfigError, match=r"Ultralytics is not installed .*edge-agent\[train\]"):
        Detector(DetectorSettings(model=str(MODEL), runtime="ultralytics"))


def test_the_daemons_own_path_imports_neither_torch_nor_openvino_nor_ultralytics():
    program = (
        "import sys\n"
        "from edge_agent.devices.detector import Detector, DetectorSettings\n"
        f"Detector(DetectorSettings(model={str(MODEL)!r}, runtime='onnxruntime'))\n"
        "print({'torch', 'openvino', 'ultralytics'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


# -- which model -----------------------------------------------------------------------------------


@pytest.fixture
def pickled(tmp_path):
    """A .pt that would leave a trace if anything loaded it."""
    path = tmp_path / "m.pt"
    path.write_bytes(b"\x80\x04cos\nsystem\n(X\x05\x00\x00\x00false\x85R.")
    path.with_suffix(".yaml").write_text("classes: {}\n", encoding="utf-8")
    return path


def test_a_pickle_that_nobody_pinned_is_not_loaded(pickled):
    digest = hashlib.sha256(pickled.read_bytes()).hexdigest()
    with pytest.raises(ConfigError, match=f"may be a program.*sha256: {digest}"):
        Detector(DetectorSettings(model=str(pickled), runtime="ultralytics"))


def test_a_pickle_with_another_digest_is_not_loaded(pickled):
    with pytest.raises(ConfigError, match=f"accepted was {'0' * 64}: this is another model"):
        Detector(DetectorSettings(model=str(pickled), runtime="ultralytics", sha256="0" * 64))


def test_other_formats_than_onnx_need_ultralytics_asked_for_by_name(pickled):
    with pytest.raises(ConfigError, match=r"runs ONNX files only .*model export.*runtime: ultralytics"):
        Detector(DetectorSettings(model=str(pickled)))


def test_a_folders_digest_is_what_sha256sum_says(tmp_path):
    folder = tmp_path / "m_ncnn_model"
    (folder / "sub").mkdir(parents=True)
    (folder / "b.bin").write_bytes(b"weights")
    (folder / "a.param").write_text("graph")
    (folder / "sub" / "z").write_text("")
    line = "find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs sha256sum | sha256sum"
    shell = subprocess.run(["sh", "-c", line], check=True, capture_output=True, text=True, cwd=folder)
    assert model_sha256(folder) == shell.stdout.split()[0]
    before = model_sha256(folder)
    (folder / "b.bin").rename(folder / "c.bin")
    assert model_sha256(folder) != before


def test_a_folder_with_a_link_in_it_is_no_model(tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "weights").symlink_to("/etc/hostname")
    with pytest.raises(ConfigError, match="no links"):
        model_sha256(tmp_path / "m")


def test_what_was_hashed_is_what_runs_even_if_the_file_changes_afterwards(pickled):
    copy = PrivateCopy(pickled, hashlib.sha256(pickled.read_bytes()).hexdigest())
    pickled.write_bytes(b"another")
    assert hashlib.sha256(copy.path.read_bytes()).hexdigest() == copy.sha256
    assert copy.path.name == pickled.name
    copy.close()
    assert not copy.path.exists()


# -- class maps ------------------------------------------------------------------------------------


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=8, unique=True))
@settings(max_examples=60, deadline=None)
def test_the_template_for_any_class_names_reads_back_with_every_class_ignored(tmp_path_factory, names):
    path = tmp_path_factory.mktemp("m") / "m.yaml"
    names = [n.encode("utf-8", "replace").decode() for n in names]
    path.write_text(template("a" * 64, names, model="m.onnx"), encoding="utf-8")
    found = read_class_map(path)
    assert found.sha256 == "a" * 64
    assert set(found.classes) == set(names)
    assert {c.role for c in found.classes.values()} == {"ignore"}


def test_a_digest_of_decimal_digits_only_stays_a_text(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text(template("1" * 64, ["a"], model="m.onnx"))
    assert read_class_map(path).sha256 == "1" * 64


def test_pinning_changes_the_digest_and_keeps_the_comments(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text("# ours\nsha256: ''\nclasses: {a: {label: stall, role: evidence}} # strong\n")
    path.write_text(pinned(path.read_text(), "b" * 64))
    assert read_class_map(path).sha256 == "b" * 64
    assert path.read_text().startswith("# ours\n")
    assert path.read_text().endswith("# strong\n")
    assert pinned("classes: {}\n", "c" * 64).startswith(f"sha256: {'c' * 64}")


def test_in_every_class_map_that_ships_the_projects_own_words_count_for_what_they_should():
    maps = sorted(p for p in MODELS.glob("*.yaml") if not p.name.endswith(".arch.yaml"))
    assert len(maps) >= 2
    for path in maps:
        for meaning in read_class_map(path).classes.values():
            assert PROJECT_LABELS.get(meaning.label, meaning.role) == meaning.role, (path, meaning)


def test_the_street_has_fifteen_classes_and_each_has_a_role():
    assert len(STREET_LABELS) == 15
    assert set(PROJECT_LABELS.values()) <= set(ROLES)


# -- metadata without a library --------------------------------------------------------------------


def test_metadata_read_by_hand_is_what_onnx_runtime_reads():
    data = MODEL.read_bytes()
    assert read_metadata(MODEL, data) == networks.OnnxRuntimeNetwork(MODEL, data, 1).metadata


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_have_metadata_or_are_refused(data):
    try:
        found = read_metadata(Path("m.onnx"), data)
    except ConfigError:
        return
    assert all(isinstance(k, str) and isinstance(v, str) for k, v in found.items())


@given(st.integers(0, 3_724_245))
@settings(max_examples=60, deadline=None)
def test_a_model_cut_anywhere_is_refused_or_has_less_to_say(at):
    data = MODEL.read_bytes()
    try:
        found = read_metadata(MODEL, data[:at])
    except ConfigError:
        return
    assert set(found) <= set(read_metadata(MODEL, data))
