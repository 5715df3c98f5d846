"""A platform as a city would run it: PostgreSQL, Mosquitto and several ingest processes.

All of it is real and on loopback; any ingest process can be killed and started again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import yaml

from edge_agent.bench.broker import Mosquitto
from edge_agent.bench.postgres import Postgres
from edge_agent.errors import DeviceError
from edge_agent.evidence.keys import FileKey
from edge_agent.ingest.settings import IngestSettings
from edge_agent.ingest.store import PlatformStore

TENANT = "city"
DATABASE = "platform"
# As docs/platform.md says: else Mosquitto deals out 20 messages at a time.
BROKER = "max_inflight_messages 200"
START_S = 60.0


class PlatformSite:
    """Everything under one folder; `stop` ends what `start` began.

    Args:
        folder: an empty one.
        processes: how many ingest processes.
        settings: more of `IngestSettings`.
    """

    def __init__(self, folder: Path, processes: int = 2, **settings: object) -> None:
        self.folder = folder
        self.postgres = Postgres()
        self.broker = Mosquitto(folder, BROKER)
        self.key = FileKey.generate(folder / "receipts.pem")
        (folder / "devices").mkdir()
        self.settings = IngestSettings.model_validate(
            {
                "mqtt": self.broker.settings("ingest"),
                "tenant": TENANT,
                "database": self.postgres.url(DATABASE),
                "data_dir": folder / "platform",
                "devices_dir": folder / "devices",
                "receipt_key_file": folder / "receipts.pem",
                **settings,
            }
        )
        self._ingests: list[subprocess.Popen[bytes] | None] = [None] * processes

    def enrol(self, device: str, key: FileKey) -> None:
        """From now on the platform believes what this key signs."""
        (self.settings.devices_dir / f"{device}.pem").write_bytes(key.public.pem)

    def start(self) -> PlatformSite:
        """All of it; returns when the ingest processes have subscribed."""
        self.start_servers()
        self.start_ingests()
        return self

    def start_servers(self) -> None:
        """PostgreSQL and Mosquitto."""
        self.postgres.start()
        self.postgres.new_database(DATABASE)
        self.broker.start()

    def start_ingests(self) -> None:
        """All of them; returns when they have subscribed."""
        for number in range(len(self._ingests)):
            self.start_ingest(number)
        for number in range(len(self._ingests)):
            self.wait_serving(number)

    def start_ingest(self, number: int) -> None:
        """Begin one; `wait_serving` says when it serves."""
        config = self.folder / "platform.yaml"
        config.write_text(yaml.safe_dump(self.settings.model_dump(mode="json")), encoding="utf-8")
        with self._log(number).open("wb") as log:
            self._ingests[number] = subprocess.Popen(  # noqa: S603 - our own argument list
                [sys.executable, "-m", "edge_agent", "ingest", "--config", str(config)],
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    def wait_serving(self, number: int) -> None:
        """Until the broker deals messages out to it."""
        until_s = time.monotonic() + START_S
        while b"serving" not in self._log(number).read_bytes():
            process = self._ingests[number]
            if process is None or process.poll() is not None or time.monotonic() > until_s:
                raise DeviceError(f"ingest {number} does not serve: {self.said(number)}")
            time.sleep(0.02)

    def kill_ingest(self, number: int) -> None:
        """SIGKILL."""
        process = self._ingests[number]
        assert process is not None
        assert process.poll() is None
        process.kill()
        process.wait()

    def lose_database(self) -> None:
        """As if its disk had died and no backup were there."""
        self.postgres.drop_database(DATABASE)
        self.postgres.new_database(DATABASE)

    def said(self, number: int) -> str:
        """What one of them has logged, the last of it."""
        return self._log(number).read_text(encoding="utf-8", errors="replace")[-2000:]

    def served(self, number: int) -> int:
        """End one and return how many messages it took in its life."""
        process = self._ingests[number]
        assert process is not None
        process.terminate()
        process.wait(timeout=60)
        last = self._log(number).read_text(encoding="utf-8").splitlines()[-1]
        return int(json.loads(last)["messages"])

    def alive(self) -> int:
        """Ingest processes that run."""
        return sum(process is not None and process.poll() is None for process in self._ingests)

    def store(self) -> PlatformStore:
        """To look at what has been stored; close it."""
        return PlatformStore.of(self.settings, serving=False)

    def stop_ingests(self) -> None:
        """SIGTERM, and wait."""
        for process in self._ingests:
            if process is not None and process.poll() is None:
                process.terminate()
        for process in self._ingests:
            if process is not None:
                process.wait(timeout=60)

    def stop(self) -> None:
        """End all of it, and forget the database."""
        self.stop_ingests()
        self.broker.stop()
        self.postgres.remove()

    def _log(self, number: int) -> Path:
        return self.folder / f"ingest-{number}.log"
