"""Somebody else's captures, plate reads, vehicle records and videos as a recording (docs/import.md)."""
