"""What stands in one zone: a camera's pictures in, one `Sample` each out.

    picture -> fit? -> boxes of the rule's classes whose foot is on the zone's ground          (ground)
            -> things: the same place again and again -> stands -> differs from the reference  (goods)
            -> enough of them: PRESENT
            -> something still that nobody explains: SUSPECT                                   (suspects)
            -> what was there, or most of the zone, is hidden: UNSEEN                          (surroundings)
            -> else ABSENT

The order of boxes does not matter. Nothing here grows: things, stills and vehicles are limited and expire.
"""

from __future__ import annotations

from collections.abc import Iterable

from edge_agent.core.events import SceneSeen
from edge_agent.core.scene import EvidenceItem, Finding
from edge_agent.core.street.fitness import unfit
from edge_agent.core.street.geometry import area, footprint
from edge_agent.core.street.goods import ITEM_LIMIT, Goods, Standing
from edge_agent.core.street.ground import Ground
from edge_agent.core.street.measure import Measure
from edge_agent.core.street.places import Place, Places
from edge_agent.core.street.sample import Sample
from edge_agent.core.street.settings import FitSettings, RuleSettings, ZoneSettings, permille
from edge_agent.core.street.surroundings import CONTEXT_LIMIT, MOSTLY, Around, Surroundings, to_box
from edge_agent.core.street.suspects import STILL_LIMIT, Suspects, still_box, unexplained
from edge_agent.core.units import MS, Ns, Permille, S

# More boxes than any street has in one picture; of more, the surest are looked at.
BOX_LIMIT = 256
# When the camera comes back, the still layer needs about this long to say what stands still.
CHANGE_WAIT_NS = Ns(10 * S)


class Occupancy:
    """The eyes of one zone."""

    def __init__(
        self,
        zone_name: str,
        zone: ZoneSettings,
        rule: RuleSettings,
        fit: FitSettings,
        beside: Iterable[ZoneSettings] = (),
    ) -> None:
        """One a zone; give it every picture of the zone's camera, in order.

        `beside`: the camera's other zones in which the same things would count.
        """
        self.zone_name = zone_name
        self._rule = rule
        self._fit = fit
        polygon = permille(zone.polygon)
        self._ground = Ground(
            polygon,
            tuple(permille(strip) for strip in zone.permitted),
            tuple(permille(other.polygon) for other in beside),
        )
        self._measure = (
            Measure(zone.metric.plane(), polygon, permille(zone.door_line)) if zone.metric else None
        )
        self._settle = Ns(min(rule.settle_s, rule.candidate_s) * S)
        self._wait = max(self._settle, CHANGE_WAIT_NS) if rule.needs_change else self._settle
        self.surroundings = Surroundings(self._ground, rule, self._places(CONTEXT_LIMIT))
        self.goods = Goods(self._ground, rule, self._places(ITEM_LIMIT))
        self.suspects = Suspects(self._ground, rule, self._places(STILL_LIMIT))
        self._last: Ns | None = None  # last fit picture
        self._since = Ns(0)  # watched without a break since

    def look(self, event: SceneSeen) -> Sample:
        """What this picture says of the zone."""
        at, view, rule = event.captured_at, event.view, self._rule
        low_light = view.luma < rule.low_light_luma
        reason = unfit(view, self._fit) or ("" if event.model_sha256 else "no_detector")
        if reason:
            return Sample(at, Finding.UNSEEN, reason, (), Permille(0), None, None, False, low_light)
        elapsed = self._elapsed(at)
        more = rule.low_light_score if low_light else 0
        boxes = [d for d in event.detections if d.role != "ignore" and area(to_box(d))]
        boxes.sort(key=lambda d: (-d.score, d.label, to_box(d)))
        around = self.surroundings.look(
            at, elapsed, [d for d in boxes if d.score >= rule.keep_score][:BOX_LIMIT], rule.enter_score + more
        )
        still = event.still if view.reference else ()
        asked = rule.stationary and rule.needs_change and view.reference
        changed = [still_box(one) for one in unexplained(still, around.vetoing, MOSTLY)]
        goods = self.goods.look(
            at,
            elapsed,
            [d for d in boxes if d.score >= rule.keep_score + more][:BOX_LIMIT],
            around,
            changed if asked else None,
            rule.enter_score + more,
        )
        named = [place.box for place in (*goods.counted, *goods.moving, *goods.unchanged)]
        followed = still if rule.suspects and not low_light else ()
        suspects, suspect_hidden = self.suspects.look(at, elapsed, followed, named, around)
        hidden = suspect_hidden or self._ground.covered(around.hiding) >= MOSTLY
        finding, reason = self._judge(at, goods, suspects, around, hidden=hidden)
        places = suspects if finding is Finding.SUSPECT else goods.counted
        return self._sample(at, finding, reason, places, around, low_light=low_light)

    def _judge(
        self, at: Ns, goods: Standing, suspects: list[Place], around: Around, *, hidden: bool
    ) -> tuple[Finding, str]:
        enough = self.goods.enough(goods.counted)
        settling = at - self._since < self._wait and (goods.moving or goods.unchanged)
        found = (
            (Finding.PRESENT, "", enough and around.complete),
            (Finding.UNSEEN, "hidden", goods.hidden),
            (Finding.SUSPECT, "", suspects),
            (Finding.UNSEEN, "hidden", hidden),
            (Finding.ABSENT, "requires", enough),
            (Finding.UNSEEN, "settling", settling),
            (Finding.ABSENT, "few", goods.counted),
            (Finding.ABSENT, "moving", goods.moving),
            (Finding.ABSENT, "in_reference", goods.unchanged),
        )
        return next(((finding, why) for finding, why, so in found if so), (Finding.ABSENT, ""))

    def _sample(
        self, at: Ns, finding: Finding, reason: str, places: list[Place], around: Around, *, low_light: bool
    ) -> Sample:
        feet = [footprint(place.box) for place in places]
        reach = self._measure.reach_mm(feet) if self._measure else None
        return Sample(
            at=at,
            finding=finding,
            reason=reason,
            items=tuple(self._item(place, suspect=finding is Finding.SUSPECT) for place in places),
            share=self._ground.covered(feet),
            area_cm2=self._measure.area_cm2(self._ground, feet) if self._measure else None,
            passable_mm=reach[1] if reach else None,
            unloading=around.unloading,
            low_light=low_light,
            protrusion_mm=reach[0] if reach else None,
        )

    def _item(self, place: Place, *, suspect: bool) -> EvidenceItem:
        strength = "strong" if self.goods.strong(place) else "weak"
        return EvidenceItem(
            self.goods.label(place),
            "suspect" if suspect else strength,
            place.best,
            place.first_at,
            place.last_at,
            place.samples,
            self._ground.share(footprint(place.box)),
            *(Permille(side) for side in place.box),
        )

    def _elapsed(self, at: Ns) -> Ns:
        """Since the last fit picture; a silence counts as much as is still called watching."""
        before, self._last = self._last, at if self._last is None else max(at, self._last)
        longest = Ns(self._fit.silence_ms * MS)
        if before is None or at - before > longest:
            self._since = at
        return Ns(0) if before is None else Ns(min(max(at - before, 0), longest))

    def _places(self, limit: int) -> Places:
        rule = self._rule
        return Places(
            Permille(rule.same_iou),
            Permille(rule.same_centre),
            self._settle,
            Permille(rule.candidate_share),
            limit,
        )
