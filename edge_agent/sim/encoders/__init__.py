"""Serial encoders, one for each protocol: what the simulated instruments put on the line."""

from edge_agent.sim.encoders.registry import Encoder, make_encoder

__all__ = ["Encoder", "make_encoder"]
