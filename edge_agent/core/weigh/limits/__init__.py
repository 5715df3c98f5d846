"""Limits as separate evaluators, each with its own legal basis and its own words."""

from edge_agent.core.weigh.limits.evaluate import Limits

__all__ = ["Limits"]
