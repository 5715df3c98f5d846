"""What a replay decides held against what was decided live, event by event, in the reading of both."""

from __future__ import annotations

from itertools import zip_longest

from edge_agent.journal.compare import Difference


class BesideLive:
    """The first place where both part. Nothing is kept but the decisions of one event."""

    def __init__(self) -> None:
        self.present = False  # anything was decided live, in the window or not
        self._first: Difference | None = None
        self._live: list[str] = []
        self._replayed: list[str] = []
        self._number = 0

    def recorded(self, line: str) -> None:
        """A decision of the recording."""
        self._live.append(line)

    def replayed(self, line: str) -> None:
        """A decision of the replay."""
        self._replayed.append(line)

    def settle(self, *, torn: bool = False) -> None:
        """Both have said everything of one event; of a torn recording's last one, live perhaps not."""
        live, replayed = self._live, self._replayed
        self._live, self._replayed = [], []
        if live == replayed or (torn and replayed[: len(live)] == live):
            self._number += len(live)
            return
        for one, other in zip_longest(live, replayed, fillvalue=""):
            self._number += 1
            if one != other and self._first is None:
                self._first = Difference(self._number, one, other)

    @property
    def difference(self) -> Difference | None:
        """None where both said the same, or the recording says nothing of what was decided."""
        return self._first if self.present else None
