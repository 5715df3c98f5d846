"""The serial line: a thread that opens the port, stamps what it reads, and opens it again when it is gone.

Bytes are stamped when the read returns and go on as they are: nothing is decoded here, so that a
recording holds what the instrument sent. Written are only the requests of
`core/weigh/protocols/requests.py`, which can read and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import random
import select
import threading
import time
from collections.abc import Callable
from typing import Any

from edge_agent.core.events import DeviceChanged, Event, SerialBytes
from edge_agent.core.units import Ns, S
from edge_agent.core.weigh.protocols.requests import Poll, opening_of, poll_of
from edge_agent.devices.settings_ports import BATCH_BYTES, SerialPortSettings
from edge_agent.progress import Pulse

READ_BYTES = 4096  # what the kernel keeps of a terminal
MOST_BYTES = 65_536  # in one event
WRITE_TIMEOUT_S = 1.0
LOOK_AGAIN_S = 1.0  # a select returns at least this often; stopping does not wait for it
FIRST_RETRY_S = 0.2
LONGEST_ROUND_S = 30  # beside the wait between attempts and between questions; a driver may be slow to open

Emit = Callable[[Event], None]
Clock = Callable[[], Ns]


class Reopener:
    """The thread of a port: open, use until it fails, wait a little longer each time, open again."""

    def __init__(self, settings: SerialPortSettings, emit: Emit, clock: Clock) -> None:
        self.settings = settings
        self.emit = emit
        self.clock = clock
        self.stopping = threading.Event()
        self.bytes_read = 0
        self._device = f"port/{settings.id}"
        self._state = ("", "")
        self.pulse = Pulse(self._device, LONGEST_ROUND_S + settings.reconnect_ms_max / 1000)
        self._thread = threading.Thread(target=self._run, name=self._device, daemon=True)

    @property
    def name(self) -> str:
        """As configured."""
        return self.settings.id

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns when the thread has ended and the device is closed."""
        self.stopping.set()
        self.wake()
        if self._thread.is_alive():
            self._thread.join()

    def wake(self) -> None:
        """Make `use` look at `stopping` at once."""

    def use(self) -> None:
        """Open the device, call `is_up`, work until stopped. OSError: it is gone."""
        raise NotImplementedError

    def is_up(self) -> None:
        """The device is open."""
        self._tell("up", "")

    def _run(self) -> None:
        with self.pulse:
            self._use_until_stopped()

    def _use_until_stopped(self) -> None:
        attempt = 0
        while not self.stopping.is_set():
            self.pulse.beat()
            opened_at = time.monotonic()
            try:
                self.use()
            except OSError as error:  # pyserial's SerialException is one
                self._tell("down", str(error)[:200])
            except Exception as error:  # noqa: BLE001  top of a thread: dead, it would look like a silent scale
                self._tell("down", f"{type(error).__name__}: {error}"[:200])  # termios.error for one
            if time.monotonic() - opened_at > self.settings.reconnect_ms_max / 1000:
                attempt = 0  # it worked for a while
            self.stopping.wait(self._delay_s(attempt))
            attempt += 1

    def _delay_s(self, attempt: int) -> float:
        """Doubling up to the limit; half of it random, so that ports do not knock in step."""
        longest: float = min(FIRST_RETRY_S * 2.0 ** min(attempt, 16), self.settings.reconnect_ms_max / 1000)
        return longest * (0.5 + random.random() / 2)  # noqa: S311  not a secret

    def _tell(self, state: str, detail: str) -> None:
        """Only changes are events, not every failed attempt."""
        if (state, detail) != self._state and not self.stopping.is_set():
            self._state = (state, detail)
            self.emit(DeviceChanged(self.clock(), self._device, state, detail))


class SerialPort(Reopener):
    """Listens to an instrument; asks it where the protocol is one of questions."""

    def __init__(self, settings: SerialPortSettings, emit: Emit, clock: Clock) -> None:
        super().__init__(settings, emit, clock)
        self._poll = poll_of(settings.protocol)
        self._opening = opening_of(settings.protocol)
        self._wake_read, self._wake_write = os.pipe()

    def wake(self) -> None:
        """End the select that `_listen` waits in."""
        os.write(self._wake_write, b"x")

    def stop(self) -> None:
        """End; returns when the thread has ended and the device is closed."""
        if not self.stopping.is_set():
            super().stop()
            os.close(self._wake_read)
            os.close(self._wake_write)

    def use(self) -> None:
        """Open and listen."""
        line = open_line(self.settings)
        try:
            self.is_up()
            if self._opening:
                line.write(self._opening)
            self._listen(line)
        finally:
            line.close()

    def _listen(self, line: Any) -> None:
        fd, batch_s, port = line.fileno(), self.settings.batch_s, self.settings.id
        ask = _Asker(self._poll, line)
        before = 0
        while True:
            self.pulse.beat()
            ready, _, _ = select.select([fd, self._wake_read], [], [], min(ask.wait_s(), LOOK_AGAIN_S))
            if self.stopping.is_set():
                return
            if fd not in ready:
                continue
            try:
                data = _read_all(fd)
            except BlockingIOError:
                continue
            at = self.clock()
            self.bytes_read += len(data)
            self.emit(SerialBytes(at, port, data))
            # In a backlog one short read is the sender catching its breath, not the line's own pace.
            if batch_s and max(before, len(data)) < BATCH_BYTES and self.stopping.wait(batch_s):
                return
            before = len(data)


def _read_all(fd: int) -> bytes:
    """What has come; a backlog is read in one go, larger pieces decode faster.

    Raises:
        BlockingIOError: nothing has come.
        OSError: the other side is gone.
    """
    data = os.read(fd, READ_BYTES)
    if not data:
        raise OSError("the line was closed by the other side")
    if len(data) < BATCH_BYTES:
        return data
    parts, size = [data], len(data)
    with contextlib.suppress(BlockingIOError):
        while data and size < MOST_BYTES:
            data = os.read(fd, READ_BYTES)
            parts.append(data)
            size += len(data)
    return b"".join(parts)  # if the line was closed meanwhile, the next read says so


class _Asker:
    """Sends the poll request when it is due; without one, only says how long to wait."""

    def __init__(self, poll: Poll | None, line: Any) -> None:
        self._poll = poll
        self._line = line
        self._due = time.monotonic()

    def wait_s(self) -> float:
        """Send what is due; seconds until the next."""
        if self._poll is None:
            return LOOK_AGAIN_S
        now = time.monotonic()
        if now >= self._due:
            self._line.write(self._poll.request)
            every_s = self._poll.every / S
            self._due += every_s * ((now - self._due) // every_s + 1)  # asked late: skip, do not catch up
        return max(self._due - time.monotonic(), 0.0)


def open_line(settings: SerialPortSettings) -> Any:
    """An open pyserial port: exclusive, no flow control (XOFF is a weight's checksum now and then).

    Raises:
        OSError: it cannot be opened.
    """
    import serial  # noqa: PLC0415  only where a line is opened

    line = serial.serial_for_url(settings.device, do_not_open=True)
    line.baudrate = settings.baud
    line.bytesize, line.parity, line.stopbits = settings.data_bits, settings.parity, settings.stop_bits
    line.timeout, line.write_timeout = 0, WRITE_TIMEOUT_S
    line.xonxoff = line.rtscts = line.dsrdtr = False
    line.dtr, line.rts = settings.dtr, settings.rts
    if "://" not in settings.device:
        line.exclusive = True
    try:
        line.open()
    except ValueError as error:
        raise OSError(f"{settings.device}: {error}") from error
    if settings.low_latency and hasattr(line, "set_low_latency_mode"):
        # Not every driver has it; the sample clock bears with the delay.
        with contextlib.suppress(OSError, ValueError, NotImplementedError):
            line.set_low_latency_mode(True)
    return line
