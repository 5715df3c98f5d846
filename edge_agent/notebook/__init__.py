"""A recording in a notebook: `edge_agent.open_recording` (docs/notebook.md)."""
