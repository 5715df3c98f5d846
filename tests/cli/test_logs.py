"""One event is one line, and no password is in it."""

import io
import json
import logging

import pytest

from edge_agent.cli.logs import JsonLines, LogFormat, TextLines, set_up


def open_camera():
    raise OSError("rtsp://admin:secret@10.0.0.1/1 is away")


@pytest.fixture
def log():
    """(logger, lines said with a formatter)"""
    logger = logging.getLogger("edge_agent.test")
    logger.propagate = False
    logger.setLevel(logging.INFO)

    def said(formatter, tell):
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        logger.handlers = [handler]
        tell(logger)
        return stream.getvalue()

    return said


def test_json_has_what_a_machine_looks_for(log):
    text = log(JsonLines(), lambda out: out.warning("sealed %d\nforged", 7, extra={"seq": 7}))

    assert text.count("\n") == 1
    said = json.loads(text)
    assert said.pop("ts").endswith("Z")
    assert said == {
        "level": "warning",
        "logger": "edge_agent.test",
        "part": "MainThread",
        "msg": "sealed 7\nforged",
        "seq": 7,
    }


def test_an_exception_is_in_the_same_line(log):
    def tell(out):
        try:
            open_camera()
        except OSError:
            out.exception("bug")

    text = log(JsonLines(), tell)
    assert text.count("\n") == 1
    assert "OSError: rtsp://***@10.0.0.1/1 is away" in json.loads(text)["exc"]
    assert "secret" not in log(TextLines("%(message)s"), tell)


def test_text_is_one_line_whatever_a_device_says(log):
    text = log(TextLines("%(levelname)s %(message)s"), lambda out: out.info("x\r\nCRITICAL forged"))

    assert text == "INFO x\\r\\nCRITICAL forged\n"


@pytest.mark.parametrize("form", LogFormat)
def test_a_password_in_an_address_is_left_out(log, form):
    formatter = JsonLines() if form is LogFormat.JSON else TextLines("%(message)s")
    assert "secret" not in log(formatter, lambda out: out.info("rtsp://u:secret@host/x"))


def test_setting_up_twice_leaves_one_handler():
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        root.handlers = []
        set_up(LogFormat.TEXT)
        set_up(LogFormat.JSON)
        [handler] = root.handlers
        assert isinstance(handler.formatter, JsonLines)
    finally:
        root.handlers, root.level = before, level


def test_a_password_with_an_at_in_it_does_not_go_out_either(log):
    """Cameras' passwords often stand unescaped in their addresses; FFmpeg takes the last @."""
    text = log(TextLines("%(message)s"), lambda out: out.info("rtsp://admin:p@ss@10.0.0.1/1, then x@y"))
    assert text == "rtsp://***@10.0.0.1/1, then x@y\n"
