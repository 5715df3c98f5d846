"""Two runs held against each other: what became of every vehicle and zone, what differs, and why."""
