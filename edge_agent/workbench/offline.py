"""A process without a network: whatever a library tries, nothing is sent and nothing is fetched.

Ultralytics is told to stay offline by its own variables. This is the seat belt for what it forgets.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

# Read by Ultralytics when it is imported.
QUIET = {
    "YOLO_OFFLINE": "true",
    "YOLO_AUTOINSTALL": "false",
    "YOLO_VERBOSE": "false",
    "WANDB_MODE": "disabled",
}
# With these a library would find an account to report to.
FORGOTTEN = (
    "ULTRALYTICS_API_KEY",
    "WANDB_API_KEY",
    "COMET_API_KEY",
    "CLEARML_API_ACCESS_KEY",
    "MLFLOW_TRACKING_URI",
)


def stay_offline() -> None:
    """From here on this process reaches only itself: connections leave neither the machine nor a name."""
    resolve, connect = socket.getaddrinfo, socket.socket.connect

    def own_names_only(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_own(host):
            raise socket.gaierror(
                socket.EAI_AGAIN, f"the model workbench works offline; not looking up {host!r}"
            )
        return resolve(host, *args, **kwargs)

    def own_machine_only(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_own(address[0]):
            raise ConnectionRefusedError(
                f"the model workbench works offline; not connecting to {address[0]!r}"
            )
        connect(self, address)

    socket.getaddrinfo = own_names_only
    socket.socket.connect = own_machine_only  # type: ignore[method-assign, assignment]  # the point


def _is_own(host: object) -> bool:
    if host in (None, "", "localhost", b"localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False
