"""The failure matrix: one row, one fault, provoked against the real parts and counted.

`edge-agent bench torture` runs rows; `scripts/torture` runs all of them and writes `docs/torture.md`.
"""
