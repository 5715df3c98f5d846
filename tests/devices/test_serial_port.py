"""A real pseudo-terminal stands for the cable; a link to it can be pulled out and put back."""

from __future__ import annotations

import os
import queue
import socket
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from edge_agent.core.events import DeviceChanged, Event, RegistersRead, SerialBytes
from edge_agent.core.units import Ns
from edge_agent.core.weigh.protocols import make_decoder
from edge_agent.core.weigh.samples import Samples
from edge_agent.devices.modbus import ModbusPort
from edge_agent.devices.serial import SerialPort
from edge_agent.devices.settings_ports import SerialPortSettings

A9_FRAME = bytes.fromhex("02 2B 30 30 32 30 30 30 32 31 42 03")
DEADLINE_S = 10.0


class Cable:
    """A pty pair behind a path that can be unplugged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.master = -1
        self.slave = -1

    def plug_in(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.path.symlink_to(os.ttyname(self.slave))

    def pull_out(self) -> None:
        self.path.unlink()
        os.close(self.slave)
        os.close(self.master)
        self.master = -1

    def send(self, data: bytes) -> None:
        os.write(self.master, data)

    def asked(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            found += os.read(self.master, size - len(found))
        return found


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    made = Cable(tmp_path / "ttyWIM")
    made.plug_in()
    yield made
    if made.master >= 0:
        made.pull_out()


class Heard:
    """Events as they come, with a deadline."""

    def __init__(self) -> None:
        self.events: queue.Queue[Event] = queue.Queue()

    def until(self, wanted: Callable[[Event], bool]) -> Event:
        end = time.monotonic() + DEADLINE_S
        while True:
            event = self.events.get(timeout=max(end - time.monotonic(), 0.001))
            if wanted(event):
                return event

    def changed(self, state: str) -> DeviceChanged:
        event = self.until(lambda e: isinstance(e, DeviceChanged) and e.state == state)
        assert isinstance(event, DeviceChanged)
        return event

    def data(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            event = self.until(lambda e: isinstance(e, SerialBytes))
            assert isinstance(event, SerialBytes)
            found += event.data
        return found


def now() -> Ns:
    return Ns(time.monotonic_ns())


def port_settings(cable: Cable, **changes: Any) -> SerialPortSettings:
    return SerialPortSettings.model_validate(
        {
            "id": "wim",
            "device": str(cable.path),
            "reconnect_ms_max": 100,
            "protocol": {"kind": "yaohua_a9"},
            **changes,
        }
    )


@pytest.fixture
def heard() -> Heard:
    return Heard()


def test_bytes_arrive_as_sent_stamped_after_they_were_sent(cable, heard):
    port = SerialPort(port_settings(cable), heard.events.put, now)
    port.start()
    heard.changed("up")
    sent_at = now()
    every_byte = bytes(range(256))  # XON, XOFF, CR, LF and NUL among them

    cable.send(every_byte)
    event = heard.until(lambda e: isinstance(e, SerialBytes))
    assert isinstance(event, SerialBytes)
    rest = heard.data(256 - len(event.data)) if len(event.data) < 256 else b""
    port.stop()

    assert event.data + rest == every_byte
    assert event.port == "wim"
    assert sent_at <= event.at <= now()


def test_a_cable_pulled_out_is_told_and_put_back_is_read_again(cable, heard):
    port = SerialPort(port_settings(cable), heard.events.put, now)
    port.start()
    heard.changed("up")
    cable.send(A9_FRAME)
    assert heard.data(12) == A9_FRAME

    cable.pull_out()
    down = heard.changed("down")
    cable.plug_in()
    heard.changed("up")
    cable.send(A9_FRAME)

    assert heard.data(12) == A9_FRAME
    assert down.device == "port/wim"
    port.stop()


def test_a_port_that_is_not_there_is_told_once_and_opened_when_it_comes(cable, heard):
    cable.pull_out()
    port = SerialPort(port_settings(cable), heard.events.put, now)
    port.start()
    heard.changed("down")

    cable.plug_in()
    heard.changed("up")
    port.stop()

    assert heard.events.empty()


def test_stopping_does_not_wait_for_the_line(cable, heard):
    port = SerialPort(port_settings(cable), heard.events.put, now)
    port.start()
    heard.changed("up")

    began = time.monotonic()
    port.stop()

    assert time.monotonic() - began < 0.5


def test_a_port_may_be_stopped_twice_and_before_it_was_started(cable, heard):
    port = SerialPort(port_settings(cable), heard.events.put, now)

    port.stop()
    port.stop()


def test_a_mistake_behind_the_port_is_told_and_does_not_silence_the_scale(cable, heard):
    failed = []

    def emit(event: Event) -> None:
        if isinstance(event, SerialBytes) and not failed:
            failed.append(event)
            raise KeyError("a bug")
        heard.events.put(event)

    port = SerialPort(port_settings(cable), emit, now)
    port.start()
    heard.changed("up")
    cable.send(A9_FRAME)
    assert "KeyError" in heard.changed("down").detail
    heard.changed("up")
    cable.send(A9_FRAME)

    assert heard.data(12) == A9_FRAME
    port.stop()


def test_nothing_is_ever_written_to_an_instrument_that_speaks_by_itself(cable, heard):
    port = SerialPort(port_settings(cable), heard.events.put, now)
    port.start()
    heard.changed("up")
    for _ in range(20):
        cable.send(A9_FRAME)
    heard.data(240)
    port.stop()

    os.set_blocking(cable.master, False)
    with pytest.raises(BlockingIOError):
        os.read(cable.master, 1)


def test_command_mode_asks_for_gross_again_and_again(cable, heard):
    settings = port_settings(cable, protocol={"kind": "yaohua_cmd", "poll_ms": 20})
    decoder = make_decoder(settings.protocol)
    port = SerialPort(settings, heard.events.put, now)
    port.start()
    heard.changed("up")
    reply = bytes.fromhex("02 41 42 2B 30 30 32 30 30 30 32 31 38 03")
    for _ in range(3):
        assert cable.asked(6) == bytes.fromhex("02 41 42 30 33 03")
        cable.send(reply)
        [samples] = decoder.feed(now(), heard.data(14))
        assert isinstance(samples, Samples)
        assert samples.values.tolist() == [[20_000]]
    port.stop()


def test_an_hbm_stream_is_started_only_when_configured(cable, heard):
    settings = port_settings(cable, protocol={"kind": "hbm_aed", "start_command": "MSV?0;"})
    port = SerialPort(settings, heard.events.put, now)
    port.start()
    heard.changed("up")

    assert cable.asked(6) == b"MSV?0;"
    port.stop()


def test_a_fast_stream_is_read_in_batches(cable, heard):
    settings = port_settings(cable, baud=921_600, protocol={"kind": "adc", "channels": 8})
    port = SerialPort(settings, heard.events.put, now)
    port.start()
    heard.changed("up")
    for _ in range(200):
        cable.send(b"0123456789" * 2)
        time.sleep(0.001)  # paces the sender
    reads, size = 0, 0
    while size < 4_000:
        event = heard.until(lambda e: isinstance(e, SerialBytes))
        assert isinstance(event, SerialBytes)
        reads, size = reads + 1, size + len(event.data)
    port.stop()

    assert size == 4_000
    assert reads <= 60  # 200 writes over at least 200 ms, a read every 20 ms


@pytest.mark.parametrize(
    ("changes", "batch_s"),
    [
        ({"baud": 9_600}, 0.0),
        ({"baud": 921_600}, 0.02),
        ({"baud": 12_000_000}, 2048 * 10 / 12_000_000),
        ({"baud": 9_600, "batch_ms": 5}, 0.005),
        ({"baud": 921_600, "batch_ms": 0}, 0.0),
    ],
)
def test_a_batch_never_outgrows_the_kernels_buffer(cable, changes, batch_s):
    assert port_settings(cable, **changes).batch_s == pytest.approx(batch_s)


def test_a_serial_server_on_the_network_is_read_and_found_again(cable, heard):
    with socket.create_server(("127.0.0.1", 0)) as server:
        device = f"socket://127.0.0.1:{server.getsockname()[1]}"
        port = SerialPort(port_settings(cable, device=device), heard.events.put, now)
        port.start()
        for _ in range(2):
            line, _ = server.accept()
            heard.changed("up")
            line.sendall(A9_FRAME)
            assert heard.data(12) == A9_FRAME
            line.close()
            heard.changed("down")
        port.stop()


def test_two_programs_cannot_share_a_port(cable, heard):
    first, second = Heard(), Heard()
    one = SerialPort(port_settings(cable), first.events.put, now)
    one.start()
    first.changed("up")
    other = SerialPort(port_settings(cable), second.events.put, now)
    other.start()

    assert "lock" in second.changed("down").detail
    other.stop()
    one.stop()


@pytest.mark.parametrize(
    ("changes", "char_ns"),
    [
        ({"baud": 9600}, 1_041_666),
        ({"baud": 9600, "framing": "7E1"}, 1_041_666),
        ({"baud": 9600, "framing": "8E1"}, 1_145_833),
        ({"baud": 9600, "back_date": False}, 0),
        ({"device": "socket://10.0.0.2:4001"}, 0),
    ],
)
def test_the_time_of_a_character_follows_from_the_line(cable, changes, char_ns):
    assert port_settings(cable, **changes).char_ns == char_ns


def test_modbus_over_a_network_address_is_refused(cable):
    with pytest.raises(ValidationError, match="serial device"):
        port_settings(
            cable, device="socket://10.0.0.2:502", protocol={"kind": "modbus_rtu", "preset": "laumas"}
        )


MODBUS = {"kind": "modbus_rtu", "preset": "laumas", "poll_ms": 20}
M1_ASK = bytes.fromhex("01 03 00 07 00 02 75 CA")
M2 = bytes.fromhex("01 03 04 00 00 4E 20 CE 4B")
M3 = bytes.fromhex("01 03 04 FF FF FC 18 BB 1D")
M5 = bytes.fromhex("01 83 02 C0 F1")
M2_DAMAGED = bytes.fromhex("01 03 04 00 00 4E 21 CE 4B")


def registers_read(heard: Heard) -> RegistersRead:
    event = heard.until(lambda e: isinstance(e, RegistersRead))
    assert isinstance(event, RegistersRead)
    return event


def test_modbus_registers_are_polled_by_reading_them(cable, heard):
    port = ModbusPort(port_settings(cable, protocol=MODBUS), heard.events.put, now)
    port.start()
    heard.changed("up")
    answers = [(M2, (0, 20_000), ""), (M3, (0xFFFF, 0xFC18), ""), (M5, (), "refused: illegal data address")]
    for reply, registers, problem in answers:
        assert cable.asked(8) == M1_ASK
        cable.send(reply)
        event = registers_read(heard)
        assert (event.port, event.address) == ("wim", 7)
        assert (event.registers, event.problem) == (registers, problem)
    port.stop()


def test_modbus_silence_and_damage_are_problems_and_polling_goes_on(cable, heard):
    port = ModbusPort(port_settings(cable, protocol=MODBUS), heard.events.put, now)
    port.start()
    heard.changed("up")
    assert cable.asked(8) == M1_ASK
    assert registers_read(heard).problem == "no answer"

    assert cable.asked(8) == M1_ASK
    cable.send(M2_DAMAGED)
    assert registers_read(heard).problem == "no answer"

    assert cable.asked(8) == M1_ASK
    cable.send(M2)
    assert registers_read(heard).registers == (0, 20_000)
    port.stop()


def test_modbus_cable_pulled_out_and_put_back(cable, heard):
    port = ModbusPort(port_settings(cable, protocol=MODBUS), heard.events.put, now)
    port.start()
    heard.changed("up")
    assert cable.asked(8) == M1_ASK

    cable.pull_out()
    heard.changed("down")
    cable.plug_in()
    heard.changed("up")
    assert cable.asked(8) == M1_ASK
    cable.send(M2)

    event = heard.until(lambda e: isinstance(e, RegistersRead) and not e.problem)
    assert isinstance(event, RegistersRead)
    assert event.registers == (0, 20_000)
    port.stop()


def test_modbus_port_refuses_a_protocol_of_bytes(cable, heard):
    with pytest.raises(TypeError, match="yaohua_a9"):
        ModbusPort(port_settings(cable), heard.events.put, now)
