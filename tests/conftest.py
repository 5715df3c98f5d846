"""What holds for all tests."""

from hypothesis import settings

# A slow machine is no wrong answer: what takes long is measured by `edge-agent bench`.
settings.register_profile("edge-agent", deadline=None)
settings.load_profile("edge-agent")
