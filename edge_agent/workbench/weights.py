"""`.pt` files are pickles: loading one runs what is in it. Only those that somebody vouched for are loaded.

Vouched for: made by `edge-agent model train` (it writes `weights.sha256` beside its run), or named by
digest on the command line.
"""

from __future__ import annotations

from pathlib import Path

from edge_agent.devices.detector.model_files import file_sha256
from edge_agent.errors import UsageError

LEDGER = "weights.sha256"  # in the run's folder; `sha256sum -c` reads it


def vouch_for(weights: Path, run: Path) -> str:
    """Write down that these weights came out of our own training; returns their digest."""
    digest = file_sha256(weights)
    (run / LEDGER).write_text(f"{digest}  {weights.relative_to(run)}\n", encoding="utf-8")
    return digest


def must_be_vouched_for(weights: Path, sha256: str) -> str:
    """The digest of weights that may be loaded. What is no pickle needs nobody's word.

    Raises:
        UsageError: they are not there, or nobody vouched for them.
    """
    if not weights.is_file():
        raise UsageError(f"{weights}: no such file")
    digest = file_sha256(weights)
    if sha256 and sha256 != digest:
        raise UsageError(f"{weights}: SHA-256 is {digest}, you expected {sha256}: this is another file")
    if weights.suffix == ".onnx" or sha256 or digest in _ledger(weights):
        return digest
    raise UsageError(
        f"{weights}: loading a {weights.suffix} file runs the code in it. "
        f"If you trust where it is from, add: --sha256 {digest}"
    )


def _ledger(weights: Path) -> set[str]:
    """Digests that our own training wrote down: in the weights' folder or the two above it."""
    files = [folder / LEDGER for folder in weights.resolve().parents[:3]]
    lines = [line for f in files if f.is_file() for line in f.read_text(encoding="utf-8").splitlines()]
    return {line.split()[0] for line in lines if line.split()}
