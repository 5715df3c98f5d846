"""A running box before a drawn street and a lane; its configuration has remarks, a reference is accepted."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_agent.commanded import ConfigKeeper
from edge_agent.compose import Agent
from edge_agent.config.edit import with_value, without
from edge_agent.console.accounts import TECHNICIAN, VIEW, UsersFile
from edge_agent.console.places import users_file
from edge_agent.core.units import S
from edge_agent.demo.street import CAMERA
from edge_agent.devices.camera.stills import to_jpeg
from edge_agent.devices.scene.bank import ReferenceBank
from edge_agent.sim.street import StreetDay
from edge_agent.sim.street.clip import write_clip
from edge_agent.sim.street.scene import StreetScene
from tests.console.site import PASSWORD, TECH, VIEWER, Served, a_line, wait
from tests.test_compose import POSTED

ROOT = Path(__file__).parents[2]
SIZE = (960, 540)
SCENE = StreetScene(width=SIZE[0], height=SIZE[1])
DAY = StreetDay(SCENE, (), 1 * S)
LANE = "1"


@dataclass(frozen=True)
class StreetBox:
    """What a test asks."""

    served: Served
    config: Path
    references: Path
    at_first: str  # the configuration's text

    def __post_init__(self):
        assert self.config.read_text("utf-8") == self.at_first

    @property
    def base(self):
        return self.served.base

    def action(self, kind, holding=""):
        """The newest of a kind whose detail holds this, out of the chain; waits for it."""
        reading = self.served.agent.store.reading()
        found = []

        def sealed():
            whole = [reading.statement(one.seq) for one in reading.statements("operator_action")]
            records = [json.loads(one.payload)["record"] for one in whole]
            found[:] = [one for one in records if one["action"] == kind and holding in one["detail"]]
            return found

        wait(sealed)
        return found[0]

    def as_it_was(self):
        """The configuration and no files of before."""
        self.config.write_text(self.at_first, "utf-8")
        for old in self.config.parent.glob("site.yaml.before-*"):
            old.unlink()


def written(folder, device, *, detector=False):
    """configs/storefront.yaml with a lane beside it, changed as a technician changes it: line by line."""
    text = (ROOT / "configs" / "storefront.yaml").read_text("utf-8")
    video = {"url": "street.mkv", "loop": True}
    model = {"model": str(ROOT / "models" / "street-synthetic.onnx"), "min_score": 0.25}
    for loc, value in {
        ("street", "cameras", CAMERA, "video"): video,
        ("street", "references_dir"): "references",
        ("street", "detector"): model,
        ("ports",): {"wim": {"device": device, "protocol": {"kind": "wim_json", "lanes": {"1": LANE}}}},
        ("lanes",): {
            LANE: {
                "port": "wim",
                "camera": "cam1",
                "scale": {"calibration": {"id": "test"}},
                "limits": {"posted": POSTED},
            }
        },
        ("cameras",): {"cam1": {"match": {"lanes": [{"lane": LANE, "distance_mm": 5000}]}, "video": video}},
        ("anpr",): {"port": 0, "cameras": {"cam1": {"protocol": "json", "auth": "none"}}},
        ("evidence",): {"key_file": "keys/evidence.pem", "store": {"directory": "box/evidence"}},
        ("journal",): {"dir": "journal"},
        ("clock",): {"source": "none"},
        ("console",): {"port": 0},
    }.items():
        text = with_value(text, loc, value)
    text = without(text, ("uplink",))
    text = text if detector else without(text, ("street", "detector"))
    path = folder / "site.yaml"
    path.write_text(text, "utf-8")
    return path


@contextmanager
def a_street_box(folder, *, detector=False):
    """It runs until the test is over."""
    write_clip(folder / "street.mkv", SCENE, DAY, 0, DAY.length_ns, 2, SIZE, gop=1)
    bank = ReferenceBank(folder / "references", CAMERA)
    _, image = DAY.references()[0]
    bank.accept(to_jpeg(image, 95), "day-dry", by=TECH, at_utc="2026-11-30T08:00:00Z", origin="rendered")
    with a_line() as (ours, device):
        path = written(folder, device, detector=detector)
        keeper = ConfigKeeper(path)
        chosen = keeper.effective()
        users = UsersFile(users_file(chosen.config))
        users.add(TECH, TECHNICIAN, PASSWORD)
        users.add(VIEWER, VIEW, PASSWORD)
        served = Served(Agent(chosen.config, keeper=keeper, chosen=chosen), ours).start()
        try:
            yield StreetBox(served, path, folder / "references", path.read_text("utf-8"))
        finally:
            served.stop()
            shutil.rmtree(folder / "journal", ignore_errors=True)
