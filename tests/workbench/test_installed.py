"""Models get into the folder checked, whole, and never over another; the list says what is left to do."""

from __future__ import annotations

import hashlib
import http.server
import json
import shutil
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from edge_agent.cli.main import main
from edge_agent.devices.detector.class_map import read_class_map
from edge_agent.errors import ConfigError, DeviceError, UsageError
from edge_agent.workbench import installed as module
from edge_agent.workbench.installed import install, installed

MODELS = Path(__file__).parents[2] / "models"
MODEL = MODELS / "bridge-synthetic.onnx"
DIGEST = hashlib.sha256(MODEL.read_bytes()).hexdigest()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "models"


def files(folder):
    return sorted(p.name for p in folder.iterdir())


def test_a_model_with_its_map_beside_it_is_installed_with_that_map(folder):
    done = install(str(MODEL), folder, DIGEST)
    assert (done.sha256, done.fresh, done.template) == (DIGEST, True, False)
    assert files(folder) == ["bridge-synthetic.onnx", "bridge-synthetic.yaml"]
    assert read_class_map(done.class_map).role_of("truck").role == "evidence"
    [model] = installed(folder)
    assert (model.pinned, model.size, model.roles["evidence"]) == (True, "320x320", 3)


def test_a_model_without_a_map_gets_one_in_which_every_class_is_ignored(folder, tmp_path):
    shutil.copyfile(MODEL, tmp_path / "ours.onnx")
    done = install(str(tmp_path / "ours.onnx"), folder)
    assert done.template
    assert read_class_map(done.class_map).sha256 == DIGEST
    [model] = installed(folder)
    assert model.roles == {"evidence": 0, "context": 0, "ignore": 4}
    assert model.notes == ("every class is ignored: say in ours.yaml what they mean", "no card")


def test_the_same_model_again_changes_nothing(folder):
    install(str(MODEL), folder)
    (folder / "bridge-synthetic.yaml").write_text("# ours\nclasses: {truck: {label: truck, role: context}}\n")
    done = install(str(MODEL), folder)
    assert not done.fresh
    assert done.class_map.read_text().startswith("# ours")


def test_another_model_of_the_same_name_is_never_overwritten(folder, tmp_path):
    folder.mkdir()
    (folder / "bridge-synthetic.onnx").write_bytes(b"the one that runs")
    with pytest.raises(UsageError, match=r"is there and another model .*nothing was changed"):
        install(str(MODEL), folder)
    assert (folder / "bridge-synthetic.onnx").read_bytes() == b"the one that runs"
    assert files(folder) == ["bridge-synthetic.onnx"]


@pytest.mark.parametrize("data", [b"", b"<html>404</html>", MODEL.read_bytes()[:100_000]])
def test_what_is_no_model_leaves_nothing_behind_and_is_named(folder, tmp_path, data):
    source = tmp_path / "given.onnx"
    source.write_bytes(data)
    with pytest.raises(ConfigError, match=r"given\.onnx: "):
        install(str(source), folder)
    assert files(folder) == []


def test_a_map_that_speaks_of_other_classes_is_refused(folder, tmp_path):
    shutil.copyfile(MODEL, tmp_path / "m.onnx")
    (tmp_path / "m.yaml").write_text("classes: {stall: {label: stall, role: evidence}}\n")
    with pytest.raises(ConfigError, match=r"m\.yaml: classes\.stall: names stall, which the model does not"):
        install(str(tmp_path / "m.onnx"), folder)
    assert files(folder) == []


def test_a_map_that_accepts_another_file_keeps_this_one_out(folder):
    folder.mkdir()
    (folder / "bridge-synthetic.yaml").write_text(f"sha256: '{'0' * 64}'\nclasses: {{}}\n")
    with pytest.raises(UsageError, match=f"accepts the file with SHA-256 0000.*this one has {DIGEST}"):
        install(str(MODEL), folder)
    assert files(folder) == ["bridge-synthetic.yaml"]


def test_another_file_than_was_meant_is_not_even_looked_into(folder, tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"not a model")
    with pytest.raises(UsageError, match=r"you expected 0000.*not installed"):
        install(str(tmp_path / "m.onnx"), folder, "0" * 64)
    assert files(folder) == []


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("absent.onnx", "no such file"),
        ("weights.pt", "only NAME.onnx can be installed.*model export"),
        ("http://example.org/m.onnx", "https only"),
        ("ftp://example.org/m.onnx", "https only"),
        ("file:///etc/m.onnx", "https only"),
        ("https://example.org/m.onnx", "add --sha256"),
        ("https://example.org/m.onnx?x=.pt", "add --sha256"),
        ("https://example.org/..%2f..%2fetc%2f.onnx", "only NAME.onnx"),
    ],
)
def test_a_call_that_makes_no_sense_says_what_to_do(folder, source, message):
    with pytest.raises(UsageError, match=message):
        install(source, folder)


# -- from an address -------------------------------------------------------------------------------


class Files(http.server.BaseHTTPRequestHandler):
    """/m.onnx is the model, /cut.onnx ends early, /plain.onnx leads to http, everything else is not there."""

    def do_GET(self):
        data = MODEL.read_bytes()
        if self.path == "/plain.onnx":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1/m.onnx")
            self.end_headers()
            return
        if self.path not in {"/m.onnx", "/cut.onnx"}:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data if self.path == "/m.onnx" else data[:1000])

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A real https server whose certificate this process trusts."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(cert))
        yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_model_is_fetched_by_https_and_its_digest(address, folder):
    steps = []
    done = install(f"{address}/m.onnx", folder, DIGEST, lambda so_far, of: steps.append((so_far, of)))
    assert done.sha256 == DIGEST
    assert steps[-1] == (MODEL.stat().st_size, MODEL.stat().st_size)
    assert done.template


def test_a_fetched_file_that_is_not_the_meant_one_is_not_installed(address, folder):
    with pytest.raises(UsageError, match="you expected"):
        install(f"{address}/m.onnx", folder, "1" * 64)
    assert files(folder) == []


@pytest.mark.parametrize(
    ("path", "message"), [("/cut.onnx", "nothing was installed"), ("/absent.onnx", "answers 404")]
)
def test_a_download_that_fails_leaves_nothing_and_may_be_tried_again(address, folder, path, message):
    with pytest.raises(DeviceError, match=message):
        install(address + path, folder, DIGEST)
    assert files(folder) == []


def test_a_redirect_out_of_https_is_not_followed(address, folder):
    with pytest.raises(UsageError, match="https only"):
        install(f"{address}/plain.onnx", folder, DIGEST)


def test_a_server_that_nobody_vouches_for_is_not_believed(address, folder, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(DeviceError, match="CERTIFICATE_VERIFY_FAILED"):
        install(f"{address}/m.onnx", folder, DIGEST)


def test_a_file_without_an_end_is_given_up(address, folder, monkeypatch):
    monkeypatch.setattr(module, "MAX_MODEL_BYTES", 100_000)
    with pytest.raises(UsageError, match="over 100000 bytes"):
        install(f"{address}/m.onnx", folder, DIGEST)
    assert files(folder) == []


# -- the list --------------------------------------------------------------------------------------


def test_the_list_names_what_the_technician_must_see_to(folder):
    folder.mkdir()
    shutil.copyfile(MODEL, folder / "a.onnx")
    shutil.copyfile(MODEL, folder / "b.onnx")
    (folder / "b.yaml").write_text(
        f"sha256: '{'0' * 64}'\nclasses: {{truck: {{label: truck, role: evidence}}}}\n"
    )
    (folder / "c.onnx").write_bytes(b"torn")
    notes = {m.name: " | ".join(m.notes) for m in installed(folder)}
    assert "no class map" in notes["a"]
    assert "b.yaml accepts another file: 000000000000" in notes["b"]
    assert "not a model that ONNX Runtime can load" in notes["c"]


def test_the_models_that_ship_are_listed_with_digest_and_licence(capsys):
    assert main(["model", "list", "--dir", str(MODELS), "--json"]) == 0
    listed = {m["name"]: m for m in json.loads(capsys.readouterr().out)["models"]}
    ours = listed["bridge-synthetic"]
    assert ours["sha256"] == DIGEST
    assert ours["pinned"]
    assert ours["licence"].startswith("AGPL-3.0")
    assert ours["notes"] == []
    assert main(["model", "list", "--dir", str(MODELS)]) == 0
    assert DIGEST[:12] in capsys.readouterr().out


def test_a_mistake_at_the_keyboard_is_a_sentence_and_status_2(capsys, tmp_path):
    assert main(["model", "list", "--dir", str(tmp_path / "absent")]) == 2
    assert main(["model", "install", "https://example.org/m.onnx", "--dir", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "no such folder" in said
    assert "--sha256" in said
    assert "Traceback" not in said
