"""edge-agent: roadside enforcement on one box. Read docs/architecture.md first."""

__version__ = "0.1.0"
