"""The black box: every event, written before the core sees it, and every decision beside it."""
