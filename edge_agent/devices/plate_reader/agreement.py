"""When enough has been read of one vehicle: pictures cost time, and two sure ones that agree say enough."""

from __future__ import annotations

from collections import defaultdict

SURE = 0.9  # confidence; pictures that agree with less of it are followed by more pictures


class Agreement:
    """What the pictures of one passage have said so far."""

    def __init__(self, enough: int) -> None:
        self._needed = SURE * enough
        self._said: defaultdict[str, float] = defaultdict(float)

    def add(self, text: str, confidence: float) -> bool:
        """Count one picture's read; whether no further picture is needed.

        >>> agreement = Agreement(enough=2)
        >>> agreement.add("A", 0.95), agreement.add("B", 0.99), agreement.add("A", 0.9)
        (False, False, True)
        """
        self._said[text] += confidence
        return self._said[text] >= self._needed
