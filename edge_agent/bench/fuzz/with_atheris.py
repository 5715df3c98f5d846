"""The same targets under libFuzzer, where the package `atheris` is installed: coverage chooses the inputs.

    python -m edge_agent.bench.fuzz.with_atheris TARGET CORPUS... [libFuzzer's -options]

Not locked and not needed: `edge-agent bench fuzz` is what the tests and the documentation mean.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from edge_agent.errors import UsageError


def main(arguments: Sequence[str]) -> None:
    """Does not return."""
    try:
        import atheris  # noqa: PLC0415 - optional
    except ImportError:
        raise UsageError("the package atheris is not installed") from None

    logging.disable(logging.CRITICAL)
    with atheris.instrument_imports(include=["edge_agent"]):
        from edge_agent.bench.fuzz.target import check  # noqa: PLC0415 - only what is imported here is seen
        from edge_agent.bench.fuzz.targets import TARGETS  # noqa: PLC0415
    if not arguments or arguments[0] not in TARGETS:
        raise UsageError(f"TARGET: one of {', '.join(TARGETS)}")
    target = TARGETS[arguments[0]]

    def feed(data: bytes) -> None:
        finding = check(target, data)[1]
        if finding is not None:
            raise RuntimeError(finding.text)

    with tempfile.TemporaryDirectory(prefix="edge-agent-seeds-") as seeds:
        for number, seed in enumerate(target.seeds()):
            (Path(seeds) / str(number)).write_bytes(seed)
        # libFuzzer writes what it finds interesting to the first folder and only reads the others.
        atheris.Setup([sys.argv[0], f"-max_len={target.most_bytes}", *arguments[1:], seeds], feed)
        atheris.Fuzz()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UsageError as error:
        sys.exit(f"edge-agent: {error}")
