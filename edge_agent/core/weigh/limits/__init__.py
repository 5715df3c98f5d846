"""Limits as separate evaluators, each with its own legal basis and its own words."""
