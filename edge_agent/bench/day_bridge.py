"""The simulated day's bridge: a quiet road's traffic hour by hour, and every byte that its scale sends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from edge_agent.core.events import Event
from edge_agent.core.units import S
from edge_agent.demo.rendered import repository
from edge_agent.sim.errors import InstrumentErrors
from edge_agent.sim.events import events
from edge_agent.sim.scenario import Scenario, TrafficSettings, load_scenario
from edge_agent.sim.traffic import generate, shifted
from edge_agent.sim.world import Passage

# Vehicles in each hour of a workday on a posted bridge away from the main road, midnight first: 935 in all.
PER_HOUR = (
    6, 4, 3, 3, 6, 15, 40, 70, 80, 70, 60, 55,
    45, 50, 60, 65, 70, 75, 60, 40, 25, 18, 10, 5,
)  # fmt: skip
OVERWEIGHT_SHARE = 0.05  # of the kinds that can be
MIDNIGHT = datetime(2026, 6, 14, 16, tzinfo=UTC)  # Monday 2026-06-15, 00:00 in Beijing
HOUR_S = 3_600
CLEAR_S = 20  # an hour's first vehicle lets the hour before it end


class Bridge:
    """The road beside the box, from an hour of the local day on."""

    def __init__(self, seed: int, first_hour: int, seconds: float) -> None:
        self._seed = seed
        self.scenario = scenario_of(first_hour, seconds)
        self.passages = tuple(_passages(self.scenario, seed, first_hour))

    def events(self, software: str) -> Iterator[Event]:
        """Everything but the street: the start, clock, temperature, load-cell bytes, plate reads."""
        return events(self.scenario, self._seed, software, self.passages)


def scenario_of(first_hour: int, seconds: float) -> Scenario:
    """The demo's road and scale, whose zero drifts as it does."""
    demo = load_scenario(repository() / "configs" / "scenarios" / "demo.yaml")
    drifting = InstrumentErrors(noise_g=15_000, zero_g=40_000, zero_drift_g_per_h=5_000)
    began = MIDNIGHT + timedelta(hours=first_hour)
    return demo.model_copy(
        update={
            "name": "day",
            "duration_s": float(seconds),
            "start_utc": began.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "passages": (),
            "instruments": {
                name: instrument.model_copy(update={"errors": drifting})
                for name, instrument in demo.instruments.items()
            },
        }
    )


def _passages(scenario: Scenario, seed: int, first_hour: int) -> Iterator[Passage]:
    """Hours of traffic one after the other, each with its own density."""
    number = 0
    for begin in range(0, round(scenario.duration_s), HOUR_S):
        hour = first_hour + begin // HOUR_S
        traffic = TrafficSettings(
            vehicles_per_hour=PER_HOUR[hour % 24], from_s=CLEAR_S, overweight_share=OVERWEIGHT_SHARE
        )
        planned = scenario.model_copy(
            update={
                "duration_s": min(float(HOUR_S), scenario.duration_s - begin),
                "lanes": tuple(lane.model_copy(update={"traffic": traffic}) for lane in scenario.lanes),
            }
        )
        for passage in generate(planned, seed * 100 + hour):
            number += 1
            yield replace(shifted(passage, begin * S), id=number)
