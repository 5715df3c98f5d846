"""Plate texts as a viewer may show them."""

from __future__ import annotations

HIDDEN = "•"


class PlateWords:
    """Plates as they are, or with everything but the province hidden.

    The province and the length tell a misread from a plate; they name nobody.
    """

    def __init__(self, *, shown: bool) -> None:
        self.shown = shown

    def __call__(self, text: str) -> str:
        """One plate for people to see; what is empty says so.

        >>> PlateWords(shown=False)("沪A12345"), PlateWords(shown=True)("沪A12345")
        ('沪••••••', '沪A12345')
        """
        if not text:
            return "(nothing read)"
        return text if self.shown else text[0] + HIDDEN * (len(text) - 1)
