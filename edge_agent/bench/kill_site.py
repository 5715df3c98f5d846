"""A site with far more overweight vehicles than any bridge has, for `bench kill --daemon`.

Eight lanes of lorries, each above the limit and each with a camera of its own that pushes plate and
picture: two statements a second, so that a daemon which lives for seconds still seals.
"""

from __future__ import annotations

from typing import Any

from edge_agent.config.loader import load
from edge_agent.config.settings import SiteConfig
from edge_agent.demo.rendered import repository
from edge_agent.demo.site import Places
from edge_agent.demo.stage import moved
from edge_agent.evidence.uplink.settings import BrokerSettings
from edge_agent.sim.scenario import Scenario

LANES = ("1", "2", "3", "4", "5", "6", "7", "8")
PORT = "wim"
PERIOD_NS = 1_000_000
PADS = (("pad-1", 0), ("pad-2", 2800))
PAD_MM = 800
DISTANCE_MM = 5_000
LIMIT_KG = 20_000
COUNTS_PER_KG = 200


def scenario(seconds: float) -> Scenario:
    """The traffic: lorries only, all of them overweight."""
    traffic = {
        "vehicles_per_hour": 1200,
        "min_gap_s": 1.0,
        "mix": {"truck2": 1, "truck3": 1, "truck4": 1},
        "overweight_share": 1.0,
        "overweight_kg": (22_000, 40_000),
        "speeds": {"mean_kmh": 32, "sd_kmh": 1, "low_kmh": 28, "high_kmh": 34},
    }
    lanes = [
        {
            "id": lane,
            "centre_mm": 3_500 * number,
            "port": PORT,
            "sensors": _sensors(number),
            "loop": {"position_mm": 1400, "length_mm": 4000, "bit": number},
            "traffic": traffic,
        }
        for number, lane in enumerate(LANES)
    ]
    camera = {"distance_mm": DISTANCE_MM, "miss_share": 0, "misread_share": 0, "lane_error_share": 0}
    return Scenario.model_validate(
        {
            "name": "overweight lorries only",
            "duration_s": seconds,
            "posted_limit_kg": LIMIT_KG,
            "lanes": lanes,
            "instruments": {
                PORT: {
                    "protocol": {"kind": "adc", "channels": len(LANES) * len(PADS), "period_ns": PERIOD_NS},
                    "errors": {"counts_per_kg": COUNTS_PER_KG},
                }
            },
            "cameras": {_camera(lane): {**camera, "lanes": (lane,)} for lane in LANES},
        }
    )


def site(places: Places, device: str, http_port: int, broker: BrokerSettings) -> SiteConfig:
    """`configs/bridge.yaml` with those lanes and cameras, and this run's addresses and folders."""
    bridge = load(repository() / "configs" / "bridge.yaml")
    tree = bridge.model_dump(mode="json", by_alias=True)
    lane, camera = tree["lanes"]["1"], tree["cameras"]["cam1"]
    return moved(
        bridge,
        {
            ("ports", PORT, "device"): device,
            ("ports", PORT, "protocol", "channels"): len(LANES) * len(PADS),
            ("lanes",): {name: _lane(lane, number, name) for number, name in enumerate(LANES)},
            ("cameras",): {_camera(name): _lane_camera(camera, name) for name in LANES},
            ("detector",): None,
            ("console",): None,
            ("anpr",): {
                "port": http_port,
                "cameras": {_camera(name): {"protocol": "json", "auth": "none"} for name in LANES},
            },
            ("evidence", "key_file"): str(places.root / "box" / "evidence.pem"),
            ("evidence", "store", "directory"): str(places.root / "box" / "evidence"),
            # As in the field, but less patient.
            ("uplink",): {
                "mqtt": broker.model_dump(mode="json"),
                "receipt_keys_file": str(places.receipt_public),
                "resend_min_s": 1.0,
                "resend_max_s": 8.0,
                "head_interval_s": 30.0,
                "will_delay_s": 0,
            },
            ("journal", "dir"): str(places.root / "journal"),
        },
    )


def _camera(lane: str) -> str:
    return f"cam{lane}"


def _sensors(number: int) -> list[dict[str, Any]]:
    """The two pads of a lane, one channel each."""
    return [
        {
            "id": name,
            "position_mm": position_mm,
            "length_mm": PAD_MM,
            "channels": [
                {"index": number * len(PADS) + k, "side": "both", "grams_num": 1000 // COUNTS_PER_KG}
            ],
        }
        for k, (name, position_mm) in enumerate(PADS)
    ]


def _lane(like: dict[str, Any], number: int, name: str) -> dict[str, Any]:
    scale = like["scale"] | {"sensors": _sensors(number), "separator": {"bit": number}}
    scale["zero"] = like["scale"]["zero"] | {"warm_up_s": 0}  # the simulated cells are warm
    return like | {"scale": scale, "camera": _camera(name)}


def _lane_camera(like: dict[str, Any], lane: str) -> dict[str, Any]:
    match = like["match"] | {"lanes": [{"lane": lane, "distance_mm": DISTANCE_MM}]}
    return like | {"match": match, "video": None, "pictures": False}
