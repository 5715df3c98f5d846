"""Whether a picture can be judged at all, by what was measured of it."""

from __future__ import annotations

from edge_agent.core.scene import View
from edge_agent.core.street.settings import FitSettings


def unfit(view: View, fit: FitSettings) -> str:
    """The first reason for which nothing may be concluded from the picture; empty where it is fit.

    In this order: frozen, overexposed, covered, dark, no_reference, blurred, shifted. Blur and shift are
    against the reference: without one they are not asked.
    """
    if view.frozen_ms > fit.frozen_max_ms:
        return "frozen"
    if view.luma > fit.luma_max:
        return "overexposed"
    if view.contrast < fit.contrast_min:
        return "covered"
    if view.luma < fit.luma_min:
        return "dark"
    if not view.reference:
        return "no_reference" if fit.needs_reference else ""
    if view.sharpness < fit.sharpness_min:
        return "blurred"
    limit = fit.registered_max_mpx if view.registered else fit.shift_max_mpx
    return "shifted" if view.shift_mpx > limit else ""
