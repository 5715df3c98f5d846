"""A Modbus RTU transmitter on a serial line: polls its registers and hands them on as events.

The only functions called are 3 and 4, which read. Nothing here can write a register.
"""

from __future__ import annotations

import time
from typing import Any

from edge_agent.core.events import RegistersRead
from edge_agent.core.weigh.protocols.modbus import REFUSED
from edge_agent.core.weigh.protocols.settings import ModbusRtuSettings
from edge_agent.devices.serial import Clock, Emit, Reopener
from edge_agent.devices.settings_ports import SerialPortSettings

# A transmitter answers within some ms; the line needs 40 ms for 32 registers at 19200 baud.
ANSWER_WITHIN_S = 0.3

# Source: Modbus application protocol V1.1b3, section 7.
_REFUSALS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    6: "device busy",
}


class ModbusPort(Reopener):
    """Polls one transmitter at a fixed pace."""

    def __init__(self, settings: SerialPortSettings, emit: Emit, clock: Clock) -> None:
        if not isinstance(settings.protocol, ModbusRtuSettings):
            raise TypeError(f"port {settings.id} speaks {settings.protocol.kind}, not modbus_rtu")
        super().__init__(settings, emit, clock)
        self._map = settings.protocol

    def use(self) -> None:
        """Open and poll."""
        from pymodbus.client import ModbusSerialClient  # noqa: PLC0415  heavy

        client: Any = ModbusSerialClient(
            self.settings.device,
            baudrate=self.settings.baud,
            bytesize=self.settings.data_bits,
            parity=self.settings.parity,
            stopbits=self.settings.stop_bits,
            timeout=ANSWER_WITHIN_S,
            retries=0,
        )
        try:
            if not client.connect():
                raise OSError(f"{self.settings.device} cannot be opened")
            self.is_up()
            self._poll(client)
        finally:
            client.close()

    def _poll(self, client: Any) -> None:
        every_s = self._map.poll_ms / 1000
        due = time.monotonic()
        while not self.stopping.is_set():
            self.pulse.beat()
            registers, problem = self._read(client)
            at = self.clock()
            if not client.is_socket_open():
                raise OSError("the line was closed")
            self.bytes_read += 2 * len(registers)
            self.emit(RegistersRead(at, self.settings.id, self._map.first_register, registers, problem))
            now = time.monotonic()
            due += every_s * max((now - due) // every_s + 1, 1)  # answered late: skip, do not catch up
            self.stopping.wait(due - now)

    def _read(self, client: Any) -> tuple[tuple[int, ...], str]:
        """Registers, or why there are none."""
        from pymodbus.exceptions import ConnectionException, ModbusException  # noqa: PLC0415  heavy

        wanted = self._map
        function = client.read_holding_registers if wanted.function == 3 else client.read_input_registers
        try:
            answer = function(wanted.first_register, count=wanted.register_count, device_id=wanted.unit_id)
        except ConnectionException as error:
            raise OSError(str(error)) from error
        except ModbusException:
            return (), "no answer"
        if answer.isError():
            return (), f"{REFUSED}: {_REFUSALS.get(answer.exception_code, answer.exception_code)}"
        return tuple(answer.registers), ""
