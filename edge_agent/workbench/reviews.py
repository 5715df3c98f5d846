"""What people said of cases: one JSON object a line, appended; of one statement the last line counts.

    {"packet_id": "0190...", "verdict": "accept"}
    {"packet_id": "0191...", "verdict": "reject", "note": "parked delivery"}
    {"packet_id": "0192...", "verdict": "accept",
     "pictures": {"<sha256>": [{"label": "stall", "x_min": 120, "y_min": 300, "x_max": 480, "y_max": 700}]}}

accept: what the detector saw in the pictures is there. reject: of that, what counted as evidence is not.
pictures: everything that stands in a picture, instead of what the detector saw; permille of the picture.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from edge_agent.core.settings import Settings
from edge_agent.errors import ConfigError, Problem
from edge_agent.evidence.statement_parts import PacketId, Permille, Sha256

MAX_BOXES = 1_000


class TrueBox(Settings):
    """One thing that stands in a picture, as a person drew it."""

    label: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    x_min: Permille
    y_min: Permille
    x_max: Permille
    y_max: Permille

    @model_validator(mode="after")
    def _has_a_size(self) -> Self:
        if self.x_min >= self.x_max or self.y_min >= self.y_max:
            raise ValueError("needs x_min < x_max and y_min < y_max")
        return self


class Review(Settings):
    """A person's word on one statement."""

    packet_id: PacketId
    verdict: Literal["accept", "reject"]
    pictures: dict[Sha256, Annotated[tuple[TrueBox, ...], Field(max_length=MAX_BOXES)]] = Field(
        default_factory=dict
    )
    reviewer: Annotated[str, Field(max_length=200)] = ""
    note: Annotated[str, Field(max_length=1000)] = ""


def read_reviews(path: Path) -> dict[str, Review]:
    """All reviews by packet id.

    Raises:
        ConfigError: with every line that is wrong.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError((Problem(str(path), 0, "", f"cannot be read: {problem}"),)) from problem
    reviews: dict[str, Review] = {}
    problems: list[Problem] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            review = Review.model_validate_json(line)
        except ValidationError as problem:
            problems.extend(
                Problem(str(path), number, ".".join(map(str, e["loc"])), e["msg"], "see docs/models.md")
                for e in problem.errors()
            )
            continue
        reviews[review.packet_id] = review
    if problems:
        raise ConfigError(tuple(problems))
    return reviews
