"""Whether a picture can be judged at all, by what was measured of it."""

from __future__ import annotations

from edge_agent.core.scene import View
from edge_agent.core.street.settings import FitSettings

# What a shift is called that could not be told: a whole picture, thousandths of a pixel at 480 px width.
UNKNOWN_MPX = 480_000


def unfit(view: View, fit: FitSettings) -> str:
    """The first reason for which nothing may be concluded from the picture; empty where it is fit.

    Blur and shift are against the reference: without one they are not asked. A shift that was measured but is
    too large to be taken out leaves no sharpness to speak of: it is the shift that is told.
    """
    limit = fit.registered_max_mpx if view.registered else fit.shift_max_mpx
    compared = bool(view.reference)
    wrong = (
        ("frozen", view.frozen_ms > fit.frozen_max_ms),
        ("overexposed", view.luma > fit.luma_max),
        ("covered", view.contrast < fit.contrast_min),
        ("dark", view.luma < fit.luma_min),
        ("no_reference", fit.needs_reference and not compared),
        ("shifted", compared and limit < view.shift_mpx < UNKNOWN_MPX),
        ("blurred", compared and view.sharpness < fit.sharpness_min),
        ("shifted", compared and view.shift_mpx > limit),
    )
    return next((reason for reason, is_so in wrong if is_so), "")
